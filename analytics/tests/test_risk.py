"""Risk focus: each receipt once, on the level that fits, with reasons and bounded work."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from analytics import burning
from analytics.burning import SOON
from analytics.models import ReceiptFact
from analytics.monitoring.estimates import ENOUGH, Estimate, Estimator
from analytics.monitoring.risk import LEVEL_OF, Kind, Level, RiskFocus, risk_focus
from analytics.monitoring.risk_words import estimate_words, reasons
from analytics.receipt_facts.services import refresh
from analytics.tests import test_burning
from analytics.tests.load_world import AT, Pools
from receipts import stays
from receipts.models import Receipt, ServiceLimit
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.flow import submit
from receipts.services.quality import pass_check
from receipts.services.works import WorkInput, record_work
from receipts.states import URGENT_LIST
from tests.cast import Cast, make_cast, make_in_work, make_receipt, type_id

pytestmark = pytest.mark.django_db
pools = test_burning.pools
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def slowly() -> dict[int, Kind]:
    """Receipt → its kind, by looking at each of them; without estimates."""
    over = {stay.receipt.pk for stay in stays.over(Receipt.objects.in_workshop(), AT)}
    found = {}
    for row in Receipt.objects.in_workshop():
        kind = _kind(row, row.pk in over)
        if kind is not None:
            found[row.pk] = kind
    return found


def _kind(row: Receipt, over: bool) -> Kind | None:
    unfinished = row.status in URGENT_LIST
    if unfinished and row.deadline is not None and row.deadline < AT + SOON:
        return Kind.OVERDUE if row.deadline < AT else Kind.SOON
    if over:
        return Kind.LONG
    if unfinished and row.status_since < AT - 7 * DAY:
        return Kind.STALE  # rows of this world have no events
    return Kind.NO_DEADLINE if unfinished and row.deadline is None else None


def test_it_finds_what_looking_at_everything_finds(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for seed in range(6):
        point = transaction.savepoint()
        test_burning.world(seed, pools, receipts=24)
        if seed % 2:  # so that also the levels behind "too long" are reached
            ServiceLimit.objects.update(active=False)
        expected, found = slowly(), risk_focus(at=AT, most=1000)
        assert {row.receipt.pk: row.kind for row in found.rows} == expected
        assert found.counts == {kind: list(expected.values()).count(kind) for kind in Kind}
        assert found.total == len(found.rows) == sum(found.levels.values())
        assert not found.capped
        _check_order_and_pages(found)
        assert all(reasons(row, AT) for row in found.rows)
        seen.update(expected.values())
        transaction.savepoint_rollback(point)
    assert set(seen) == set(Kind) - {Kind.WILL_MISS}, f"the worlds are too plain: {seen}"


def _check_order_and_pages(found: RiskFocus) -> None:
    kinds = [list(Kind).index(row.kind) for row in found.rows]
    assert kinds == sorted(kinds)
    by_twos = [risk_focus(at=AT, first=first, most=2).rows for first in range(0, found.total, 2)]
    assert [row for page in by_twos for row in page] == found.rows
    for level in Level:
        only = risk_focus(at=AT, level=level.value, most=1000)
        assert only.rows == [row for row in found.rows if LEVEL_OF[row.kind] == level]
        assert only.counts == found.counts


def finished(cast: Cast, number: int, *, bench: timedelta, checked: timedelta) -> None:
    """At the master for ``bench``, at quality control for ``checked``, then ready."""
    actor, begun = cast.actor("igor"), BEGIN + number * HOUR
    receipt = make_receipt(cast, at=begun)
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=actor, at=begun)
    works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    record_work(receipt_id=receipt.pk, works=works, actor=actor, at=begun)
    submit(receipt_id=receipt.pk, actor=actor, at=begun + bench)
    pass_check(receipt_id=receipt.pk, actor=actor, at=begun + bench + checked)
    refresh([receipt.pk])


@pytest.fixture
def usual() -> Cast:
    """Twenty-one finished watches: 10 to 30 hours on the bench, five more until ready."""
    cast = make_cast()
    for number in range(21):
        finished(cast, number, bench=(10 + number) * HOUR, checked=5 * HOUR)
    return cast


def test_the_rest_is_told_from_those_that_stayed_as_long(usual: Cast) -> None:
    at = BEGIN + 10 * DAY
    estimator = Estimator(at)
    fresh = estimator.of("in_work", at, at + 20 * HOUR)
    assert fresh == Estimate(left=20 * HOUR, typical=25 * HOUR, cases=21)
    assert fresh.misses
    # One that has been there for 10.5 hours: the one of 10 hours tells nothing of it any more.
    later = estimator.of("in_work", at - timedelta(hours=10.5), at + 20 * HOUR)
    assert later == Estimate(20 * HOUR, timedelta(hours=14.5), 20)
    assert not later.misses
    assert estimator.of("in_work", at - 12 * HOUR, at + HOUR) is None  # nineteen: too few
    assert estimator.of("quality_control", at, at + HOUR) == Estimate(HOUR, 5 * HOUR, 21)
    assert estimator.of("on_hold", at, at + HOUR, 1) is None
    assert Estimator(at + 365 * DAY).of("in_work", at, at) is None  # too long ago


def test_too_few_finished_watches_estimate_nothing(usual: Cast) -> None:
    gone = ReceiptFact.objects.order_by("pk").values_list("pk", flat=True)[: 21 - ENOUGH + 1]
    ReceiptFact.objects.filter(pk__in=list(gone)).update(ready_at=None)
    at = BEGIN + 10 * DAY
    assert Estimator(at).of("in_work", at, at + HOUR) is None


def test_one_that_will_be_late_is_critical_before_its_day_has_come(usual: Cast) -> None:
    at = BEGIN + 10 * DAY
    receipt, calm = (make_in_work(usual, at=at) for _n in range(2))
    actor = usual.actor("igor")
    change_deadline(receipt_id=receipt.pk, deadline=at + DAY + HOUR / 2, actor=actor, at=at)
    change_deadline(receipt_id=calm.pk, deadline=at + 3 * DAY, actor=actor, at=at)
    found = risk_focus(at=at)
    rows = [row for row in found.rows if row.receipt.pk in {receipt.pk, calm.pk}]
    assert [(row.receipt, row.kind, row.level) for row in rows] == [
        (receipt, Kind.WILL_MISS, Level.CRITICAL)
    ]
    with translation.override("ru"):
        due, estimate = reasons(rows[0], at)
    assert due.startswith("Срок")
    assert "24 ч" in estimate
    assert "21" in estimate
    assert estimate.startswith("Оценка")


def test_what_anybody_wrote_about_a_receipt_makes_it_a_living_one() -> None:
    cast = make_cast()
    ServiceLimit.objects.update(active=False)
    begun = BEGIN + HOUR
    forgotten, alive = (make_in_work(cast, at=begun) for _n in range(2))
    at = begun + 9 * DAY
    works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    record_work(receipt_id=alive.pk, works=works, actor=cast.actor("igor"), at=at - 3 * DAY)
    found = {row.receipt.pk: row for row in risk_focus(at=at).rows}
    assert found[forgotten.pk].kind == Kind.STALE
    assert found[forgotten.pk].last_at == begun
    assert found[alive.pk].kind == Kind.NO_DEADLINE
    with translation.override("ru"):
        told = reasons(found[forgotten.pk], at)
    assert told[0].startswith("Ничего не происходило 9 дней")
    assert "Без срока" in told[1]


def test_an_estimate_says_what_it_rests_on() -> None:
    with translation.override("en"):
        told = estimate_words(Estimate(timedelta(hours=2.5), timedelta(hours=30.9), 47))
    assert told == (
        "Estimate: 2 h 30 min of working time left, half of 47 like it needed 30 h more"
    )


def test_work_is_bounded(pools: Pools, monkeypatch: pytest.MonkeyPatch) -> None:
    test_burning.world(5, pools, receipts=60)
    whole = risk_focus(at=AT, most=1000)
    monkeypatch.setattr(burning, "MOST", 3)
    found = risk_focus(at=AT, most=1000)
    assert found.capped
    assert found.counts["long"] <= 3 < whole.counts["long"]
    assert len({row.receipt.pk for row in found.rows}) == len(found.rows)


def test_nothing_is_in_danger_in_an_empty_workshop() -> None:
    found = risk_focus(at=AT)
    assert (found.rows, found.total, found.capped) == ([], 0, False)


def test_a_thousand_receipts_ask_no_more_questions_than_ten(usual: Cast) -> None:
    at = BEGIN + 10 * DAY
    asked = []
    for count in (10, 990):
        _many(usual, count, at)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert risk_focus(at=at, most=50).total
        asked.append(len(captured))
    assert max(asked) <= 34, asked


def _many(cast: Cast, count: int, at: datetime) -> None:
    taken = Receipt.objects.count()
    Receipt.objects.bulk_create(
        Receipt(
            number=f"M-{number}",
            number_key=f"m-{number}",
            similar_key=f"m-{number}",
            status=("in_work", "received", "quality_control", "ready")[number % 4],
            status_since=at - (number % 30) * DAY,
            received_at=at - 31 * DAY,
            deadline=(at + (number % 11 - 3) * DAY, None)[number % 5 == 0],
            master=cast.maxim,
            public_token=f"p{number}",
            label_token=f"l{number}",
        )
        for number in range(taken, taken + count)
    )
