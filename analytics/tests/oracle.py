"""The definitions of spec 5.2 once more, slowly and apart: loops over all rows, no SQL."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from analytics.filters import Filters
from analytics.periods import Period
from receipts.models import Operation, QualityCheck, Receipt, ReturnCase, ReturnItem
from workshop.lib import clock

Cell = tuple[int, int, int, int, int]


class Oracle:
    """Everything in memory; moments are [start, end)."""

    def __init__(self) -> None:
        self.operations = [
            row
            for row in Operation.objects.select_related("receipt__watch")
            if row.voided_at is None
        ]
        self.checks = [
            row
            for row in QualityCheck.objects.all()
            if row.voided_at is None and row.decision is not None
        ]
        self.cases = {
            row.pk: row
            for row in ReturnCase.objects.select_related("receipt__watch")
            if row.voided_at is None
        }
        self.items = [row for row in ReturnItem.objects.all() if row.return_case_id in self.cases]

    def cells(self, start: datetime, end: datetime) -> dict[tuple[int, int], Cell]:
        """(person, type) → works, own reworks, checked, returned, returns."""
        counts: dict[tuple[int, int], list[int]] = {}
        for row in self.operations:
            if not start <= row.performed_at < end:
                continue
            cell = counts.setdefault((row.employee_id, row.type_id), [0] * 5)
            if self._is_own_rework(row):
                cell[1] += 1
                continue
            cases = {
                item.return_case_id
                for item in self.items
                if item.operation_id == row.pk
                and self.cases[item.return_case_id].receipt_id == row.receipt_id
            }
            cell[0] += 1
            cell[2] += self._was_checked(row)
            cell[3] += bool(cases)
            cell[4] += len(cases)
        return {key: (a, b, c, d, e) for key, (a, b, c, d, e) in counts.items()}

    def narrowed_cells(
        self, start: datetime, end: datetime, filters: Filters
    ) -> dict[tuple[int, int], Cell]:
        """The cells of some people, types and brands."""
        everything = self.operations
        self.operations = [row for row in everything if self._is_of_brand(row.receipt, filters)]
        cells = self.cells(start, end)
        self.operations = everything
        return {
            (person, kind): cell
            for (person, kind), cell in cells.items()
            if person in (filters.employees or (person,)) and kind in (filters.types or (kind,))
        }

    def per_bucket(self, asked: Period, filters: Filters) -> dict[date, int]:
        """Works of each bucket, the last one cut where the period is."""
        found = {}
        for first, after in asked.buckets():
            start, end = clock.day_start(first), min(clock.day_start(after), asked.end)
            cells = self.narrowed_cells(start, max(start, end), filters)
            found[first] = sum(cell[0] for cell in cells.values())
        return found

    def _is_of_brand(self, receipt: Receipt, filters: Filters) -> bool:
        brand = receipt.watch.brand if receipt.watch else ""
        return not filters.brand or brand == filters.brand

    def narrowed_assemblers(
        self, start: datetime, end: datetime, filters: Filters
    ) -> dict[int, int]:
        counts = Counter(
            case.assembler_id
            for case in self.cases.values()
            if case.assembler_id is not None
            and start <= case.returned_at < end
            and self._is_of_brand(case.receipt, filters)
        )
        chosen = filters.employees or tuple(counts)
        return {person: number for person, number in counts.items() if person in chosen}

    def narrowed_items(self, start: datetime, end: datetime, filters: Filters) -> list[ReturnItem]:
        """Items that these people answer for and that concern these types."""
        return [
            item
            for item in self.returned(start, end)
            if (not filters.employees or item.responsible_id in filters.employees)
            and (not filters.types or item.affects_id in filters.types)
            and self._is_of_brand(self.cases[item.return_case_id].receipt, filters)
        ]

    def _is_own_rework(self, row: Operation) -> bool:
        if row.rework_of_id is None:
            return False
        case = self.cases[row.rework_of_id]
        return any(
            other.pk != row.pk
            and other.receipt_id == row.receipt_id
            and (other.type_id, other.employee_id) == (row.type_id, row.employee_id)
            and other.performed_at <= case.returned_at
            for other in self.operations
        )

    def _was_checked(self, row: Operation) -> bool:
        return any(
            check.receipt_id == row.receipt_id
            and check.decided_at is not None
            and check.decided_at >= row.performed_at
            for check in self.checks
        )

    def from_customers(self, start: datetime, end: datetime) -> Counter[int]:
        """Person → works of the period that a return on a warranty repeat points at."""
        found: Counter[int] = Counter()
        for row in self.operations:
            if not start <= row.performed_at < end or self._is_own_rework(row):
                continue
            visits = [
                self.cases[item.return_case_id].receipt
                for item in self.items
                if item.operation_id == row.pk
            ]
            found[row.employee_id] += any(
                visit.repeats_id == row.receipt_id and visit.visit_kind == "warranty"
                for visit in visits
                if visit.voided_at is None
            )
        return +found

    def assemblers(self, start: datetime, end: datetime) -> Counter[int]:
        return Counter(
            case.assembler_id
            for case in self.cases.values()
            if case.assembler_id is not None and start <= case.returned_at < end
        )

    def returned(self, start: datetime, end: datetime) -> list[ReturnItem]:
        """Items of the returns registered in the period."""
        return [
            item
            for item in self.items
            if start <= self.cases[item.return_case_id].returned_at < end
        ]

    def column(self, item: ReturnItem) -> str:
        valid = {row.pk for row in self.operations}
        if item.responsibility == "not_ours":
            return "not_ours"
        if item.responsibility == "undecided":
            return "undecided"
        return "hit_a_work" if item.operation_id in valid else "without_a_work"
