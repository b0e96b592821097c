"""Customers and watches that rows speak of: known ones are found, new ones are written once.

A customer is the same when phone and name are; a watch when its serial number (and brand, if both
are named) is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from integrations.imports.cells import folded
from integrations.imports.columns import Values
from receipts.models import Customer, Receipt, Watch
from receipts.numbers import fold_serial

WATCH: Final[tuple[str, ...]] = (
    "brand",
    "model",
    "reference",
    "serial",
    "movement_number",
    "calibre",
    "metal",
    "water_resistance_bar",
)
CustomerKey = tuple[str, str]
WatchKey = tuple[str, str]


class Keys(NamedTuple):
    """By what the customer and the watch of a row are recognised; None where there is none."""

    customer: CustomerKey | None
    watch: WatchKey | None


class Parties:
    def __init__(self) -> None:
        self._customers: dict[CustomerKey, int] = {}
        self._watches: dict[WatchKey, int] = {}

    def look_up(self, rows: Iterable[Values]) -> None:
        """What the rows of a chunk may meet; what earlier chunks wrote is in the database too."""
        rows = list(rows)
        phones = {row["phone"] for row in rows if row.get("phone")}
        present = Customer.objects.filter(merged_into=None, erased_at=None)
        self._customers = {
            (phone, folded(name)): pk
            for pk, phone, name in present.filter(phone__among=phones)
            .order_by("-pk")
            .values_list("pk", "phone", "name")
        }
        keys = {fold_serial(row["serial"]) for row in rows if row.get("serial")} - {""}
        found = Watch.objects.filter(serial_key__among=keys).order_by("-pk")
        self._watches = {}
        for pk, serial, brand in found.values_list("pk", "serial_key", "brand"):
            self._watches[serial, folded(brand)] = self._watches[serial, ""] = pk

    def new_customer(
        self, values: Values, key: CustomerKey | None, facts: dict[str, Any]
    ) -> dict[str, str] | None:
        """The values of a customer to write; a known one is put into ``facts`` instead."""
        if key is None:
            return None
        known = self._customers.get(key) if key[0] else None
        if known is not None:
            facts["customer"] = known
            return None
        return {"name": values.get("customer", ""), "phone": values.get("phone", "")}

    def new_watch(
        self, values: Values, key: WatchKey | None, facts: dict[str, Any]
    ) -> dict[str, Any] | None:
        given = {name: values[name] for name in WATCH if name in values}
        if not given:
            return None
        known = self._watches.get(key) if key is not None else None
        if known is not None:
            facts["watch"] = known
            return None
        return given

    def remember(self, keys: Keys, receipt: Receipt) -> None:
        """What a row has written counts for the rows after it."""
        customer, watch = keys
        if customer is not None and customer[0] and receipt.customer_id:
            self._customers[customer] = receipt.customer_id
        if watch is not None and receipt.watch_id:
            self._watches[watch] = self._watches[watch[0], ""] = receipt.watch_id


def customer_key(values: Values) -> CustomerKey | None:
    phone, name = values.get("phone", ""), values.get("customer", "")
    return (phone, folded(name)) if phone or name else None


def watch_key(values: Values) -> WatchKey | None:
    serial = fold_serial(values.get("serial", ""))
    return (serial, folded(values.get("brand", ""))) if serial else None
