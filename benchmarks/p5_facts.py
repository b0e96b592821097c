"""P5's answers once more, by GROUP BY over the facts: plain SQL, one pass over each table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

DAY: Final = "({} AT TIME ZONE 'Europe/Moscow')::date"

# A decision after the work checks it; a return of its receipt hits it; the same person's earlier
# work of the type makes a rework his own.
WORKS: Final = f"""
SELECT {DAY.format("o.performed_at")} AS day, o.employee_id, o.type_id,
    count(*) FILTER (WHERE own.id IS NULL),
    count(own.id),
    count(*) FILTER (WHERE own.id IS NULL AND c.last >= o.performed_at),
    count(h.id) FILTER (WHERE own.id IS NULL),
    coalesce(sum(h.cases) FILTER (WHERE own.id IS NULL), 0)
FROM receipts_operation o
LEFT JOIN (SELECT receipt_id, max(decided_at) AS last FROM receipts_qualitycheck
    WHERE voided_at IS NULL AND decision IS NOT NULL GROUP BY 1) c ON c.receipt_id = o.receipt_id
LEFT JOIN (SELECT w.id, count(DISTINCT r.id) AS cases FROM receipts_returnitem i
    JOIN receipts_returncase r ON r.id = i.return_case_id AND r.voided_at IS NULL
    JOIN receipts_operation w ON w.id = i.operation_id AND w.receipt_id = r.receipt_id
    GROUP BY 1) h ON h.id = o.id
LEFT JOIN (SELECT DISTINCT w.id FROM receipts_operation w
    JOIN receipts_returncase r ON r.id = w.rework_of_id
    JOIN receipts_operation e ON e.receipt_id = w.receipt_id AND e.type_id = w.type_id
        AND e.employee_id = w.employee_id AND e.id <> w.id AND e.voided_at IS NULL
        AND e.performed_at <= r.returned_at) own ON own.id = o.id
WHERE o.voided_at IS NULL
GROUP BY 1, 2, 3
"""

ITEMS: Final = f"""
SELECT {DAY.format("r.returned_at")}, r.id, r.receipt_id, i.reason_id, i.affects_id,
    coalesce(i.responsible_id, 0),
    CASE WHEN o.id IS NOT NULL AND o.voided_at IS NULL THEN 'hit_a_work'
        WHEN i.responsibility = 'person' THEN 'without_a_work' ELSE i.responsibility END
FROM receipts_returnitem i
JOIN receipts_returncase r ON r.id = i.return_case_id AND r.voided_at IS NULL
LEFT JOIN receipts_operation o ON o.id = i.operation_id
"""

ASSEMBLERS: Final = f"""
SELECT {DAY.format("returned_at")}, assembler_id, count(*) FROM receipts_returncase
WHERE voided_at IS NULL AND assembler_id IS NOT NULL GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Answer:
    """What a dashboard says, without names."""

    cells: dict[tuple[int, int], tuple[int, ...]]
    assemblers: dict[int, int]
    output: dict[tuple[int, int], int]
    buckets: dict[date, int]
    cases: int
    receipts: int
    columns: dict[str, int]
    reasons: dict[str, int]
    types: dict[str, int]


class Facts:
    """All of the facts of one moment, grouped; call it inside of the snapshot."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL work_mem = '512MB'")
            cursor.execute(WORKS)
            self.works = cursor.fetchall()
            cursor.execute(ASSEMBLERS)
            self.assemblers = cursor.fetchall()
            cursor.execute(ITEMS)
            self.items = cursor.fetchall()
        self.by_cell: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for item in self.items:
            for responsible in {0, item[5]}:
                for affects in (0, item[4]):
                    self.by_cell[responsible, affects].append(item)

    @property
    def counted(self) -> int:
        return sum(row[3] + row[4] for row in self.works)

    def answer(self, asked: Any, filters: Any) -> Answer:
        first, after = asked.first, asked.after
        person, kind = (filters.employees or (0,))[0], (filters.types or (0,))[0]
        cells: dict[tuple[int, int], tuple[int, ...]] = {}
        output: Counter[tuple[int, int]] = Counter()
        days: Counter[date] = Counter()
        for day, who, what, *values in self.works:
            if first <= day < after and person in (0, who) and kind in (0, what):
                before = cells.get((who, what), (0,) * 5)
                cells[who, what] = tuple(map(sum, zip(before, map(int, values), strict=True)))
                output[who, what] += values[0]
                days[day] += values[0]
        items = [row for row in self.by_cell[person, kind] if first <= row[0] < after]
        assemblers: Counter[int] = Counter()
        for day, who, number in self.assemblers:
            if first <= day < after and person in (0, who):
                assemblers[who] += number
        return Answer(
            cells,
            dict(assemblers),
            {key: number for key, number in output.items() if number},
            {
                begin: sum(number for day, number in days.items() if begin <= day < end)
                for begin, end in asked.buckets()
            },
            len({row[1] for row in items}),
            len({row[2] for row in items}),
            dict(Counter(row[6] for row in items)),
            _by(row[3] for row in items),
            _by(row[4] for row in items),
        )


def _by(keys: Iterable[int]) -> dict[str, int]:
    return dict(Counter(map(str, keys)))


def told(report: Any, made: Any, found: Any) -> Answer:
    """The same of what the product's measures have answered."""
    return Answer(
        {
            (one.employee_id, kind): (
                cell.works,
                cell.own_reworks,
                cell.checked,
                cell.returned,
                cell.returns,
            )
            for one in report.people
            for kind, cell in one.by_type.items()
        },
        {one.employee_id: one.as_assembler for one in report.people if one.as_assembler},
        {(who, what): n for who, row in made.by_person.items() for what, n in row.items()},
        dict(made.per_bucket),
        found.cases,
        found.receipts,
        {name: n for name, n in vars(found.columns).items() if n and name != "total"},
        {bar.key: bar.count for bar in found.by_reason},
        {bar.key: bar.count for bar in found.by_type},
    )
