"""Backups of the whole workshop: made, kept in turn, looked at by restoring them.

`making.py` writes one, `restoring.py` brings one back into an empty place, `checking.py` does that
into a scratch place every week, `nightly.py` tells how it went. `archive.py` is the file,
`dumps.py` the two databases, `sealing.py` the encryption, `rotation.py` which of the old ones stay.
"""
