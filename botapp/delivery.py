"""The delivery of notices: claim a row, send it outside any transaction, record it.

One process at a time does it, under a lease, and claims a row only when it can be sent right now,
at most one per chat. So a claim that a crash left behind is a message that may have arrived: it is
sent again, marked as a possible duplicate.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, Now, RowNumber
from django.utils import translation
from django.utils.translation import gettext as _

from botapp import notices, reach, reasons
from botapp.dialogs import i, lines
from botapp.models import Dialog, OutgoingMessage
from botapp.transport.port import (
    Message,
    MessageGone,
    Refused,
    RetryLater,
    Transport,
    TransportError,
    Unreachable,
)
from workshop.lib import clock, tracing
from workshop.lib.actor import BOT
from workshop.lib.compiled import Change, Columns, Rows
from workshop.lib.correlation import caused_by

LEASE: Final = timedelta(seconds=12)  # renewed while a call goes on; taken over within 15 s
BATCH: Final = 100
BACKOFF: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
# Of the network: the loop itself asks ever more rarely while nothing answers, and what waited for
# the end of an outage must come soon after it.
NETWORK_BACKOFF: Final = tuple(timedelta(seconds=s) for s in (5, 15, 30, 60))
ATTEMPTS: Final = 50
GIVE_UP: Final = timedelta(days=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """A recipient with something to send. ``chat_id`` None: it ends without a call."""

    pk: int  # of the row that comes first
    recipient: str
    chat_id: int | None


@dataclass(frozen=True)
class Ready:
    """A claimed row that can be sent."""

    row: OutgoingMessage
    chat_id: int
    message: Message

    def cause(self) -> AbstractContextManager[None]:
        """The lines of the block belong to what the notice is about."""
        row = self.row
        cause = getattr(row, "correlation_id", "")  # of the event, read with the claim
        return caused_by(cause, channel=BOT, template=row.template, notice_id=row.pk)


@dataclass(frozen=True)
class Result:
    """What came of it: a message id, a wait, or the reason why it is useless."""

    ready: Ready
    message_id: int | None = None
    retry: timedelta | None = None
    reason: str = ""
    unreachable: bool = False
    counted: bool = True  # as an attempt
    uncertain: bool = False  # it may have arrived


def _lapsed() -> Q:
    return Q(state=OutgoingMessage.CLAIMED, lease_until__lt=Now())


def _free() -> Q:
    """Nobody is sending it."""
    return Q(state__in=[OutgoingMessage.WAITING, OutgoingMessage.FAILED]) | _lapsed()


def _firsts(now: datetime) -> QuerySet[Any]:
    """The due row of each recipient that comes first; a retried one keeps its place."""
    order = [Coalesce("planned_at", "due_at").asc(), F("pk").asc()]
    return OutgoingMessage.objects.filter(_free(), due_at__lte=now).annotate(
        place=Window(RowNumber(), partition_by="recipient", order_by=order)
    )


_anything = Columns(
    lambda slot: OutgoingMessage.objects.filter(
        _free(), due_at__lte=slot("now", OutgoingMessage._meta.get_field("due_at"))
    ).values_list("pk")[:1]
)


def due(*, skip: Collection[str] = (), limit: int = BATCH) -> list[Due]:
    """Recipients with due rows, the longest waiting first, without those in ``skip``."""
    now = clock.now()
    if not _anything.all(now=now):  # the loop asks every second, mostly in vain
        return []
    rows = _firsts(now).exclude(recipient__in=skip).filter(place=1)
    found = []
    for row in rows.select_related("employee__unreachable").order_by("due_at", "pk")[:limit]:
        chat_id = row.chat_id
        if row.employee is not None:
            chat_id = None if reach.barred(row.employee) else row.employee.telegram_id
        found.append(Due(row.pk, row.recipient, chat_id))
    return found


def claim(
    token: str, *, limit: int = BATCH, recipients: Collection[str] | None = None
) -> list[Ready]:
    """Take the first due row of each recipient (of these, or of all) and render it.

    Rows nobody can get any more end here, and the next ones are looked at.
    """
    while True:
        rows = _firsts(clock.now())
        if recipients is not None:
            rows = rows.filter(recipient__in=recipients)
        first = rows.filter(place=1).order_by("due_at", "pk")
        ids = list(first.values_list("pk", flat=True)[:limit])
        if not ids:
            return []
        ready = _take(ids, token)
        if ready:
            return ready


def claim_next(token: str, one: Due) -> Ready | None:
    """The row that was looked up, or the next one of this recipient when that is settled."""
    ready = _take([one.pk], token) or claim(token, limit=1, recipients=[one.recipient])
    return ready[0] if ready else None


_claiming = Change(
    lambda slot: (
        OutgoingMessage.objects.filter(_free(), pk__in=slot.each("pks")),
        {
            # Somebody was sending it and is gone.
            "possible_duplicate": Case(
                When(_lapsed(), then=Value(True)), default=F("possible_duplicate")
            ),
            "state": OutgoingMessage.CLAIMED,
            "token": slot("token"),
            "lease_until": Now() + LEASE,
            "tried_at": slot("now"),
        },
    )
)
_claimed = Rows(
    lambda slot: (
        OutgoingMessage.objects.filter(
            pk__in=slot.each("pks"), token=slot("token"), state=OutgoingMessage.CLAIMED
        )
        .select_related("employee__unreachable")
        .annotate(correlation_id=F("event__correlation_id"))
        .order_by("due_at", "pk")
    )
)


def _take(ids: Sequence[int], token: str) -> list[Ready]:
    """Those of the rows that are free still and can be sent."""
    pks = tuple(ids)
    if not _claiming.run(pks=pks, token=token, now=clock.now()):
        return []
    rows = _claimed.all(pks=pks, token=token)
    return [one for row in rows if (one := _prepare(row)) is not None]


def renew(tokens: Iterable[str]) -> None:
    """Hold on to what is being sent still."""
    held = OutgoingMessage.objects.filter(state=OutgoingMessage.CLAIMED, token__in=list(tokens))
    held.update(lease_until=Now() + LEASE)


def _prepare(row: OutgoingMessage) -> Ready | None:
    """Recipients are those who are active when it is sent; the text is made now."""
    reason = _useless(row)
    if reason:
        _end(row, reason)
        return None
    chat_id = row.employee.telegram_id if row.employee else row.chat_id
    try:
        message = _rendered(row)
    except Exception as error:  # a bug of one template must not hold up the others
        logger.exception("a notice cannot be made", extra={"template": row.template})
        _later(row, _backoff(row.attempts), type(error).__name__)
        return None
    if message is None or chat_id is None:
        _end(row, reasons.OUT_OF_DATE if message is None else reasons.NOBODY)
        return None
    return Ready(row, chat_id, message)


def _useless(row: OutgoingMessage) -> str:
    """Why nothing is sent to this recipient; empty when it may be."""
    person = row.employee
    if person is None:
        return ""
    if not person.active:
        return reasons.LEFT
    if person.telegram_id is None:
        return reasons.NO_ACCOUNT
    if notices.is_muted(row.template, person):
        return reasons.MUTED
    mark = reach.barred(person)
    return f"{reasons.UNREACHABLE}{mark.reason}" if mark else ""


def _rendered(row: OutgoingMessage) -> Message | None:
    """In the recipient's language. What may come a second time says so."""
    with translation.override(row.employee.language if row.employee else settings.LANGUAGE_CODE):
        notice = notices.render(row.template, row.params, row.employee)
        if notice is None:
            return None
        if row.possible_duplicate:
            again = i(_("Possibly a repeat: there was an interruption while this was sent."))
            notice = replace(notice, text=lines(notice.text, "", again))
        return notice.message()


