"""The load and the split of the workshop once more, slowly and apart: loops, no SQL, no sharing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from polishing.models import PolishingOrder
from receipts.models import Assignment, DetachedPart, Hold, Receipt
from receipts.worktime import Calendar, working_between
from workshop.lib import clock


@dataclass(frozen=True)
class Filter:
    """What the question was narrowed to, in the oracle's own words."""

    people: tuple[int, ...] = ()
    types: tuple[int, ...] = ()
    brand: str = ""
    metal: int | None = None


class LoadOracle:
    def __init__(self, at: datetime, chosen: Filter, calendar: Calendar) -> None:
        self.at, self.chosen, self.calendar = at, chosen, calendar
        self.parts = [part for part in DetachedPart.objects.all() if part.until is None]
        self.holds = {
            hold.receipt_id: hold
            for hold in Hold.objects.all()
            if hold.ended_at is None and hold.voided_at is None
        }
        self.handed = {
            row.receipt_id: row
            for row in Assignment.objects.all()
            if row.ended_at is None and row.voided_at is None
        }
        self.here = [
            row
            for row in Receipt.objects.select_related("watch")
            if row.voided_at is None and row.status != "issued"
        ]

    # --- where it is ------------------------------------------------------------------------------

    def place(self, receipt: Receipt) -> tuple[str, int | None]:
        if receipt.status in {"ready", "refused"}:
            return receipt.status, None
        if receipt.status == "on_hold":
            return "hold", self.holds[receipt.pk].reason_id
        if any(part.receipt_id == receipt.pk for part in self.parts):
            return "polisher", None
        return {
            "received": "waiting",
            "returned": "waiting",
            "in_work": "master",
            "quality_control": "qc",
        }[receipt.status], None

    def is_late(self, receipt: Receipt) -> bool:
        finished = receipt.status in {"ready", "refused"}
        return not finished and receipt.deadline is not None and receipt.deadline < self.at

    def wanted(self, receipt: Receipt) -> bool:
        handed, chosen = self.handed.get(receipt.pk), self.chosen
        watch = receipt.watch
        if chosen.people and (handed is None or handed.master_id not in chosen.people):
            return False
        if chosen.types and (handed is None or handed.purpose_id not in chosen.types):
            return False
        if chosen.brand and (watch is None or watch.brand != chosen.brand):
            return False
        return not chosen.metal or (watch is not None and watch.metal_id == chosen.metal)

    def now(self) -> dict[tuple[str, int | None], tuple[int, int, list[int]]]:
        """Place → (watches, late ones, watches by bucket of age)."""
        found: dict[tuple[str, int | None], tuple[int, int, list[int]]] = {}
        for receipt in filter(self.wanted, self.here):
            count, late, ages = found.get(self.place(receipt), (0, 0, [0] * 6))
            days = (self.at - receipt.received_at) / timedelta(days=1)
            ages[sum(days >= edge for edge in (3, 7, 14, 30, 60))] += 1
            found[self.place(receipt)] = count + 1, late + self.is_late(receipt), ages
        return found

    def masters(self, self_service: bool) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = defaultdict(
            lambda: {
                "places": Counter(),
                "purposes": Counter(),
                "overdue": Counter(),
                "waiting": 0,
                "since": [],
            }
        )
        for receipt in filter(self.wanted, self.here):
            handed = self.handed.get(receipt.pk)
            if handed is None:
                continue
            one, place = found[handed.master_id], self.place(receipt)
            one["places"][place[0]] += 1
            if place[0] == "master":
                one["purposes"][handed.purpose_id] += 1
                one["since"].append(handed.assigned_at)
            one["overdue"].update([place] if self.is_late(receipt) else [])
            unaccepted = receipt.status == "in_work" and handed.accepted_at is None
            one["waiting"] += self_service and unaccepted
        return dict(found)

    # --- polishing --------------------------------------------------------------------------------

    def _orders(self) -> list[PolishingOrder]:
        chosen, found = self.chosen, []
        rows = PolishingOrder.objects.select_related("receipt__watch", "operation")
        for row in rows:
            watch = row.receipt.watch
            if row.voided_at is not None or (chosen.metal and row.metal_id != chosen.metal):
                continue
            if chosen.brand and (watch is None or watch.brand != chosen.brand):
                continue
            found.append(row)
        return found

    def out(self) -> dict[int, list[PolishingOrder]]:
        found: dict[int, list[PolishingOrder]] = defaultdict(list)
        for row in self._orders():
            if row.returned_at is None and self._asked(row.polisher_id):
                found[row.polisher_id].append(row)
        return found

    def back(self, start: datetime, end: datetime) -> dict[tuple[int, str], list[PolishingOrder]]:
        """(who, how) → rounds that came back in [start, end)."""
        found: dict[tuple[int, str], list[PolishingOrder]] = defaultdict(list)
        for row in self._orders():
            if row.returned_at is None or not start <= row.returned_at < end:
                continue
            who = row.polished_by_id if row.polished_by_id is not None else row.polisher_id
            how = "without_work"
            if row.result == "done":
                again = row.operation is not None and row.operation.rework_of_id is not None
                how = "rework" if again else "done"
            if self._asked(who):
                found[who, how].append(row)
        return found

    def _asked(self, person: int) -> bool:
        return not self.chosen.people or person in self.chosen.people

    def took(self, row: PolishingOrder) -> tuple[timedelta, timedelta]:
        """Calendar time and working time of a round that is back."""
        assert row.returned_at is not None
        working = working_between(row.sent_at, row.returned_at, self.calendar, clock.zone())
        return row.returned_at - row.sent_at, working


def nearest_rank(values: list[timedelta], percent: int) -> timedelta | None:
    """Counted out: the smallest value with at least so many per cent of all at or below it."""
    for value in sorted(values):
        if sum(other <= value for other in values) * 100 >= percent * len(values):
            return value
    return None
