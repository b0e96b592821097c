"""The reconciliation sweep: screens that are wanted but were not shown are drawn again."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import translation

from botapp import inbox
from botapp.dialogs.engine import Engine
from botapp.dialogs.state import DialogState
from botapp.models import Dialog, InboundUpdate
from botapp.step import Wanted, identify, wanted_of
from botapp.transport.port import Incoming, Person
from workshop.lib import clock
from workshop.lib.compiled import Columns


def _behind(now: Any) -> QuerySet[Dialog]:
    waiting = InboundUpdate.objects.filter(state=InboundUpdate.NEW).values("chat_id")
    return Dialog.objects.filter(
        Q(wanted_revision__gt=F("shown_revision")) | Q(former_message_id__isnull=False),
        show_after__lte=now,
    ).exclude(chat_id__in=waiting)


_anything = Columns(
    lambda slot: _behind(slot("now", Dialog._meta.get_field("show_after"))).values_list("pk")[:1]
)


def behind(*, limit: int = 100) -> list[Dialog]:
    """Dialogues whose chat does not show what it should, and whose time has come.

    Either the screen is missing, or the one that it replaced may stand there still.

    Chats with waiting input are left out: their next step draws the screen anyway.
    """
    if not _anything.all(now=clock.now()):  # asked every few seconds, mostly in vain
        return []
    return list(_behind(clock.now()).order_by("show_after")[:limit])


def redraw(dialog_id: int) -> Wanted | None:
    """Draw the top screen as it is now; the chat must be claimed. None when nothing is due."""
    with transaction.atomic():
        dialog = Dialog.objects.get(pk=dialog_id)
        if dialog.wanted_revision <= dialog.shown_revision and dialog.former_message_id is None:
            return None
        person = Person(dialog.person_id)
        caller = identify(person, "")
        silent = Incoming(kind="other", chat_id=dialog.chat_id, private=True, person=person)
        with translation.override(caller.language):
            engine = Engine(
                DialogState.from_json(dialog.state),
                silent,
                employee=caller.employee,
                actor=caller.actor,
                now=clock.now(),
                live_message_id=dialog.live_message_id or 0,
            )
            engine.admit()
            message = engine.draw(repeated=dialog.sending_revision is not None)
        dialog.state = engine.state.as_json()
        dialog.screen = engine.state.top.screen
        dialog.show_after = clock.now() + inbox.LEASE
        dialog.save(update_fields=["state", "screen", "show_after"])
        return wanted_of(dialog, message)
