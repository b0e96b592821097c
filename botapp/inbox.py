"""The durable inbox: updates are stored before they are confirmed, chats are claimed by workers.

All times of claims are the database's, so that machines with different clocks agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, Min, Q, Window
from django.db.models.functions import Now, RowNumber

from botapp.models import InboundChat, InboundUpdate
from botapp.transport.port import Arrived
from workshop.lib import clock

LEASE: Final = timedelta(seconds=15)
ATTEMPTS: Final = 3
BACKOFF: Final = (timedelta(seconds=1), timedelta(seconds=5))
ROWS: Final = 50  # of one chat at a time


class ClaimLost(Exception):
    """Another worker has taken the chat over: whatever was done here must be rolled back."""


def store(bot_id: int, batch: Sequence[Arrived]) -> None:
    """Keep a batch. Known update ids are ignored: the same batch may come again."""
    now = clock.now()
    rows = [
        InboundUpdate(
            bot_id=bot_id,
            update_id=one.update_id,
            chat_id=one.chat_id,
            person_id=one.person_id,
            raw=one.raw,
            received_at=now,
            next_attempt_at=now,
        )
        for one in batch
    ]
    chats = [InboundChat(chat_id=chat_id) for chat_id in sorted({one.chat_id for one in batch})]
    with transaction.atomic():
        InboundUpdate.objects.bulk_create(rows, ignore_conflicts=True)
        InboundChat.objects.bulk_create(chats, ignore_conflicts=True)


def claim(owner: str, token: str, *, limit: int = 100) -> list[int]:
    """Take chats that wait and that nobody holds; their ids. ``token`` is new for each call."""
    free = InboundChat.objects.filter(_free())
    waiting = (
        InboundUpdate.objects.filter(
            state=InboundUpdate.NEW,
            next_attempt_at__lte=clock.now(),
            chat_id__in=free.values("chat_id"),
        )
        .values("chat_id")
        .annotate(first=Min("update_id"))
        .order_by("first")
    )
    return take([row["chat_id"] for row in waiting[:limit]], owner, token)


def take(chat_ids: Iterable[int], owner: str, token: str) -> list[int]:
    """Take those of the chats that are free."""
    wanted = list(chat_ids)
    if not wanted:
        return []
    InboundChat.objects.filter(_free(), chat_id__in=wanted).update(
        owner=owner, token=token, lease_until=Now() + LEASE
    )
    return list(InboundChat.objects.filter(token=token).values_list("chat_id", flat=True))


def _free() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def renew(chat_ids: Iterable[int], token: str) -> int:
    """Hold the chats for another term; how many are still ours."""
    held = InboundChat.objects.filter(chat_id__in=list(chat_ids), token=token)
    return held.update(lease_until=Now() + LEASE)


def release(chat_id: int, token: str) -> None:
    """Let go of a chat at once."""
    InboundChat.objects.filter(chat_id=chat_id, token=token).update(
        owner="", token="", lease_until=None
    )


def release_all(claims: Iterable[tuple[int, str]]) -> None:
    """Let go of several (chat, token) at once."""
    chats, tokens = zip(*claims, strict=True)
    InboundChat.objects.filter(chat_id__in=chats, token__in=set(tokens)).update(
        owner="", token="", lease_until=None
    )


def rows_of(chat_id: int) -> list[InboundUpdate]:
    """The chat's waiting rows in order; empty while the first one waits for its next attempt."""
    return rows_of_all([chat_id])[chat_id]


def rows_of_all(chat_ids: Sequence[int]) -> dict[int, list[InboundUpdate]]:
    """The waiting rows of several chats, at most ``ROWS`` of each, in one query."""
    found: dict[int, list[InboundUpdate]] = {chat_id: [] for chat_id in chat_ids}
    if not chat_ids:
        return found
    numbered = Window(RowNumber(), "chat_id", ["update_id", "pk"])
    waiting = InboundUpdate.objects.filter(chat_id__in=chat_ids, state=InboundUpdate.NEW)
    for row in waiting.annotate(place=numbered).filter(place__lte=ROWS).order_by("place"):
        found[row.chat_id].append(row)
    now = clock.now()
    for chat_id, rows in found.items():
        if rows and rows[0].next_attempt_at > now:
            _postpone(chat_id, rows[0])
            rows.clear()
    return found


def _postpone(chat_id: int, first: InboundUpdate) -> None:
    """Later rows wait for the failing one, so that the chat is not claimed in vain."""
    InboundUpdate.objects.filter(
        chat_id=chat_id, state=InboundUpdate.NEW, next_attempt_at__lt=first.next_attempt_at
    ).update(next_attempt_at=first.next_attempt_at)


def finish(row: InboundUpdate, token: str, *, state: str = InboundUpdate.DONE) -> None:
    """The last statement of a step: mark the row while the claim still holds, else ClaimLost."""
    held = InboundChat.objects.filter(chat_id=row.chat_id, token=token)
    marked = InboundUpdate.objects.filter(Exists(held), pk=row.pk, state=InboundUpdate.NEW).update(
        state=state, done_at=clock.now()
    )
    if not marked:
        raise ClaimLost(row.pk)


def record_failure(row: InboundUpdate, error: Exception) -> bool:
    """Count a failed attempt; True when it was the last one."""
    row.attempts += 1
    if row.attempts >= ATTEMPTS:
        return True
    wait = BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    row.next_attempt_at = clock.now() + wait
    InboundUpdate.objects.filter(pk=row.pk, state=InboundUpdate.NEW).update(
        attempts=F("attempts") + 1,
        next_attempt_at=row.next_attempt_at,
        error=type(error).__name__,
    )
    _postpone(row.chat_id, row)
    return False
