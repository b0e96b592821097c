"""The delivery of notices: claim a row, send it outside any transaction, record it.

One process at a time does it, under a lease. A crash between sending and recording leaves a
claimed row; it is sent again and marked as a possible duplicate.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import translation

from botapp import notices, reach
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
from workshop.lib import clock

LEASE: Final = timedelta(seconds=60)  # longer than any call of the messenger
BATCH: Final = 100
BACKOFF: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
ATTEMPTS: Final = 50  # about a day

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """A claimed row that can be sent."""

    row: OutgoingMessage
    chat_id: int
    message: Message


@dataclass(frozen=True)
class Result:
    """What came of it: a message id, a wait, or the reason why it is useless."""

    ready: Ready
    message_id: int | None = None
    retry: timedelta | None = None
    reason: str = ""
    unreachable: bool = False


def claim(token: str, *, limit: int = BATCH) -> list[Ready]:
    """Take due rows, oldest first, and render them. Rows nobody can get any more end here."""
    lapsed = Q(state=OutgoingMessage.CLAIMED, lease_until__lt=Now())
    waiting = Q(state__in=[OutgoingMessage.WAITING, OutgoingMessage.FAILED])
    due = OutgoingMessage.objects.filter(waiting | lapsed, due_at__lte=clock.now())
    ids = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])
    if not ids:
        return []
    with transaction.atomic():
        again = OutgoingMessage.objects.filter(lapsed, pk__in=ids)
        again.update(possible_duplicate=True)
        OutgoingMessage.objects.filter(waiting | lapsed, pk__in=ids).update(
            state=OutgoingMessage.CLAIMED, token=token, lease_until=Now() + LEASE
        )
    rows = OutgoingMessage.objects.filter(token=token, state=OutgoingMessage.CLAIMED)
    ready = [_prepare(row) for row in rows.select_related("employee").order_by("due_at", "pk")]
    return [one for one in ready if one is not None]


def _prepare(row: OutgoingMessage) -> Ready | None:
    """Recipients are those who are active when it is sent; the text is made now."""
    chat_id = row.chat_id
    language = None
    if row.employee is not None:
        if not row.employee.active or row.employee.telegram_id is None:
            _end(row, "the recipient has left" if not row.employee.active else "no account")
            return None
        chat_id, language = row.employee.telegram_id, row.employee.language
    if chat_id is None:
        _end(row, "nobody is named")
        return None
    try:
        with translation.override(language):
            notice = notices.render(row.template, row.params, row.employee)
            message = notice.message() if notice else None
    except Exception as error:  # a bug of one template must not hold up the others
        logger.exception("a notice cannot be made", extra={"template": row.template})
        _later(row, _backoff(row.attempts), type(error).__name__)
        return None
    if message is None:
        _end(row, "out of date")
        return None
    return Ready(row, chat_id, message)


def _end(row: OutgoingMessage, reason: str) -> None:
    OutgoingMessage.objects.filter(pk=row.pk, token=row.token).update(
        state=OutgoingMessage.DEAD, last_error=reason[:200], lease_until=None
    )


def _later(row: OutgoingMessage, wait: timedelta, reason: str, *, attempt: bool = True) -> None:
    """Try again later; after about a day of failures it is given up."""
    now = clock.now()
    if attempt and row.attempts + 1 >= ATTEMPTS:
        _end(row, reason)
        return
    OutgoingMessage.objects.filter(pk=row.pk, token=row.token).update(
        state=OutgoingMessage.FAILED,
        due_at=now + wait,
        attempts=F("attempts") + (1 if attempt else 0),
        last_error=reason[:200],
        lease_until=None,
    )


def _backoff(attempts: int) -> timedelta:
    return BACKOFF[min(attempts, len(BACKOFF) - 1)]


async def send(transport: Transport, ready: Ready) -> Result:
    """One message; never raises what the messenger said."""
    try:
        message_id = await transport.send(ready.chat_id, ready.message, notice=True)
    except RetryLater as error:
        return Result(ready, retry=timedelta(seconds=error.seconds))
    except TransportError as error:
        return Result(ready, retry=_backoff(ready.row.attempts), reason=str(error))
    except Unreachable as error:
        return Result(ready, reason=str(error), unreachable=True)
    except (Refused, MessageGone) as error:
        logger.exception("a notice was refused", extra={"template": ready.row.template})
        return Result(ready, reason=str(error))
    return Result(ready, message_id=message_id)


def record(results: Sequence[Result]) -> list[tuple[int, int]]:
    """Write down what was sent; answers (chat, message) of older messages to be removed."""
    with transaction.atomic():
        return [pair for result in results for pair in _record(result)]


def _record(result: Result) -> list[tuple[int, int]]:
    row, chat_id = result.ready.row, result.ready.chat_id
    if result.retry is not None:
        _later(row, result.retry, result.reason, attempt=bool(result.reason))
        return []
    if result.message_id is None:
        _end(row, result.reason)
        if result.unreachable:
            reach.mark_unreachable(chat_id, result.reason)
        return []
    OutgoingMessage.objects.filter(pk=row.pk).update(
        state=OutgoingMessage.SENT,
        sent_at=clock.now(),
        message_id=result.message_id,
        attempts=F("attempts") + 1,
        lease_until=None,
        last_error="",
    )
    # The screen is no longer the last message: its next drawing comes below this one.
    Dialog.objects.filter(chat_id=chat_id, last_message_id__lt=result.message_id).update(
        last_message_id=result.message_id
    )
    if row.employee_id is not None:
        reach.mark_reachable(row.employee_id)
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
