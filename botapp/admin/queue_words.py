"""A notice of the sending queue in words, for lists and pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.translation import gettext as _now

from botapp import reasons
from botapp.models import OutgoingMessage
from history.registry import kinds
from receipts.models import Receipt
from workshop.lib import clock
from workshop.lib.masking import mask_text

TONES: Final = {
    OutgoingMessage.WAITING: "info",
    OutgoingMessage.CLAIMED: "info",
    OutgoingMessage.SENT: "success",
    OutgoingMessage.FAILED: "warning",
    OutgoingMessage.DEAD: "danger",
}
RECEIPT: Final = "receipt:"


def why(row: OutgoingMessage) -> str:
    """Why it was not sent, in words."""
    return mask_text(reasons.words(row.last_error))


def to_whom(row: OutgoingMessage) -> str:
    """The recipient without his Telegram id."""
    if row.employee is not None:
        return str(row.employee)
    kind, _sign, number = row.recipient.partition(":")
    texts = {"subscription": _now("customer, by subscription"), "chat": _now("work group")}
    return texts.get(kind, f"{kind} {number}")


def state_chip(row: OutgoingMessage) -> str:
    """The state in its colour."""
    if row.state == OutgoingMessage.DEAD and row.last_error in reasons.SETTLED:
        return chip(_now("not needed"), "plain")
    return chip(row.get_state_display(), TONES[row.state])


def chip(text: Any, tone: str) -> str:
    return render_to_string("office/chip.html", {"text": text, "tone": tone})


def about(row: OutgoingMessage) -> str:
    """What it tells of."""
    kind = kinds().get(row.event.kind)
    return str(kind.label) if kind else row.event.kind


def tried(row: OutgoingMessage) -> str:
    """How often, and when last."""
    if row.tried_at is None:
        return "—"
    return f"{clock.show(row.tried_at)} ×{max(1, row.attempts)}"


def next_try(row: OutgoingMessage) -> str:
    waits = row.state in {OutgoingMessage.WAITING, OutgoingMessage.FAILED}
    return clock.show(row.due_at) if waits else "—"


def receipt_numbers(rows: Iterable[OutgoingMessage]) -> dict[str, tuple[int, str]]:
    """(id, number) of the receipts that the rows tell of, by stream."""
    streams = {row.event.stream for row in rows if row.event.stream.startswith(RECEIPT)}
    ids = [int(name.removeprefix(RECEIPT)) for name in streams]
    found = Receipt.objects.filter(pk__in=ids).values_list("pk", "number")
    return {f"{RECEIPT}{pk}": (pk, number) for pk, number in found}
