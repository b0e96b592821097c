"""Photos: evidence of the watch at a stage. From the bot the file follows later (its id first)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks
from receipts.events.facts import CommentAdded, PhotoAdded, PhotoVoided
from receipts.models import Photo
from receipts.services import images
from receipts.services.base import ensure_can, open_receipt, write
from receipts.states import Status
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import REASON_LENGTH, clip, require_text

STAGE_OF: Final = {
    Status.RECEIVED: Photo.Stage.INTAKE,
    Status.QUALITY_CONTROL: Photo.Stage.QC,
    Status.READY: Photo.Stage.ISSUE,
    Status.REFUSED: Photo.Stage.ISSUE,
}


@verb("receipt.add_photo", "receipts.Photo")
def add_photo(
    *,
    receipt_id: int,
    picture: images.Picture | None = None,
    source: str = "",
    stage: str = "",
    album: str = "",
    remark: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Photo]:
    """Attach a photo: an encoded ``picture`` at once, or ``source`` (a file id) to load later.

    The stage follows from the status unless given; ``remark`` becomes a comment; pictures of one
    ``album`` are undone together. Raises RuleViolation ``photos.nothing``, ``text.too_long``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "photo", actor)
    ensure_can(receipt, "photo", None)
    if picture is None and not source:
        raise RuleViolation("photos.nothing", _("There is no picture."), field="photo")
    if stage and stage not in Photo.Stage.values:
        raise NotFound(
            "receipts.unknown_choice", _("This choice does not exist any more."), field="stage"
        )
    row = Photo(
        receipt=receipt,
        stage=stage or STAGE_OF.get(Status(receipt.status), Photo.Stage.WORK),
        source=source,
        taken_by_id=actor.employee_id,
        taken_at=run.at,
    )
    if picture is not None:
        _store(row, picture)
    row.save(force_insert=True)
    if remark:
        write(run, receipt, CommentAdded(text=require_text(remark, field="comment")))
    write(run, receipt, PhotoAdded(photo_id=row.pk, stage=row.stage, album=album))
    return Outcome(row)


def _store(row: Photo, picture: images.Picture) -> None:
    name = f"{secrets.token_hex(16)}.jpg"
    row.file.save(name, ContentFile(picture.content), save=False)
    row.content_hash = picture.digest
    row.width, row.height = picture.width, picture.height
    row.state, row.error = Photo.State.READY, ""


def complete_photo(*, photo_id: int, content: bytes) -> Photo:
    """Give a photo that waits for its file the bytes; a picture that is none marks it failed.

    Technical, not a change of the workshop's facts (the photo was recorded when it was sent):
    no event. Repeating it on a photo that is ready changes nothing.
    """
    try:
        picture = images.re_encode(content)
    except RuleViolation as error:
        return fail_photo(photo_id=photo_id, error=error.code)
    with transaction.atomic():
        row = locks.photo(photo_id)
        if row.state != Photo.State.READY and not row.is_void:
            _store(row, picture)
            row.save()
    return row


def fail_photo(*, photo_id: int, error: str) -> Photo:
    """The file could not be loaded: the door offers to try again."""
    with transaction.atomic():
        row = locks.photo(photo_id)
        if row.state != Photo.State.READY:
            row.state, row.error = Photo.State.FAILED, clip(error, 200)
            row.save(update_fields=["state", "error"])
    return row


def load_photo_again(*, photo_id: int) -> Photo:
    """A failed photo waits for its file once more. Technical, like :func:`complete_photo`."""
    with transaction.atomic():
        row = locks.photo(photo_id)
        if row.state == Photo.State.FAILED and row.source and not row.is_void:
            row.state, row.error = Photo.State.PENDING, ""
            row.save(update_fields=["state", "error"])
    return row


@verb("receipt.void_photo", "receipts.Photo")
def void_photo(
    *,
    photo_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Photo]:
    """Void a photo: the file goes, the row with its hash stays.

    Raises NotFound ``photos.no_such_photo``, RuleViolation ``receipts.already_void``.
    """
    run = Run.of(actor, command, at)
    known = Photo.objects.filter(pk=photo_id).values_list("receipt_id", flat=True).first()
    if known is None:
        raise NotFound("photos.no_such_photo", _("There is no such photo."), field="photo")
    receipt = open_receipt(known, "void_photo", actor)
    row = locks.photo(photo_id)
    if row.is_void:
        raise RuleViolation(
            "receipts.already_void", _("This record is already void."), field="photo"
        )
    name = row.file.name
    row.voided_at = run.at
    row.void_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row.file = ""
    row.save(update_fields=["voided_at", "void_reason", "file"])
    payload = PhotoVoided(photo_id=row.pk, reason=row.void_reason, content_hash=row.content_hash)
    write(run, receipt, payload)
    if name:
        transaction.on_commit(lambda: default_storage.delete(name))
    return Outcome(row)
