"""The interval around a person's quality holds the true rate as often as it promises."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from analytics.intervals import Proportion
from analytics.periods import Kind, period
from analytics.quality import quality
from analytics.tests.test_intervals import coverage
from receipts.models import (
    Operation,
    OperationType,
    QualityCheck,
    Receipt,
    ReturnCase,
    ReturnItem,
    ReturnReason,
)
from receipts.states import Status
from staff.models import Employee

PAGE = Path(__file__).parents[2] / "docs" / "numbers.md"
DONE = datetime(2026, 3, 10, 9, tzinfo=UTC)
LOOKED = DONE + timedelta(hours=8)
PEOPLE = 60


def test_the_table_of_the_documentation_is_what_comes_out() -> None:
    text = PAGE.read_text(encoding="utf-8").split("| true rate |")[1].split("\n\n")[0]
    head, _line, *rows = [line.strip("| ").split("|") for line in f"| {text}".splitlines()]
    sizes = [int(cell) for cell in re.findall(r"\d+", "".join(head))]
    assert len(rows) >= 8
    for rate, *cells in rows:
        share = int(rate.strip(" %")) / 100
        found = [f"{100 * coverage(size, share):.1f}" for size in sizes]
        assert [cell.strip() for cell in cells] == found, rate


def test_mean_coverage_over_every_rate_and_size() -> None:
    """p 1–30 % in steps of one, n 20–300 in steps of 20: 94–96 %."""
    points = [coverage(n, p / 100) for n in range(20, 301, 20) for p in range(1, 31)]
    assert 0.94 <= sum(points) / len(points) <= 0.96
    assert min(points) > 0.89  # counts are whole numbers: single points lie off


@pytest.mark.django_db
def test_known_rates_are_found_again_in_the_works_of_a_workshop() -> None:
    """Sixty invented people with a rate of returns of their own, twice each, 20–80 works: the
    measure counts exactly what happened, and its interval holds the rate that made it."""
    rng = random.Random("known rates")
    people = _people()
    types = list(OperationType.objects.order_by("pk")[:2])
    drawn: dict[tuple[int, int], tuple[float, list[bool]]] = {}
    for person in people:
        for kind in types:
            rate = rng.uniform(0.01, 0.30)
            bad = [rng.random() < rate for _work in range(rng.randint(20, 80))]
            drawn[person.pk, kind.pk] = (rate, bad)
    _work({key: bad for key, (_rate, bad) in drawn.items()})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the server does by itself within a minute
    asked = period(Kind.CUSTOM, at=LOOKED, first=date(2026, 3, 10), last=date(2026, 3, 10))
    held = 0
    for one in quality(asked, at=LOOKED).people:
        for kind_id, cell in one.by_type.items():
            rate, bad = drawn[one.employee_id, kind_id]
            assert (cell.checked, cell.returned) == (len(bad), sum(bad))
            interval = Proportion(cell.returned, cell.checked).interval
            assert interval is not None
            held += interval[0] <= rate <= interval[1]
    # Of 120 intervals 114 are expected, give or take 2.4; the draw is the same each time.
    assert 109 <= held <= 119


def _people() -> list[Employee]:
    rows = [
        Employee(full_name=f"Мастер {n}", short_name=f"Мастер {n}", created_at=DONE)
        for n in range(PEOPLE)
    ]
    Employee.objects.bulk_create(rows)
    return list(Employee.objects.filter(full_name__startswith="Мастер "))


def _work(drawn: dict[tuple[int, int], list[bool]]) -> None:
    """One receipt per work, checked after it; the bad ones come back by it."""
    reasons = {row.affects_id: row for row in ReturnReason.objects.all()}
    works = [(*key, bad) for key, cases in drawn.items() for bad in cases]
    receipts = [
        Receipt(
            number=f"C-{n}",
            number_key=f"c-{n}",
            similar_key=f"c-{n}",
            status=Status.RECEIVED,
            status_since=DONE,
            received_at=DONE,
            public_token=f"p{n}",
            label_token=f"l{n}",
        )
        for n in range(len(works))
    ]
    Receipt.objects.bulk_create(receipts)
    operations = [
        Operation(receipt=receipt, employee_id=person, type_id=kind, performed_at=DONE)
        for receipt, (person, kind, _bad) in zip(receipts, works, strict=True)
    ]
    Operation.objects.bulk_create(operations)
    D = QualityCheck.Decision
    checks = [
        QualityCheck(
            receipt=receipt,
            opened_at=LOOKED,
            decided_at=LOOKED,
            decision=D.RETURNED if bad else D.PASSED,
        )
        for receipt, (_person, _kind, bad) in zip(receipts, works, strict=True)
    ]
    QualityCheck.objects.bulk_create(checks)
    bad = [pair for pair in zip(operations, checks, strict=True) if pair[1].decision == D.RETURNED]
    cases = [
        ReturnCase(receipt=row.receipt, quality_check=check, returned_at=LOOKED)
        for row, check in bad
    ]
    ReturnCase.objects.bulk_create(cases)
    ReturnItem.objects.bulk_create(
        ReturnItem(
            return_case=case,
            reason=reasons[row.type_id],
            reason_name="x",
            affects_id=row.type_id,
            affects_name="x",
            rule="performer",
            responsibility=ReturnItem.Responsibility.PERSON,
            responsible_id=row.employee_id,
            operation=row,
        )
        for (row, _check), case in zip(bad, cases, strict=True)
    )
