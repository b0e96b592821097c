"""Customers with their watches. Whose watch it is stands on receipts: a row brings both, apart.

A customer is found by phone and name, without a phone by his name alone; a watch by its serial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext as _

from history.commands import CommandKey
from history.models import Command
from integrations.imports.cells import folded
from integrations.imports.columns import (
    CREATED,
    UNCHANGED,
    UPDATED,
    Done,
    Order,
    Problem,
    RowError,
    Source,
    Values,
)
from integrations.imports.parties import WATCH, customer_key, watch_key
from integrations.imports.revising import revise_customer, revise_watch
from receipts.models import Customer, Watch
from receipts.numbers import fold_serial
from receipts.services.bulk import Writer
from workshop.lib import clock

Key = tuple[str, str]
Commanding = Callable[[], Command]
_FIELDS: Final = {"name": "customer", "phone": "phone", "note": "note", "language": "language"}


class CustomerImporter:
    def __init__(self, order: Order) -> None:
        self.order = order
        self.now = clock.now()
        self.customers: dict[Key, Customer] = {}
        self.watches: dict[Key, Watch] = {}
        # What rows of this file have written: the same one again is neither new nor changed.
        self.written: dict[tuple[str, Key], int] = {}

    def look_up(self, rows: Sequence[Source]) -> None:
        values = [row.values for row in rows]
        present = Customer.objects.filter(merged_into=None, erased_at=None).order_by("-pk")
        phones = {one["phone"] for one in values if one.get("phone")}
        names = {one["customer"] for one in values if not one.get("phone") and "customer" in one}
        found = present.filter(phone__in=phones) | present.filter(phone="", name__in=names)
        self.customers = {(one.phone, folded(one.name)): one for one in found}
        serials = {fold_serial(one.get("serial", "")) for one in values} - {""}
        self.watches = {}
        if not self.order.dry:
            self.written = {}
        for watch in Watch.objects.filter(serial_key__in=serials).order_by("-pk"):
            for brand in (folded(watch.brand), ""):
                self.watches[watch.serial_key, brand] = watch

    def pass_by(self, rows: Sequence[Source]) -> None:
        """They are in the database."""

    def take(self, row: Source, bulk: Writer) -> Done:
        key = CommandKey(self.order.client, f"row:{row.number}")
        watch = {name: row.values[name] for name in WATCH if name in row.values}
        if watch and watch_key(watch) is None:
            told = _("Without its serial number the watch could not be recognised again.")
            raise RowError(Problem("serial", told))
        # Only a row that writes something needs its command.
        command = cache(lambda: bulk.command(key, self.order.actor, {"row": row.number}))
        done = [self._customer(row.values, bulk, command), self._watch(watch, bulk, command)]
        there = [one for one in done if one is not None]
        if not there:
            raise RowError(Problem("", _("Neither a customer nor a watch stands in this row.")))
        outcomes = {one.outcome for one in there}
        best = next(one for one in (CREATED, UPDATED, UNCHANGED) if one in outcomes)
        return Done(best, there[0].object_id)

    def _customer(self, values: Values, bulk: Writer, command: Commanding) -> Done | None:
        key = customer_key(values)
        if key is None:
            return None
        given = {field: values[column] for field, column in _FIELDS.items() if values.get(column)}
        known = self.customers.get(key)
        if known is not None:
            return self._done(known, revise_customer, given)
        return self._once("customer", key, lambda: bulk.customer(command(), given, **self._now()))

    def _watch(self, given: Values, bulk: Writer, command: Commanding) -> Done | None:
        key = watch_key(given)
        if key is None:
            return None
        known = self.watches.get(key)
        if known is not None:
            return self._done(known, revise_watch, given)
        return self._once("watch", key, lambda: bulk.watch(command(), given, **self._now()))

    def _now(self) -> dict[str, Any]:
        return {"actor": self.order.actor, "at": self.now}

    def _done(self, known: Any, revise: Callable[..., bool], given: Values) -> Done:
        changed = False
        if self.order.update:
            with self.order.writing():
                changed = revise(known, given, self.order.actor)
        return Done(UPDATED if changed else UNCHANGED, known.pk)

    def _once(self, what: str, key: Key, write: Callable[[], int]) -> Done:
        if (what, key) in self.written:
            return Done(UNCHANGED, self.written[what, key])
        made = self.written[what, key] = write()
        return Done(CREATED, made)
