"""The durable inbox: updates are stored before they are confirmed, chats are claimed by workers.

All times of claims are the database's, so that machines with different clocks agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, Min, Q, QuerySet, Window
from django.db.models.functions import Now, RowNumber

from botapp.models import InboundChat, InboundUpdate
from botapp.transport.port import Arrived
from workshop.lib import clock
from workshop.lib.compiled import Change, Columns, Insertion, Rows
from workshop.lib.process import is_gone

# The chats of a killed process are served again within 15 s: with the first look after this.
LEASE: Final = timedelta(seconds=10)
ATTEMPTS: Final = 3
BACKOFF: Final = (timedelta(seconds=1), timedelta(seconds=5))
ROWS: Final = 50  # of one chat at a time
CLAIMED: Final = 100  # chats at a time


# --- the statements of every round and every step ---------------------------------------------


def _free() -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def _held() -> QuerySet[InboundChat]:
    return InboundChat.objects.filter(token__gt="")


_updates = Insertion(InboundUpdate)
_chats = Insertion(InboundChat)
_waiting = Columns(
    lambda slot: (
        InboundUpdate.objects.filter(
            state=InboundUpdate.NEW,
            next_attempt_at__lte=slot("now", InboundUpdate._meta.get_field("next_attempt_at")),
            chat_id__in=InboundChat.objects.filter(_free()).values("chat_id"),
        )
        .values("chat_id")
        .annotate(first=Min("update_id"))
        .order_by("first")
        .values_list("chat_id", "first")[:CLAIMED]
    )
)
_take = Change(
    lambda slot: (
        InboundChat.objects.filter(_free(), chat_id__in=slot.each("chats")),
        {"owner": slot("owner"), "token": slot("token"), "lease_until": Now() + LEASE},
    )
)
_taken = Columns(
    lambda slot: InboundChat.objects.filter(token=slot("token")).values_list("chat_id")
)
_owners = Columns(lambda slot: _held().values_list("owner").distinct())
_renew = Change(
    lambda slot: (
        InboundChat.objects.filter(chat_id__in=slot.each("chats"), token=slot("token")),
        {"lease_until": Now() + LEASE},
    )
)
_release = Change(
    lambda slot: (
        InboundChat.objects.filter(chat_id__in=slot.each("chats"), token__in=slot.each("tokens")),
        {"owner": "", "token": "", "lease_until": None},
    )
)
_rows: Rows[InboundUpdate] = Rows(
    lambda slot: (
        InboundUpdate.objects.filter(chat_id__in=slot.each("chats"), state=InboundUpdate.NEW)
        .annotate(place=Window(RowNumber(), "chat_id", ["update_id", "pk"]))
        .filter(place__lte=ROWS)
        .order_by("place")
    )
)
_mark = Change(
    lambda slot: (
        InboundUpdate.objects.filter(
            Exists(InboundChat.objects.filter(chat_id=slot("chat"), token=slot("token"))),
            pk=slot("pk"),
            state=InboundUpdate.NEW,
        ),
        {"state": slot("state"), "done_at": slot("done_at")},
    )
)


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
        _updates.save_new(rows)
        _chats.save_new(chats)


def claim(owner: str, token: str, *, limit: int = CLAIMED) -> list[int]:
    """Take chats that wait and that nobody holds; their ids. ``token`` is new for each call."""
    waiting = _waiting.all(now=clock.now())
    return take([chat_id for chat_id, _first in waiting[:limit]], owner, token)


def take(chat_ids: Iterable[int], owner: str, token: str) -> list[int]:
    """Take those of the chats that are free."""
    wanted = list(chat_ids)
    if not wanted:
        return []
    _take.run(chats=tuple(wanted), owner=owner, token=token)
    return [chat_id for (chat_id,) in _taken.all(token=token)]


def renew(chat_ids: Iterable[int], token: str) -> int:
    """Hold the chats for another term; how many are still ours."""
    held = tuple(chat_ids)
    return _renew.run(chats=held, token=token) if held else 0


def release(chat_id: int, token: str) -> None:
    """Let go of a chat at once."""
    _release.run(chats=(chat_id,), tokens=(token,))


def release_all(claims: Iterable[tuple[int, str]]) -> None:
    """Let go of several (chat, token) at once."""
    chats, tokens = zip(*claims, strict=True)
    _release.run(chats=tuple(chats), tokens=tuple(set(tokens)))


def release_gone() -> None:
    """Let go of what processes held that were killed on this machine: nobody waits for them."""
    gone = [name for (name,) in _owners.all() if is_gone(name)]
    if gone:
        _held().filter(owner__in=gone).update(owner="", token="", lease_until=None)


def rows_of(chat_id: int) -> list[InboundUpdate]:
    """The chat's waiting rows in order; empty while the first one waits for its next attempt."""
    return rows_of_all([chat_id])[chat_id]


def rows_of_all(chat_ids: Sequence[int]) -> dict[int, list[InboundUpdate]]:
    """The waiting rows of several chats, at most ``ROWS`` of each, in one query."""
    found: dict[int, list[InboundUpdate]] = {chat_id: [] for chat_id in chat_ids}
    if not chat_ids:
        return found
    for row in _rows.all(chats=tuple(chat_ids)):
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
    marked = _mark.run(pk=row.pk, chat=row.chat_id, token=token, state=state, done_at=clock.now())
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
