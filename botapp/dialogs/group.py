"""The work group: buttons of cards and a few commands; there are no dialogues there."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from botapp import identity
from botapp.dialogs import drawing, payload, registry
from botapp.dialogs.context import Context
from botapp.dialogs.markup import Markup, esc
from botapp.transport.port import Incoming
from workshop.lib.errors import NotAllowed, WorkshopError


@dataclass
class GroupAnswer:
    """A toast on the press, messages into the group, messages of ours that go."""

    toast: str = ""
    alert: bool = False
    say: list[Markup] = field(default_factory=list)
    delete: list[int] = field(default_factory=list)


def answer(incoming: Incoming, ctx: Context) -> GroupAnswer:
    """What people write to each other is not ours; a press is always answered."""
    if incoming.kind == "press":
        return _press(incoming, ctx)
    if incoming.kind == "text" and incoming.text.startswith("/"):
        return _command(incoming, ctx)
    return GroupAnswer()


def _press(incoming: Incoming, ctx: Context) -> GroupAnswer:
    press = payload.parse(incoming.payload)
    stateless = press is not None and press.nonce == payload.STATELESS
    found = registry.find_opener(press.action) if press and stateless else None
    if not press or not found or not found.groups or not found.accepts(press.value):
        return GroupAnswer(drawing.outdated())
    try:
        if ctx.caller is None:
            raise NotAllowed
        with transaction.atomic():
            move = found.function(ctx, press.value)
    except WorkshopError as error:
        told = GroupAnswer(error.text(), alert=True)
    else:
        told = GroupAnswer(move.toast_text, move.alert)
    if ctx.discard:
        told.delete.append(incoming.message_id)
    return told


def _command(incoming: Incoming, ctx: Context) -> GroupAnswer:
    """``/link`` or ``/link@our_bot``; strangers and commands of other bots are passed over."""
    word = incoming.text.split()[0].removeprefix("/")
    name, _at, addressee = word.partition("@")
    found = registry.find_group_command(name)
    ours = addressee.lower() in {"", identity.username().lower()} or not identity.username()
    if found is None or ctx.caller is None or not ours:
        return GroupAnswer()
    try:
        with transaction.atomic():
            said = found(ctx)
        return GroupAnswer(say=[esc(said)] if said else [])
    except WorkshopError as error:
        return GroupAnswer(say=[esc(error.text())])
