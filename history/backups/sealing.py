"""Encryption of a backup, as the age file format has it (age-encryption.org/v1).

Who makes backups needs the public key only (``BACKUP_RECIPIENT``, ``age1…``); bringing one back
takes the secret one (``BACKUP_IDENTITY``, ``AGE-SECRET-KEY-1…``). The tool `age` opens them, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyrage
from django.conf import settings

from history.backups.errors import BackupError, Refused

SUFFIX: Final = ".age"
_MARK: Final = b"age-encryption.org/v1"


def new_keys() -> tuple[str, str]:
    """A fresh pair: public, secret."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity.to_public()), str(identity)


def is_sealed(path: Path) -> bool:
    """By its first bytes: a name may have been changed."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def seal(plain: Path, sealed: Path, recipient: str) -> None:
    """Encrypt ``plain`` for whoever holds the secret key of ``recipient``."""
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BackupError("BACKUP_RECIPIENT is no age public key (age1…).") from error
    with plain.open("rb") as reader, sealed.open("wb") as writer:
        pyrage.encrypt_io(reader, writer, [key])


def unseal(sealed: Path, plain: Path) -> None:
    """Decrypt. Refused without the right key, and when a single bit was changed."""
    text = settings.BACKUP_IDENTITY
    if not text:
        raise Refused("The backup is encrypted: set BACKUP_IDENTITY to its secret key.")
    try:
        key = pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError as error:
        raise Refused("BACKUP_IDENTITY is no age secret key (AGE-SECRET-KEY-1…).") from error
    try:
        with sealed.open("rb") as reader, plain.open("wb") as writer:
            pyrage.decrypt_io(reader, writer, [key])
    except pyrage.DecryptError as error:
        raise Refused("The backup cannot be decrypted: another key, or it is damaged.") from error
    except OSError as error:
        if error.errno is not None:  # the disk, not the file
            raise
        raise Refused("The backup is damaged: its encrypted content was changed.") from error
