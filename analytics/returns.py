"""Returns registered in a period: why, of what, and by whom (spec 5.2, the second cohort)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from django.db.models import Count, Exists, OuterRef, QuerySet

from analytics import facts
from analytics.facts import COLUMN, COLUMNS, items_of_returns
from analytics.filters import EVERYTHING, Filters
from analytics.models import ALL
from analytics.periods import Period
from analytics.snapshots import Parts, Snapshot, snapshot, wanted_items
from receipts.models import OperationType, ReturnItem, ReturnReason
from workshop.lib.models import CatalogueRow


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


def returns(
    asked: Period,
    *,
    at: datetime | None = None,
    filters: Filters = EVERYTHING,
    watches: bool = True,
) -> Returns:
    """Items of returns by the date of the return; the filters keep the items for which these
    people answer and that concern these types. ``cases`` and ``receipts`` are those with such an
    item, each once. ``at`` changes nothing.

    Brand and calibre stand on the watch and are counted from the facts of the period: who does
    not show them asks without ``watches``. A fixed number of queries.
    """
    with snapshot() as shot:
        counts = _items(shot, asked, filters)
        cases, receipts = cases_and_receipts(shot, asked, filters)
        reasons = _named(ReturnReason, {reason for reason, _affects, _column in counts})
        types = _named(OperationType, {affects for _reason, affects, _column in counts})
        rows = items_of_returns(asked.start, asked.end).filter(facts.chosen_items(filters))
        watch = "return_case__receipt__watch"
        by_brand = _pareto(_by_text(rows, f"{watch}__brand")) if watches else []
        by_calibre = _pareto(_by_text(rows, f"{watch}__calibre")) if watches else []
    by_reason: Counter[tuple[str, str]] = Counter()
    by_type: Counter[tuple[str, str]] = Counter()
    columns: Counter[str] = Counter()
    for (reason, affects, column), number in counts.items():
        by_reason[str(reason), reasons[reason]] += number
        by_type[str(affects), types[affects]] += number
        columns[column] += number
    return Returns(
        cases=cases,
        receipts=receipts,
        columns=Columns(**{name: columns[name] for name in COLUMNS}, total=columns.total()),
        by_reason=_pareto(by_reason),
        by_type=_pareto(by_type),
        by_brand=by_brand,
        by_calibre=by_calibre,
    )


def _items(shot: Snapshot, asked: Period, filters: Filters) -> Counter[tuple[int, int, str]]:
    """Items by reason, affected type and column."""
    parts, by = shot.parts(asked, filters), ("reason", "affects", "column")
    found: Counter[tuple[int, int, str]] = Counter()
    if parts.rolled:
        sums = shot.sums("items", parts.rolled, by=by, wanted=wanted_items(filters))
        for (reason, affects, column), (number,) in sums.items():
            found[reason, affects, column] += number
    if parts.facts:
        rows = items_of_returns(*parts.facts).filter(facts.chosen_items(filters)).order_by()
        counts = rows.annotate(column=COLUMN).values_list(*by).annotate(Count("pk"))
        for reason, affects, column, number in counts:
            found[reason, affects, column] += number
    return found


def cases_and_receipts(shot: Snapshot, asked: Period, filters: Filters) -> tuple[int, int]:
    """Returns with an item that is asked for, and their receipts, each once.

    Roll-ups know them for one person and one type; several at once are counted from the facts.
    """
    parts = shot.parts(asked, filters)
    if len(filters.employees) > 1 or len(filters.types) > 1:
        parts = Parts(None, (asked.start, asked.end))
    cases = receipts = 0
    if parts.rolled:
        wanted = {"responsible": filters.employees or (ALL,), "affects": filters.types or (ALL,)}
        for sums in shot.sums("cases", parts.rolled, by=("affects",), wanted=wanted).values():
            cases, receipts = sums[0], sums[0] - sums[1]
        receipts += shot.straddling(parts.rolled, wanted=wanted)
    if parts.facts:
        start, end = parts.facts
        chosen = facts.chosen_items(filters)
        rows = items_of_returns(start, end).filter(chosen)
        earlier = items_of_returns(asked.start, start).filter(
            chosen, return_case__receipt=OuterRef("return_case__receipt")
        )
        counts = rows.aggregate(
            cases=Count("return_case", distinct=True),
            receipts=Count("return_case__receipt", distinct=True, filter=~Exists(earlier)),
        )
        cases, receipts = cases + counts["cases"], receipts + counts["receipts"]
    return cases, receipts


def _named(model: type[CatalogueRow], ids: set[int]) -> dict[int, str]:
    return dict(model.objects.filter(pk__in=ids).values_list("pk", "name"))


MOST = 20
"""Bars of a chart; what is rarer is summed up as the last one, with the key ``OTHERS``."""

OTHERS = "others"


def _by_text(items: QuerySet[ReturnItem], key: str) -> Counter[tuple[str, str]]:
    """By what stands on the watch; what is not known has an empty key."""
    counts: Counter[tuple[str, str]] = Counter()
    for text, number in items.order_by().values_list(key).annotate(Count("pk")):
        counts[text or "", text or ""] += number
    return counts


def _pareto(counts: Counter[tuple[str, str]]) -> list[Bar]:
    """Most frequent first, equal ones by name; what is not known has an empty key."""
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