def _end(row: OutgoingMessage, reason: str) -> None:
    OutgoingMessage.objects.filter(pk=row.pk, token=row.token).update(
        state=OutgoingMessage.DEAD, last_error=reason[:200], lease_until=None
    )


def _later(
    row: OutgoingMessage,
    wait: timedelta,
    reason: str,
    *,
    counted: bool = True,
    uncertain: bool = False,
) -> None:
    """Try again later; after a day of failures it is given up."""
    now = clock.now()
    old = now - (row.planned_at or row.due_at) >= GIVE_UP
    if counted and old and row.attempts + 1 >= ATTEMPTS:
        _end(row, reason)
        return
    OutgoingMessage.objects.filter(pk=row.pk, token=row.token).update(
        state=OutgoingMessage.FAILED,
        planned_at=Coalesce("planned_at", F("due_at")),
        due_at=now + wait,
        attempts=F("attempts") + int(counted),  # PostgreSQL adds no booleans
        last_error=reason[:200],
        lease_until=None,
        possible_duplicate=row.possible_duplicate or uncertain,
    )


def _backoff(attempts: int, steps: Sequence[timedelta] = BACKOFF) -> timedelta:
    return steps[min(attempts, len(steps) - 1)]


async def send(transport: Transport, ready: Ready) -> Result:
    """One message; never raises what the messenger said."""
    began = time.perf_counter()
    with ready.cause(), tracing.door("notice"):
        result = await _send(transport, ready)
        _tell(result, 1000 * (time.perf_counter() - began))
    return result


