"""Cards of the work group: one message for each assignment, edited as the watch goes on.

The row holds which state is wanted and which is shown; whoever finds them different renders and
edits. So a kill repeats an edit, not a message. A person's quality is never told here.
"""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import F, Q
from django.db.models.functions import Now

from botapp.group_text import render
from botapp.models import GroupCard
from botapp.transport.port import (
    ChatMoved,
    Incoming,
    Message,
    MessageGone,
    Refused,
    RetryLater,
    Transport,
    TransportError,
    Unreachable,
)
from history import registry as history_registry
from history.models import Event
from receipts.events.status import Assigned, ReworkOrdered
from staff import selectors
from staff.events import WorkGroupLinked, WorkGroupMoved, WorkGroupUnlinked
from staff.services import move_work_group, unlink_work_group
from workshop.lib import clock, tracing
from workshop.lib.actor import BOT, Actor, system_actor
from workshop.lib.compiled import Columns
from workshop.lib.correlation import caused_by

CONSUMER: Final = "botapp.group_cards"
LEASE: Final = timedelta(seconds=15)  # longer than a call of the messenger takes
BROKEN: Final = timedelta(minutes=10)
RETRY: Final = timedelta(seconds=5)
BATCH: Final = 20  # what a group may get in a minute

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """A claimed card as it should look. ``message`` None: there is nothing to show or change."""

    card: GroupCard
    revision: int
    message: Message | None
    closed: bool
    digest: str = ""

    def cause(self) -> AbstractContextManager[None]:
        """The lines of the block belong to the newest event that changed the card."""
        return _cause(self.card)


@dataclass(frozen=True)
class Result:
    ready: Ready
    message_id: int | None = None
    retry: timedelta | None = None
    unreachable: bool = False
    moved_to: int = 0


def _cause(card: GroupCard) -> AbstractContextManager[None]:
    return caused_by(card.correlation_id, channel=BOT, card=card.pk)


# --- what is wanted ---------------------------------------------------------------------------


def expand(event: Event) -> None:
    """The outbox consumer: a card for a new assignment, another look for a changed receipt."""
    if event.kind in {WorkGroupLinked.kind, WorkGroupUnlinked.kind, WorkGroupMoved.kind}:
        _want(Q(closed=False), event)
    elif event.stream.startswith("receipt:"):
        chat_id = selectors.work_group_chat()
        if chat_id is None:
            return
        if event.kind in {Assigned.kind, ReworkOrdered.kind}:
            card = GroupCard(assignment_id=event.payload["assignment_id"], chat_id=chat_id)
            GroupCard.objects.bulk_create([card], ignore_conflicts=True)
        # Closed ones too: a decision that is taken back opens an assignment again.
        receipt_id = int(event.stream.removeprefix("receipt:"))
        _want(Q(assignment__receipt=receipt_id, chat_id=chat_id), event)


def _want(which: Q, event: Event) -> None:
    rows = GroupCard.objects.filter(which)
    rows.update(
        wanted_revision=F("wanted_revision") + 1,
        show_after=clock.now(),
        correlation_id=event.correlation_id,
    )


def connect() -> None:
    """Called once when the app loads."""
    history_registry.register_consumer(CONSUMER, expand)


def follow_group(incoming: Incoming) -> None:
    """The bot was taken out of a group, or the group got another number."""
    if incoming.kind == "moved":
        _move(incoming.chat_id, incoming.moved_to)
    elif incoming.kind == "membership" and incoming.blocked:
        _unlink(incoming.chat_id)


def _unlink(chat_id: int) -> None:
    cards = GroupCard.objects.filter(chat_id=chat_id)
    cards.update(closed=True, shown_revision=F("wanted_revision"))
    if selectors.work_group_chat() == chat_id:
        unlink_work_group(chat_id=chat_id, removed=True, actor=_nobody())


def _move(old: int, new: int) -> None:
    """Messages of the old number cannot be edited any more: open cards come anew."""
    moved = GroupCard.objects.filter(chat_id=old, closed=False)
    moved.update(
        chat_id=new, message_id=None, shown_digest="", wanted_revision=F("wanted_revision") + 1
    )
    if selectors.work_group_chat() == old:
        move_work_group(old_chat_id=old, new_chat_id=new, actor=_nobody())


def _nobody() -> Actor:
    return system_actor("bot")


# --- sending ----------------------------------------------------------------------------------


def _free() -> Q:
    return Q(token="") | Q(lease_until__lt=Now())


