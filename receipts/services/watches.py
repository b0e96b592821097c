"""Watches: one physical watch over its life; a serial that comes again is offered, never forced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, policies
from receipts.events.facts import WatchAdded, WatchChanged
from receipts.models import Metal, Watch
from receipts.numbers import fold_serial
from receipts.services.base import in_words, row_of
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

TEXTS: Final = {  # with the width of their columns
    "brand": 80,
    "model": 120,
    "reference": 60,
    "serial": 60,
    "movement_number": 60,
    "calibre": 60,
}
FIELDS: Final = (*TEXTS, "metal", "water_resistance_bar")


@verb("watch.create", "receipts.Watch")
def create_watch(
    *,
    values: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Watch]:
    """A watch by any of :data:`FIELDS` (metal by id). A serial may come twice.

    Raises RuleViolation ``receipts.watch_empty``, ``receipts.fact_unknown``, ``text.*``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    watch = Watch(created_at=run.at)
    _assign(watch, values)
    if not any(getattr(watch, field) for field in FIELDS):
        raise RuleViolation(
            "receipts.watch_empty",
            _("Enter at least the brand or the serial number."),
            field="brand",
        )
    watch.save(force_insert=True)
    run.record(watch.stream, WatchAdded(watch_id=watch.pk, description=str(watch)))
    return Outcome(watch)


@verb("watch.change", "receipts.Watch")
def change_watch(
    *,
    watch_id: int,
    values: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Watch]:
    """Correct facts of a watch: one event, old → new; nothing when equal."""
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    watch = locks.watch(watch_id)
    set_values(run, watch, values)
    return Outcome(watch)


def set_values(run: Run, watch: Watch, values: Mapping[str, Any], reason: str = "") -> None:
    """The change itself, on a locked watch (also called by undo, with its ``reason``)."""
    changes = _assign(watch, values)
    if changes:
        watch.save()
        payload = WatchChanged(watch_id=watch.pk, changes=changes, reason=reason)
        run.record(watch.stream, payload)


def _assign(watch: Watch, values: Mapping[str, Any]) -> dict[str, list[str]]:
    changes: dict[str, list[str]] = {}
    for field, raw in values.items():
        if field not in FIELDS:
            raise RuleViolation("receipts.fact_unknown", _("There is no such field."), field=field)
        old, new = getattr(watch, field), _clean(field, raw)
        if old != new:
            setattr(watch, field, new)
            changes[field] = [in_words(old), in_words(new)]
    watch.serial_key = fold_serial(watch.serial)
    watch.movement_key = fold_serial(watch.movement_number)
    return changes


def _clean(field: str, raw: Any) -> Any:
    if field == "metal":
        return row_of(Metal, raw, field=field) if raw else None
    if field == "water_resistance_bar":
        return clean_bar(raw)
    return clean_text(raw, field=field, limit=TEXTS[field])


def clean_bar(raw: Any) -> Decimal | None:
    """A water resistance in bar; RuleViolation ``receipts.bar_impossible``."""
    if raw is None or raw == "":
        return None
    try:
        value = Decimal(str(raw).replace(",", "."))
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 <= value <= 2000):
        raise RuleViolation(
            "receipts.bar_impossible",
            _("Water resistance lies between 0 and 2000 bar."),
            field="water_resistance_bar",
        )
    return value.quantize(Decimal("0.1"))


def same_serial(serial: str, *, limit: int = 5) -> list[Watch]:
    """Watches whose serial or movement number is the same when spelled alike; latest first."""
    key = fold_serial(serial)
    if not key:
        return []
    rows = Watch.objects.filter(serial_key=key) | Watch.objects.filter(movement_key=key)
    return list(rows.order_by("-id")[:limit])
