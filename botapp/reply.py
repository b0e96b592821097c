"""The reply as a reconciliation: make the chat look as the dialogue row wants it.

Nothing here is in a transaction; what was shown is recorded afterwards by :func:`record`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from botapp import journal, reach
from botapp.dialogs.markup import esc
from botapp.journal import Journal
from botapp.models import Dialog
from botapp.step import Outcome, Wanted
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
from workshop.lib.compiled import Change

RETRY = timedelta(seconds=5)

logger = logging.getLogger(__name__)


_shown = Change(
    lambda slot: (
        Dialog.objects.filter(pk=slot("pk"), shown_revision__lt=slot("revision")),
        {
            "shown_revision": slot("revision"),
            "live_message_id": slot("message_id"),
            "live_is_picture": slot("is_picture"),
            "sending_revision": None,
            "last_message_id": Greatest(F("last_message_id"), slot("last")),
        },
    )
)


@dataclass(frozen=True)
class Shown:
    """What came of it; ``message_id`` None: the chat cannot be written to. ``retry``: not shown.

    ``unsent``: it certainly does not stand in the chat. ``removed``: the screens it replaced.
    """

    wanted: Wanted
    message_id: int | None = None
    retry: timedelta | None = None
    unsent: bool = False
    removed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Recorder:
    """How new messages are written down: before they are sent, and at once when they arrived."""

    journal: Journal
    record: Callable[[Shown], Awaitable[None]]


async def answer(transport: Transport, outcome: Outcome) -> None:
    """Every press gets its answer, whatever became of it."""
    if not outcome.callback_id:
        return
    try:
        await transport.answer(outcome.callback_id, outcome.toast, alert=outcome.alert)
    except (TransportError, Refused, Unreachable) as error:
        logger.info("a press was not answered", extra={"error": type(error).__name__})


async def send_files(transport: Transport, outcome: Outcome) -> int:
    """Send the documents of a step; the id of the last one (0: none)."""
    last = 0
    for file in outcome.files:
        try:
            last = await transport.send_file(outcome.chat_id, file)
        except (TransportError, Refused, Unreachable):
            logger.exception("a file could not be sent")
    return last


async def say(transport: Transport, outcome: Outcome) -> None:
    """Answers to commands in the work group."""
    for text in outcome.say:
        try:
            await transport.send(outcome.chat_id, Message(text))
        except (TransportError, Refused, Unreachable):
            logger.exception("an answer could not be sent")


async def tidy(transport: Transport, chat_id: int, message_ids: Iterable[int]) -> bool:
    """Remove messages that were read, all at once. In vain is no harm; False: try again later."""
    deletions = [_delete(transport, chat_id, message_id) for message_id in message_ids]
    if len(deletions) == 1:
        return await deletions[0]
    return all(await asyncio.gather(*deletions)) if deletions else True


async def _delete(transport: Transport, chat_id: int, message_id: int) -> bool:
    try:
        await transport.delete(chat_id, message_id)
    except TransportError as error:
        logger.info("a message stays for now", extra={"error": type(error).__name__})
        return False
    except (Refused, Unreachable) as error:
        logger.info("a message stays", extra={"error": type(error).__name__})
    return True


async def show(transport: Transport, wanted: Wanted, recorder: Recorder | None = None) -> Shown:
    """Edit the live message, or send the screen anew and remove the old one."""
    try:
        return await _show(transport, wanted, recorder)
    except RetryLater as error:
        return Shown(wanted, retry=timedelta(seconds=error.seconds), unsent=True)
    except TransportError:
        return Shown(wanted, retry=RETRY)
    except Unreachable:
        return Shown(wanted, unsent=True)
    except Refused:
        logger.exception("a screen was refused by the messenger")
        return await _show_apology(transport, wanted)


async def _show_apology(transport: Transport, wanted: Wanted) -> Shown:
    text = esc(_("This screen cannot be shown. /menu opens the menu."))
    try:
        return await _show(transport, replace(wanted, message=Message(text)))
    except (TransportError, Unreachable, Refused):
        return Shown(wanted, retry=RETRY)


async def _show(transport: Transport, wanted: Wanted, recorder: Recorder | None = None) -> Shown:
    # What an interrupted reply has left above the live screen.
    removed = await _remove(transport, wanted, wanted.former_message_id)
    live = wanted.live_message_id
    if live is not None and _can_edit(wanted):
        try:
            await transport.edit(wanted.chat_id, live, wanted.message)
        except MessageGone:
            live = None
        else:
            return Shown(wanted, live, removed=removed)
    shown = await _send(transport, replace(wanted, live_message_id=live), recorder)
    return replace(shown, removed=removed + await _remove(transport, wanted, live))


async def _remove(transport: Transport, wanted: Wanted, message_id: int | None) -> tuple[int, ...]:
    """The message when it is gone, nothing when there was none or it must be tried again."""
    if message_id is None or not await tidy(transport, wanted.chat_id, [message_id]):
        return ()
    return (message_id,)


async def _send(transport: Transport, wanted: Wanted, recorder: Recorder | None) -> Shown:
    """A new message; written down before anything else happens."""
    async with recorder.journal.sending(wanted) if recorder else nullcontext():
        message_id = await transport.send(wanted.chat_id, wanted.message)
        shown = Shown(wanted, message_id)
        if recorder:
            await recorder.record(shown)
    return shown


def _can_edit(wanted: Wanted) -> bool:
    """The screen is the last message still, and stays a picture or a text."""
    is_last = (wanted.live_message_id or 0) >= wanted.last_message_id
    return is_last and wanted.live_is_picture == (wanted.message.picture is not None)


def record(shown: Shown) -> None:
    """Write down what the chat shows now."""
    wanted = shown.wanted
    if shown.unsent:
        journal.note_unsent(wanted)
    if shown.retry is None and shown.message_id is not None:
        _shown.run(
            pk=wanted.dialog_id,
            revision=wanted.revision,
            message_id=shown.message_id,
            is_picture=wanted.message.picture is not None,
            last=max(wanted.last_message_id, shown.message_id),
        )
        return
    rows = Dialog.objects.filter(pk=wanted.dialog_id, shown_revision__lt=wanted.revision)
    if shown.retry is not None:
        rows.update(show_after=clock.now() + shown.retry)
    else:
        rows.update(shown_revision=wanted.revision)
        reach.mark_unreachable(wanted.person_id, reach.BLOCKED)


def record_removed(shown: Shown) -> None:
    """The screens that this one replaced have left the chat."""
    if shown.removed:
        rows = Dialog.objects.filter(pk=shown.wanted.dialog_id)
        rows.filter(former_message_id__in=shown.removed).update(former_message_id=None)


async def deliver(
    transport: Transport, outcome: Outcome, recorder: Recorder | None = None
) -> Shown | None:
    """Files, then the screen, then what was read goes. None: the screen stays as it is."""
    last_file = await send_files(transport, outcome)
    await say(transport, outcome)
    shown = None
    if outcome.wanted is not None:
        last = max(outcome.wanted.last_message_id, last_file)
        shown = await show(transport, replace(outcome.wanted, last_message_id=last), recorder)
    for message_id, message in outcome.edits:
        await _rewrite(transport, outcome.chat_id, message_id, message)
    await tidy(transport, outcome.chat_id, outcome.delete)
    return shown


async def _rewrite(transport: Transport, chat_id: int, message_id: int, message: Message) -> None:
    """A notice that was answered. In vain is no harm: a press of it is answered all the same."""
    try:
        await transport.edit(chat_id, message_id, message)
    except (TransportError, Refused, Unreachable, MessageGone) as error:
        logger.info("a notice stays as it is", extra={"error": type(error).__name__})


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several steps of one chat as one reply: only the newest screen is shown."""
    return Outcome(
        chat_id=outcomes[-1].chat_id,
        delete=tuple(number for one in outcomes for number in one.delete),
        files=tuple(file for one in outcomes for file in one.files),
        edits=tuple(edit for one in outcomes for edit in one.edits),
        say=tuple(text for one in outcomes for text in one.say),
        wanted=next((one.wanted for one in reversed(outcomes) if one.wanted), None),
    )
