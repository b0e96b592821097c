"""The backup of each night and its weekly trial, told in the history whichever way they end."""

from __future__ import annotations

import time
from datetime import datetime

from django.conf import settings

from history.backups import checking, making, rotation
from history.backups.errors import BackupError
from history.backups.events import STREAM, BackupChecked, BackupFailed, BackupMade
from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from history.registry import Payload
from workshop.lib.actor import Actor


@verb("history.note_backup", "history.Event")
def note(
    *, payload: Payload, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Event]:
    """Write what became of a backup into the history."""
    run = Run.of(actor, command, at)
    return Outcome(run.record(STREAM, payload))


def back_up(*, actor: Actor, at: datetime) -> making.Made:
    """Make a backup and remove the ones that are not kept any more.

    Raises BackupError; the failure is in the history then, and people are told of it.
    """
    began = time.monotonic()
    try:
        made = making.make(at=at)
        rotation.rotate(settings.BACKUP_DIR, at=at)
    except (BackupError, OSError) as error:
        note(payload=BackupFailed(reason=_reason(error)), actor=actor)
        raise BackupError(_reason(error)) from error
    note(
        payload=BackupMade(
            name=made.path.name,
            size=made.size,
            rows=made.rows,
            photos=len(made.manifest.photos),
            seconds=round(time.monotonic() - began),
            encrypted=bool(settings.BACKUP_RECIPIENT),
        ),
        actor=actor,
    )
    return made


def try_out(*, actor: Actor) -> str:
    """Restore the newest backup into a scratch place; its name. Raises BackupError as above."""
    began = time.monotonic()
    try:
        path = checking.check()
    except (BackupError, OSError) as error:
        note(payload=BackupFailed(reason=_reason(error), trial=True), actor=actor)
        raise BackupError(_reason(error)) from error
    seconds = round(time.monotonic() - began)
    note(payload=BackupChecked(name=path.name, seconds=seconds), actor=actor)
    return path.name


def _reason(error: Exception) -> str:
    """Of an error of the disk what the system says, without the path."""
    text = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
    return text[:400]