def _tell(result: Result, took: float) -> None:
    outcome = "sent" if result.message_id is not None else "later" if result.retry else "given_up"
    attempt = result.ready.row.attempts + 1
    line = {"outcome": outcome, "attempt": attempt, "duration_ms": round(took)}
    logger.info("notice", extra=line)


async def _send(transport: Transport, ready: Ready) -> Result:
    try:
        message_id = await transport.send(ready.chat_id, ready.message, notice=True)
    except RetryLater as error:
        wait = timedelta(seconds=error.seconds)
        return Result(ready, retry=wait, reason=reasons.WAIT, counted=False)
    except TransportError as error:
        wait = _backoff(ready.row.attempts, NETWORK_BACKOFF)
        return Result(ready, retry=wait, reason=str(error), uncertain=error.uncertain)
    except Unreachable as error:
        return Result(ready, reason=str(error), unreachable=True)
    except (Refused, MessageGone) as error:
        logger.exception("a notice was refused", extra={"template": ready.row.template})
        return Result(ready, reason=f"{reasons.REFUSED}{error}")
    return Result(ready, message_id=message_id)


_sent = Change(
    lambda slot: (
        OutgoingMessage.objects.filter(pk=slot("pk")),
        {
            "state": OutgoingMessage.SENT,
            "sent_at": slot("now"),
            "message_id": slot("message_id"),
            "attempts": F("attempts") + 1,
            "lease_until": None,
            "last_error": "",
        },
    )
)
# The screen is no longer the last message: its next drawing comes below this one.
_pushed_up = Change(
    lambda slot: (
        Dialog.objects.filter(chat_id=slot("chat_id"), last_message_id__lt=slot("message_id")),
        {"last_message_id": slot("message_id")},
    )
)


def record(results: Sequence[Result]) -> list[tuple[int, int]]:
    """Write down what was sent; answers (chat, message) of older messages to be removed."""
    with transaction.atomic():
        return [pair for result in results for pair in _record(result)]


def _record(result: Result) -> list[tuple[int, int]]:
    row, chat_id = result.ready.row, result.ready.chat_id
    if result.retry is not None:
        _later(row, result.retry, result.reason, counted=result.counted, uncertain=result.uncertain)
        return []
    if result.unreachable:
        _end(row, f"{reasons.UNREACHABLE}{result.reason}")
        reach.mark_unreachable(chat_id, result.reason)
        return []
    if result.message_id is None:
        _end(row, result.reason)
        return []
    _sent.run(pk=row.pk, message_id=result.message_id, now=clock.now())
    _pushed_up.run(chat_id=chat_id, message_id=result.message_id)
    if row.employee is not None and hasattr(row.employee, "unreachable"):
        reach.mark_reachable(row.employee.pk)
    return _replaced(row, chat_id)


def _replaced(row: OutgoingMessage, chat_id: int) -> list[tuple[int, int]]:
    """The former message with the same key leaves the chat."""
    if not row.replace_key:
        return []
    former = OutgoingMessage.objects.filter(
        recipient=row.recipient, replace_key=row.replace_key, message_id__isnull=False
    ).exclude(pk=row.pk)
    found = [(chat_id, number) for number in former.values_list("message_id", flat=True) if number]
    former.update(message_id=None)
    return found


def new_token() -> str:
    return secrets.token_hex(16)
