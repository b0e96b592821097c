"""The definitions of spec 5.2 once more, slowly and apart: loops over all rows, no SQL."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from receipts.models import Operation, QualityCheck, ReturnCase, ReturnItem

Cell = tuple[int, int, int, int, int]


class Oracle:
    """Everything in memory; moments are [start, end)."""

    def __init__(self) -> None:
        self.operations = [row for row in Operation.objects.all() if row.voided_at is None]
        self.checks = [
            row
            for row in QualityCheck.objects.all()
            if row.voided_at is None and row.decision is not None
        ]
        self.cases = {row.pk: row for row in ReturnCase.objects.all() if row.voided_at is None}
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
            cases = {item.return_case_id for item in self.items if item.operation_id == row.pk}
            cell[0] += 1
            cell[2] += self._was_checked(row)
            cell[3] += bool(cases)
            cell[4] += len(cases)
        return {key: (a, b, c, d, e) for key, (a, b, c, d, e) in counts.items()}

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
