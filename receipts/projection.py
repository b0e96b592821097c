"""Projected fields of a receipt: written by services and rebuilt from events by the same code."""

from __future__ import annotations

from typing import Final

from history.models import Event
from history.registry import Payload, load
from receipts.events.base import Projecting
from receipts.models import Receipt

PROJECTED: Final = (
    "number",
    "number_key",
    "similar_key",
    "status",
    "status_since",
    "deadline",
    "first_promise",
    "deadline_version",
    "deadline_changes",
    "urgent",
    "master_id",
    "received_at",
    "label_outdated",
    "voided_at",
    "issued_at",
    "version",
)
SAVED: Final = tuple(name.removesuffix("_id") for name in PROJECTED)


def project(receipt: Receipt, event: Event) -> None:
    """Apply one event of the receipt's own stream; the version is its number there."""
    apply(receipt, event, load(event))


def apply(receipt: Receipt, event: Event, payload: Payload) -> None:
    """As :func:`project`, with the payload at hand (bulk writing has not stored it yet)."""
    if isinstance(payload, Projecting):
        payload.project(receipt, event)
    receipt.version = event.sequence


def rebuilt(receipt: Receipt) -> Receipt:
    """An unsaved receipt whose projected fields come from the events alone."""
    fresh = Receipt(pk=receipt.pk)
    for event in Event.objects.filter(stream=receipt.stream).order_by("sequence"):
        project(fresh, event)
    return fresh


def differences(receipt: Receipt) -> dict[str, tuple[object, object]]:
    """Projected fields that differ from the events: name → (stored, rebuilt)."""
    fresh = rebuilt(receipt)
    return {
        name: (getattr(receipt, name), getattr(fresh, name))
        for name in PROJECTED
        if getattr(receipt, name) != getattr(fresh, name)
    }
