"""The ranks of the database and the values of the moment give the percentile of all together."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from analytics.models import ReceiptFact, StatusTime
from analytics.percentiles import MEDIAN, P90, percentile
from analytics.spreads import NOTHING, Spread, spread, spreads
from receipts.models import Receipt

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, tzinfo=UTC)


def expected(values: list[int]) -> Spread:
    lengths = [timedelta(seconds=value) for value in values]
    total = sum(lengths, timedelta())
    return Spread(len(values), total, percentile(lengths, MEDIAN), percentile(lengths, P90))


def make_fact(number: int) -> ReceiptFact:
    receipt = Receipt.objects.create(
        number=f"{number}", number_key=f"{number}", similar_key="x", received_at=AT, status_since=AT
    )
    return ReceiptFact.objects.create(receipt=receipt, received_at=AT, last_at=AT)


def test_any_mixture_of_stored_and_live_values() -> None:
    rng = random.Random(5)
    fact = make_fact(1)
    for round_ in range(150):
        point = rng.choice([0, 1, 2, 3, 7, 20])
        rows = [
            StatusTime(
                fact=fact,
                number=number,
                status=rng.choice(["ready", "in_work"]),
                seconds=rng.randint(0, 9),
                working=0,
            )
            for number in range(point)
        ]
        StatusTime.objects.bulk_create(rows)
        live = {
            (status,): [rng.randint(0, 9) for _n in range(rng.choice([0, 0, 1, 2, 5]))]
            for status in ("ready", "returned")
        }
        values: dict[tuple[str], list[int]] = defaultdict(list)
        for row in rows:
            values[(row.status,)].append(row.seconds)
        for key, more in live.items():
            values[key].extend(more)
        found = spreads(StatusTime.objects.order_by(), "seconds", live, ["status"])
        wanted = {key: expected(numbers) for key, numbers in values.items() if numbers}
        assert found == wanted, round_
        everything = [number for numbers in values.values() for number in numbers]
        more = [number for numbers in live.values() for number in numbers]
        assert spread(StatusTime.objects.order_by(), "seconds", more) == expected(everything)
        StatusTime.objects.all().delete()


def test_nothing_has_no_median() -> None:
    assert spread(StatusTime.objects.order_by(), "seconds", []) == NOTHING
    assert (NOTHING.median, NOTHING.p90) == (None, None)
