"""Row locks of the ground floor. SQLite has none: there BEGIN IMMEDIATE serialises writers."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from history.models import Stream


def stream(name: str) -> Stream:
    """The locked head of a stream, made on first use. Two makers at once get the same row."""
    head: Stream | None = Stream.objects.select_for_update().filter(name=name).first()
    if head is not None:
        return head
    try:
        with transaction.atomic():
            head = Stream.objects.create(name=name)
    except IntegrityError:
        head = Stream.objects.select_for_update().get(name=name)
    return head
