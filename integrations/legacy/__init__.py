"""Carrying over the earlier platform's database (``manage.py import_legacy``, docs/legacy.md).

``source`` reads it, ``stories`` puts the rows of one receipt together, ``telling`` tells them to a
draft of the bulk writer, ``people`` brings the staff, ``importing`` goes through it all in chunks,
``report`` counts both sides. The rule of the whole: *rows are facts, events say when and by whom*.
"""
