"""Returns registered in a period: why, of what, and by whom (spec 5.2, the second cohort)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Count, QuerySet

from analytics.facts import HIT_A_WORK, NOT_OURS, UNDECIDED, WITHOUT_A_WORK, items_of_returns
from analytics.periods import Period
from receipts.models import ReturnItem


@dataclass(frozen=True)
class Columns:
    """Every item of a return is in exactly one of them, so they sum to ``total``."""

    hit_a_work: int
    without_a_work: int
    not_ours: int
    undecided: int
    total: int


@dataclass(frozen=True)
class Bar:
    """One bar of a Pareto chart; ``cumulative`` is the share of it and all before it, 0 to 1."""

    key: str
    label: str
    count: int
    cumulative: float


@dataclass(frozen=True)
class Returns:
    """What came back in a period."""

    cases: int
    receipts: int
    columns: Columns
    by_reason: list[Bar]
    by_type: list[Bar]
    by_brand: list[Bar]
    by_calibre: list[Bar]


def returns(asked: Period, *, employees: Iterable[int] = ()) -> Returns:
    """Returns by the date of the return; ``employees`` keeps the items they answer for."""
    items = items_of_returns(asked.start, asked.end)
    if employees:
        items = items.filter(responsible__in=list(employees))
    counts = items.aggregate(
        cases=Count("return_case", distinct=True),
        receipts=Count("return_case__receipt", distinct=True),
        hit_a_work=Count("pk", filter=HIT_A_WORK),
        without_a_work=Count("pk", filter=WITHOUT_A_WORK),
        not_ours=Count("pk", filter=NOT_OURS),
        undecided=Count("pk", filter=UNDECIDED),
        total=Count("pk"),
    )
    return Returns(
        cases=counts.pop("cases"),
        receipts=counts.pop("receipts"),
        columns=Columns(**counts),
        by_reason=_pareto(items, "reason", "reason__name"),
        by_type=_pareto(items, "affects", "affects__name"),
        by_brand=_pareto(items, "return_case__receipt__watch__brand"),
        by_calibre=_pareto(items, "return_case__receipt__watch__calibre"),
    )


MOST = 20
"""Bars of a chart; what is rarer is summed up as the last one, with the key ``OTHERS``."""

OTHERS = "others"


def _pareto(items: QuerySet[ReturnItem], key: str, label: str = "") -> list[Bar]:
    """Most frequent first, equal ones by name; what is not known has an empty key."""
    rows = items.order_by().values_list(key, label or key).annotate(Count("pk"))
    counts: Counter[tuple[str, str]] = Counter()
    for value, name, number in rows:
        counts["" if value is None else str(value), name or ""] += number
    bars = sorted(counts.items(), key=lambda bar: (-bar[1], bar[0][1], bar[0][0]))
    rest = sum(number for _bar, number in bars[MOST:])
    shown = [(key, name, number) for (key, name), number in bars[:MOST]]
    if rest:
        shown.append((OTHERS, "", rest))
    total = sum(number for *_names, number in shown)
    sums = accumulate(number for *_names, number in shown)
    return [
        Bar(key, name, number, done / total)
        for (key, name, number), done in zip(shown, sums, strict=True)
    ]