_due = Columns(
    lambda slot: (
        GroupCard.objects.filter(
            _free(),
            wanted_revision__gt=F("shown_revision"),
            show_after__lte=slot("now", GroupCard._meta.get_field("show_after")),
        )
        .order_by("show_after", "pk")
        .values_list("pk")[:BATCH]
    )
)


def claim(token: str, *, limit: int = BATCH) -> list[Ready]:
    """Take at most so many cards (and at most ``BATCH``) that do not look as they should, the
    longest waiting first.
    """
    ids = [pk for (pk,) in _due.all(now=clock.now())[:limit]]  # asked every second, mostly in vain
    if not ids:
        return []
    broken_off = GroupCard.objects.filter(pk__in=ids, lease_until__lt=Now()).exclude(token="")
    repeated = set(broken_off.values_list("pk", flat=True))
    GroupCard.objects.filter(_free(), pk__in=ids).update(token=token, lease_until=Now() + LEASE)
    rows = GroupCard.objects.filter(pk__in=ids, token=token).order_by("show_after", "pk")
    ready = [_prepare(row, repeated=row.pk in repeated) for row in rows]
    return [one for one in ready if one is not None]


def _prepare(card: GroupCard, *, repeated: bool) -> Ready | None:
    """``repeated``: somebody died over it; a card that we know no message of may stand there."""
    try:
        message, closed = render(card, repeated=repeated and card.message_id is None)
    except Exception:  # a bug in one card must stop neither the others nor the bot
        with _cause(card):
            logger.exception("a card of the group cannot be made")
        GroupCard.objects.filter(pk=card.pk).update(token="", show_after=clock.now() + BROKEN)
        return None
    digest = hashlib.sha256(repr((message.html, message.keys)).encode()).hexdigest()
    # Over before anybody saw it, or nothing that the group sees has changed: its 20 calls a
    # minute are for what has.
    is_useless = closed if card.message_id is None else digest == card.shown_digest
    return Ready(card, card.wanted_revision, None if is_useless else message, closed, digest)


async def send(transport: Transport, ready: Ready) -> Result:
    """Edit the card, or send it; never raises what the messenger said."""
    began = time.perf_counter()
    with ready.cause(), tracing.door("notice"):
        result = await _send(transport, ready)
        if ready.message is not None:
            took = round(1000 * (time.perf_counter() - began))
            line = {"outcome": _outcome(result), "duration_ms": took}
            logger.info("group card", extra=line)
    return result


def _outcome(result: Result) -> str:
    if result.retry is not None:
        return "later"
    if result.unreachable:
        return "unreachable"
    return "moved" if result.moved_to else "shown"


async def _send(transport: Transport, ready: Ready) -> Result:
    try:
        return Result(ready, message_id=await _show(transport, ready))
    except RetryLater as error:
        return Result(ready, retry=timedelta(seconds=error.seconds))
    except TransportError:
        return Result(ready, retry=RETRY)
    except ChatMoved as error:
        return Result(ready, moved_to=error.new_chat_id)
    except Unreachable:
        return Result(ready, unreachable=True)
    except (Refused, MessageGone):
        logger.exception("a card of the group was refused")
        return Result(ready, message_id=ready.card.message_id)


async def _show(transport: Transport, ready: Ready) -> int | None:
    card = ready.card
    if ready.message is None:
        return card.message_id
    if card.message_id is not None:
        try:
            await transport.edit(card.chat_id, card.message_id, ready.message)
        except MessageGone:
            if ready.closed:  # somebody removed it, and there is nothing to press any more
                return card.message_id
        else:
            return card.message_id
    return await transport.send(card.chat_id, ready.message, notice=True)


def record(result: Result) -> None:
    """Write down what the group shows now."""
    card = result.ready.card
    rows = GroupCard.objects.filter(pk=card.pk, token=card.token)
    if result.moved_to:
        rows.update(token="", lease_until=None)
        _move(card.chat_id, result.moved_to)
    elif result.unreachable:
        _unlink(card.chat_id)
    elif result.retry is not None:
        rows.update(token="", lease_until=None, show_after=clock.now() + result.retry)
    else:
        rows.update(
            token="",
            lease_until=None,
            shown_revision=result.ready.revision,
            message_id=result.message_id,
            shown_digest=result.ready.digest,
            closed=result.ready.closed,
        )


def of_assignment(assignment_id: int) -> GroupCard | None:
    """The card of an assignment, if the group got one."""
    return GroupCard.objects.filter(assignment=assignment_id).first()


def is_linked(chat_id: int) -> bool:
    return chat_id == selectors.work_group_chat()
