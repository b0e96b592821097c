"""The reply as a reconciliation: make the chat look as the dialogue row wants it.

Nothing here is in a transaction; what was shown is recorded afterwards by :func:`record`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from botapp import reach
from botapp.dialogs.markup import esc
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

RETRY = timedelta(seconds=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """What came of it; ``message_id`` None: the chat cannot be written to. ``retry``: not shown."""

    wanted: Wanted
    message_id: int | None = None
    retry: timedelta | None = None


Recorder = Callable[[Shown], Awaitable[None]]


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


async def tidy(transport: Transport, chat_id: int, message_ids: Iterable[int]) -> None:
    """Remove messages that were read, all at once. In vain is no harm."""
    deletions = [_delete(transport, chat_id, message_id) for message_id in message_ids]
    if len(deletions) == 1:
        await deletions[0]
    elif deletions:
        await asyncio.gather(*deletions)


async def _delete(transport: Transport, chat_id: int, message_id: int) -> None:
    try:
        await transport.delete(chat_id, message_id)
    except (TransportError, Refused, Unreachable) as error:
        logger.info("a message stays", extra={"error": type(error).__name__})


async def show(transport: Transport, wanted: Wanted, recorded: Recorder | None = None) -> Shown:
    """Edit the live message, or send the screen anew and remove the old one.

    ``recorded`` writes a new message down before anything else happens: a kill after it must not
    send the screen a second time.
    """
    try:
        return await _show(transport, wanted, recorded)
    except RetryLater as error:
        return Shown(wanted, retry=timedelta(seconds=error.seconds))
    except TransportError:
        return Shown(wanted, retry=RETRY)
    except Unreachable:
        return Shown(wanted)
    except Refused:
        logger.exception("a screen was refused by the messenger")
        return await _show_apology(transport, wanted)


async def _show_apology(transport: Transport, wanted: Wanted) -> Shown:
    text = esc(_("This screen cannot be shown. /menu opens the menu."))
    try:
        return await _show(transport, replace(wanted, message=Message(text)))
    except (TransportError, Unreachable, Refused):
        return Shown(wanted, retry=RETRY)


async def _show(transport: Transport, wanted: Wanted, recorded: Recorder | None = None) -> Shown:
    live = wanted.live_message_id
    if live is not None and _can_edit(wanted):
        try:
            await transport.edit(wanted.chat_id, live, wanted.message)
        except MessageGone:
            live = None
        else:
            return Shown(wanted, live)
    shown = Shown(wanted, await transport.send(wanted.chat_id, wanted.message))
    if recorded is not None:
        await recorded(shown)
    if live is not None:
        await tidy(transport, wanted.chat_id, [live])
    return shown


def _can_edit(wanted: Wanted) -> bool:
    """The screen is the last message still, and stays a picture or a text."""
    is_last = (wanted.live_message_id or 0) >= wanted.last_message_id
    return is_last and wanted.live_is_picture == (wanted.message.picture is not None)


def record(shown: Shown) -> None:
    """Write down what the chat shows now."""
    wanted = shown.wanted
    rows = Dialog.objects.filter(pk=wanted.dialog_id, shown_revision__lt=wanted.revision)
    if shown.retry is not None:
        rows.update(show_after=clock.now() + shown.retry)
    elif shown.message_id is None:
        rows.update(shown_revision=wanted.revision)
        reach.mark_unreachable(wanted.person_id, reach.BLOCKED)
    else:
        rows.update(
            shown_revision=wanted.revision,
            live_message_id=shown.message_id,
            live_is_picture=wanted.message.picture is not None,
            last_message_id=Greatest(
                F("last_message_id"), max(wanted.last_message_id, shown.message_id)
            ),
        )


async def deliver(
    transport: Transport, outcome: Outcome, recorded: Recorder | None = None
) -> Shown | None:
    """Files, then the screen, then what was read goes. None: the screen stays as it is."""
    last_file = await send_files(transport, outcome)
    shown = None
    if outcome.wanted is not None:
        last = max(outcome.wanted.last_message_id, last_file)
        shown = await show(transport, replace(outcome.wanted, last_message_id=last), recorded)
    await tidy(transport, outcome.chat_id, outcome.delete)
    return shown


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several steps of one chat as one reply: only the newest screen is shown."""
    return Outcome(
        chat_id=outcomes[-1].chat_id,
        delete=tuple(number for one in outcomes for number in one.delete),
        files=tuple(file for one in outcomes for file in one.files),
        wanted=next((one.wanted for one in reversed(outcomes) if one.wanted), None),
    )
