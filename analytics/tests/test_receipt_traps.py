"""Where numbers about whole receipts could lie: one test for each way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.deadlines import deadlines
from analytics.escape import escape_rate
from analytics.filters import Filters
from analytics.first_pass import first_pass_yield
from analytics.flow import Day, flow
from analytics.lead_time import lead_time
from analytics.models import Mark, ReceiptFact
from analytics.periods import Kind, Period, period
from analytics.receipt_facts.services import Healed, heal, refresh
from analytics.services import rollups
from analytics.statuses import statuses
from analytics.tasks import heal_receipt_facts
from history.jobs import Turn
from receipts.models import HoldReason, Receipt, RefusalReason
from receipts.services.calendars import create_calendar, set_day
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order
from receipts.services.quality import pass_check
from receipts.services.registration import void_receipt
from receipts.services.returns import ItemInput, return_watch
from receipts.services.voiding import void_decision
from receipts.states import Status
from tests.cast import Cast, make_cast, make_ready, make_receipt, make_worked, reason_id
from workshop.lib.errors import RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 10, 9, tzinfo=UTC)  # noon in Moscow, a Tuesday
LATER = AT + timedelta(days=400)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Measure = Callable[..., Any]
MEASURES: list[Measure] = [
    lead_time, statuses, deadlines, first_pass_yield, escape_rate, flow,
]  # fmt: skip


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def days(first: date, last: date) -> Period:
    return period(Kind.CUSTOM, at=LATER, first=first, last=last)


MARCH = days(date(2026, 3, 1), date(2026, 3, 31))


class Desk:
    """One receipt and Anna, who presses."""

    def __init__(self, cast: Cast, receipt: Receipt) -> None:
        self.actor, self.pk = cast.actor("anna"), receipt.pk

    def do(self, service: Callable[..., Any], after: timedelta, **values: Any) -> None:
        service(receipt_id=self.pk, actor=self.actor, at=AT + after, **values)


def total(at: datetime = LATER) -> Day:
    return flow(MARCH, at=at).total


def test_a_refused_repair_is_in_no_lead_time_and_kept_no_deadline(cast: Cast) -> None:
    desk = Desk(cast, make_ready(cast, at=AT))
    desk.do(change_deadline, HOUR, deadline=AT + DAY)
    assert lead_time(MARCH, at=LATER).ready.n == deadlines(MARCH, at=LATER).first.kept.whole == 1
    desk.do(refuse, 2 * HOUR, reason_id=RefusalReason.objects.first().pk)
    desk.do(issue, 3 * HOUR, as_taken_in=True)
    found = lead_time(MARCH, at=LATER)
    assert (found.ready.n, found.issued.n, found.days) == (0, 0, {})
    assert deadlines(MARCH, at=LATER).first.kept.whole == 0
    assert escape_rate(MARCH, at=LATER).issued == 0
    assert (total(), flow(MARCH, at=LATER).unrepaired) == (Day(1, 0, 1, 1), 1)


def test_a_void_receipt_is_nowhere(cast: Cast) -> None:
    receipt = make_receipt(cast, at=AT)
    assert total().received == 1
    refresh([receipt.pk])
    Desk(cast, receipt).do(void_receipt, HOUR, reason="twice")
    assert total().received == 0
    refresh([receipt.pk])
    Mark.objects.all().delete()
    assert total().received == 0


def test_an_undone_pass_leaves_no_trace(cast: Cast) -> None:
    desk = Desk(cast, make_worked(cast, at=AT))
    desk.do(pass_check, HOUR)
    desk.do(void_decision, 2 * HOUR, reason="wrong press")
    found = lead_time(MARCH, at=LATER)
    assert found.ready.n == first_pass_yield(MARCH, at=LATER).passed.whole == 0
    desk.do(return_watch, 3 * HOUR, items=[ItemInput(reason_id("dirt_inside"))])
    desk.do(pass_check, 4 * HOUR)
    first = first_pass_yield(MARCH, at=LATER)
    assert (first.passed.part, first.passed.whole, first.returns) == (0, 1, 1)
    table = {row.status: row.calendar.total for row in statuses(MARCH, at=LATER).statuses}
    # It never was ready in between: three hours at the master, one of them returned.
    assert table == {Status.IN_WORK: 3 * HOUR, Status.RETURNED: HOUR}


def test_what_came_back_from_the_shelf_is_not_ready(cast: Cast) -> None:
    desk = Desk(cast, make_ready(cast, at=AT))
    desk.do(change_deadline, HOUR, deadline=AT + 5 * HOUR)
    desk.do(rework_order, 3 * HOUR, master_id=cast.maxim.pk, reason="a wish")
    assert total(AT + 2 * HOUR).ready == 1  # as it stood then
    assert total(AT + 4 * HOUR).ready == 0
    assert (total().ready, deadlines(MARCH, at=LATER).first.kept.part) == (0, 0)
    desk.do(pass_check, 6 * HOUR)
    found = lead_time(MARCH, at=LATER)
    assert (found.ready.n, found.ready.calendar.median) == (1, 6 * HOUR)
    kept = deadlines(MARCH, at=LATER).first.kept
    assert (kept.part, kept.whole) == (0, 1)  # ready for good an hour too late
    # No check is a first one twice, and a rework order is no return.
    first = first_pass_yield(MARCH, at=LATER)
    assert (first.passed.part, first.passed.whole, first.reworked.part) == (1, 1, 0)


def test_a_reopened_repair_counts_again(cast: Cast) -> None:
    desk = Desk(cast, make_worked(cast, at=AT))
    desk.do(refuse, HOUR, reason_id=RefusalReason.objects.first().pk)
    assert total().refused == 1
    desk.do(reopen, 2 * HOUR, reason="he wants it after all")
    assert total().refused == 0
    desk.do(pass_check, 3 * HOUR)
    assert (total().refused, lead_time(MARCH, at=LATER).ready.n) == (0, 1)


def test_a_hold_stands_apart_by_its_reason(cast: Cast) -> None:
    desk = Desk(cast, make_worked(cast, at=AT))
    parts, payment = HoldReason.objects.order_by("pk")[:2]
    for number, reason in enumerate((parts, payment, parts)):
        desk.do(hold, (1 + 3 * number) * HOUR, reason_id=reason.pk)
        desk.do(resume, (2 + 3 * number) * HOUR)
    desk.do(pass_check, 10 * HOUR)
    table = {
        (row.status, row.hold_reason_id): (row.calendar.n, row.calendar.median)
        for row in statuses(MARCH, at=LATER).statuses
    }
    assert table == {
        (Status.IN_WORK, None): (1, 7 * HOUR),
        (Status.ON_HOLD, parts.pk): (1, 2 * HOUR),
        (Status.ON_HOLD, payment.pk): (1, HOUR),
    }


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 14, 20, 59, 59, 999_999, tzinfo=UTC), date(2026, 3, 14)),
        (datetime(2026, 3, 14, 21, tzinfo=UTC), date(2026, 3, 15)),
    ],
)
@pytest.mark.parametrize("stored", [False, True])
def test_the_day_ends_at_midnight_in_moscow(
    cast: Cast, moment: datetime, day: date, stored: bool
) -> None:
    receipt = make_worked(cast, at=AT)
    pass_check(receipt_id=receipt.pk, actor=cast.actor("anna"), at=moment)
    if stored:
        rollups.refresh(at=LATER)
        assert not Mark.objects.exists()
    found = flow(MARCH, at=LATER)
    assert {first: one.ready for first, one in found.per_bucket.items() if one.ready} == {day: 1}
    assert lead_time(days(day, day), at=LATER).ready.n == 1
    other = day - DAY if moment.hour == 21 else day + DAY
    assert lead_time(days(other, other), at=LATER).ready.n == 0


def test_a_deadline_that_lies_ahead_is_not_judged(cast: Cast) -> None:
    desk = Desk(cast, make_worked(cast, at=AT))
    desk.do(change_deadline, HOUR, deadline=AT + DAY)
    before, after = AT + 23 * HOUR, AT + 25 * HOUR
    now = deadlines(MARCH, at=before).first
    assert (now.kept.share, now.ahead) == (None, 1)
    then = deadlines(MARCH, at=after).first
    assert (then.kept.part, then.kept.whole, then.ahead) == (0, 1, 0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("filters", [Filters(employees=(1,)), Filters(types=(1,))])
def test_a_watch_has_no_person_and_no_type(measure: Measure, filters: Filters) -> None:
    with pytest.raises(RuleViolation) as caught:
        measure(MARCH, at=LATER, filters=filters)
    assert caught.value.code == "analytics.watches_only"
    assert caught.value.field == ("employee" if filters.employees else "type")


def test_an_empty_workshop_has_no_data() -> None:
    lead = lead_time(MARCH, at=LATER)
    assert (lead.ready.n, lead.ready.calendar.median, lead.issued.working.p90) == (0, None, None)
    assert statuses(MARCH, at=LATER).statuses == []
    assert deadlines(MARCH, at=LATER).first.kept.share is None
    first = first_pass_yield(MARCH, at=LATER)
    assert (first.passed.share, first.rolled, first.returns_per_receipt) == (None, None, None)
    assert {one.share for one in escape_rate(MARCH, at=LATER).within.values()} == {None}
    assert set(flow(MARCH, at=LATER).per_bucket.values()) == {Day(0, 0, 0, 0)}


def test_a_changed_calendar_is_measured_again(cast: Cast) -> None:
    anna = cast.actor("anna")
    week = {day: [(time(9), time(18))] for day in range(5)}
    calendar = create_calendar(name="W", weekly=week, actor=anna, at=AT).object
    receipt = make_worked(cast, at=AT)
    pass_check(receipt_id=receipt.pk, actor=anna, at=AT + 2 * DAY)
    rollups.refresh(at=LATER)
    assert heal() == Healed(0, 0)
    assert lead_time(MARCH, at=LATER).ready.working.median == 18 * HOUR
    set_day(calendar_id=calendar.pk, day=date(2026, 3, 11), actor=anna, at=AT)
    assert heal() == Healed(0, 1)
    assert heal() == Healed(0, 0)
    assert lead_time(MARCH, at=LATER).ready.working.median == 9 * HOUR
    assert lead_time(MARCH, at=LATER).ready.calendar.median == 48 * HOUR


def test_a_workshop_that_was_there_before_heals_in_steps(cast: Cast) -> None:
    for _number in range(5):
        make_ready(cast, at=AT)
    Mark.objects.all().delete()
    assert lead_time(MARCH, at=LATER).ready.n == 5  # nothing is stored yet
    assert heal(most=2) == Healed(2, 0)
    assert (ReceiptFact.objects.count(), lead_time(MARCH, at=LATER).ready.n) == (2, 5)
    turn = Turn(job="analytics.heal_receipt_facts", slot=LATER, at=LATER)
    assert heal_receipt_facts(turn) == {"added": 3, "measured": 0}
    with CaptureQueriesContext(connection) as found:
        assert lead_time(MARCH, at=LATER).ready.n == 5
    assert len(found) == 9


def test_the_check_finds_what_was_tampered_with(cast: Cast) -> None:
    receipts = [make_worked(cast, at=AT).pk for _number in range(3)]
    for pk in receipts:
        pass_check(receipt_id=pk, actor=cast.actor("anna"), at=AT + HOUR)
    call_command("rebuild_receipt_facts")
    Mark.objects.all().delete()
    call_command("rebuild_receipt_facts", check=True)
    wrong = ReceiptFact.objects.get(pk=receipts[1])
    wrong.status_times.update(seconds=7)
    with pytest.raises(CommandError, match=f"receipt {wrong.pk}: times"):
        call_command("rebuild_receipt_facts", check=True)
    ReceiptFact.objects.filter(pk=wrong.pk).update(returns=1)
    with pytest.raises(CommandError, match=f"receipt {wrong.pk}: returns 1, should be 0"):
        call_command("rebuild_receipt_facts", check=True)
    call_command("rebuild_receipt_facts")
    call_command("rebuild_receipt_facts", check=True)


QUERIES = {
    "lead_time": 11, "statuses": 7, "deadlines": 6, "first_pass_yield": 6, "escape_rate": 3,
    "flow": 7,
}  # fmt: skip


@pytest.mark.parametrize("measure", MEASURES)
def test_ten_times_the_receipts_ask_no_more_questions(cast: Cast, measure: Measure) -> None:
    """Stored or live; what is live costs nine queries more (escapes ten), whatever their number.

    Where no length is stored its hours are not looked into.
    """
    week = {day: [(time(9), time(18))] for day in range(5)}
    create_calendar(name="W", weekly=week, actor=cast.actor("anna"), at=AT)
    counts = []
    for number in (1, 9):
        for _receipt in range(number):
            receipt = make_ready(cast, at=AT)
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("anna"), at=AT + HOUR)
        for stored in (False, True):
            if stored:
                rollups.refresh(at=LATER)
            with CaptureQueriesContext(connection) as found:
                measure(MARCH, at=LATER)
            counts.append(len(found))
    stored_ones = QUERIES[measure.__name__]
    live = stored_ones + (10 if measure is escape_rate else 9)
    assert counts[1::2] == [stored_ones] * 2
    assert max(counts[::2]) <= live
