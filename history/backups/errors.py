"""What a backup may end with, in words for whoever runs the workshop."""

from __future__ import annotations


class BackupError(Exception):
    """It could not be made or brought back. The text holds no secret and no data of people."""


class Refused(BackupError):
    """The file cannot be trusted or does not belong here. Nothing was changed."""
