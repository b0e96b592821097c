"""Row locks of the ground floor. SQLite has none: there BEGIN IMMEDIATE serialises writers."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.models import Job, Stream
from workshop.lib.compiled import Rows
from workshop.lib.errors import NotFound

_stream: Rows[Stream] = Rows(
    lambda slot: Stream.objects.select_for_update().filter(name=slot("name"))
)


def stream(name: str) -> Stream:
    """The locked head of a stream, made on first use. Two makers at once get the same row."""
    head = _stream.first(name=name)
    if head is not None:
        return head
    try:
        with transaction.atomic():
            head = Stream.objects.create(name=name)
    except IntegrityError:
        head = Stream.objects.select_for_update().get(name=name)
    return head


def job(job_id: int) -> Job:
    """The locked row of a job; NotFound ``job.unknown``."""
    row: Job | None = Job.objects.select_for_update().filter(pk=job_id).first()
    if row is None:
        raise NotFound("job.unknown", _("There is no such job."))
    return row
