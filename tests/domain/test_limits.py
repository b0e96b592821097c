"""Service limits run in working time where the watch is, and are told once a stay (pitfall 15)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from history.models import Event
from polishing.services.orders import take_back
from receipts import stays
from receipts.models import HoldReason, Overstay, Receipt, ServiceLimit
from receipts.services.assignment import assign, decline
from receipts.services.calendars import create_calendar, set_day
from receipts.services.facts import set_urgent
from receipts.services.flow import hold, resume, submit
from receipts.services.limits import due_holds, is_quiet, tell_over_limits
from receipts.services.quality import pass_check, start_test_run
from receipts.services.returns import ItemInput, return_watch
from receipts.services.summary import sum_day
from receipts.standing import stay_words
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    reason_id,
)
from workshop.lib.actor import system_actor

MOSCOW = ZoneInfo("Europe/Moscow")
JOB = system_actor("job")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def wall(text: str) -> datetime:
    """``16.11 09:00`` of 2026, a Monday, in the workshop."""
    return datetime.strptime(f"2026.{text}", "%Y.%d.%m %H:%M").replace(tzinfo=MOSCOW)


MONDAY = wall("16.11 09:00")


@pytest.fixture
def cast(db: None) -> Cast:
    """A shop that works Monday to Friday, 09–18."""
    found = make_cast()
    week = {day: [(time(9), time(18))] for day in range(5)}
    create_calendar(name="09–18", weekly=week, actor=found.actor("anna"))
    return found


def running(at: datetime) -> dict[str, float]:
    """Hours on the clocks that run at a moment."""
    found = stays.stays(Receipt.objects.in_workshop(), at)
    return {stay.limit.code: stay.spent / HOUR for stay in found}


def told(at: datetime) -> dict[str, list[int]]:
    if not tell_over_limits(actor=JOB, at=at):
        return {}
    event = Event.objects.latest("pk")
    assert event.kind == "limits.exceeded"
    return event.payload["receipts"]


class TestClocks:
    def test_each_place_has_its_own(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        one = make_receipt(cast, at=MONDAY)
        assert running(wall("16.11 12:00")) == {"hand_out": 3}
        assign(receipt_id=one.pk, master_id=cast.maxim.pk, actor=igor, at=wall("16.11 12:00"))
        assert running(wall("17.11 10:00")) == {"master": 7}
        submit(receipt_id=one.pk, actor=igor, at=wall("17.11 10:00"))
        assert running(wall("17.11 11:00")) == {"qc": 1}
        items = [ItemInput(reason_id("dirt_inside"))]
        return_watch(receipt_id=one.pk, items=items, actor=igor, at=wall("17.11 12:00"))
        assert running(wall("17.11 18:30")) == {"returned": 6}

    def test_evenings_weekends_and_days_off_do_not_count(self, cast: Cast) -> None:
        from receipts.models import WorkCalendar

        make_receipt(cast, at=wall("20.11 17:55"))
        assert running(wall("23.11 09:10")) == {"hand_out": 0.25}
        calendar = WorkCalendar.objects.get(active=True)
        set_day(calendar_id=calendar.pk, day=date(2026, 11, 23), actor=cast.actor("anna"))
        assert running(wall("24.11 09:10")) == {"hand_out": 0.25}

    def test_ready_counts_calendar_days(self, cast: Cast) -> None:
        make_ready(cast, at=MONDAY)
        assert running(MONDAY + 30 * DAY) == {"not_collected": 720}
        assert told(MONDAY + 30 * DAY) == {}
        assert list(told(MONDAY + 30 * DAY + MINUTE)) == ["not_collected"]

    def test_a_hold_stops_the_clock_and_it_goes_on(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        one = make_receipt(cast, at=MONDAY)
        reason = HoldReason.objects.get(code="parts").pk
        hold(receipt_id=one.pk, reason_id=reason, actor=igor, at=wall("16.11 12:00"))
        assert running(wall("18.11 12:00")) == {}
        resume(receipt_id=one.pk, actor=igor, at=wall("18.11 12:00"))
        assert running(wall("18.11 14:00")) == {"hand_out": 5}

    def test_a_hold_stops_the_masters_clock_too(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        one = make_in_work(cast, at=MONDAY)
        reason = HoldReason.objects.get(code="parts").pk
        hold(receipt_id=one.pk, reason_id=reason, actor=igor, at=wall("16.11 12:00"))
        resume(receipt_id=one.pk, actor=igor, at=wall("18.11 12:00"))
        assert running(wall("18.11 14:00")) == {"master": 5}

    def test_a_test_run_is_not_counted(self, cast: Cast) -> None:
        one = make_submitted(cast, at=MONDAY)
        start_test_run(
            receipt_id=one.pk, hours=24, actor=cast.actor("igor"), at=wall("16.11 12:00")
        )
        assert running(wall("17.11 11:59")) == {}
        assert running(wall("17.11 14:00")) == {"qc": 5}

    def test_parts_away_without_a_master_stop_the_others(self, cast: Cast) -> None:
        one = make_receipt(cast, at=MONDAY)
        order = make_order(cast, one, at=wall("16.11 12:00"))
        assert running(wall("16.11 14:00")) == {"polisher": 2}
        take_back(order_id=order.pk, actor=cast.actor("igor"), at=wall("17.11 12:00"))
        assert running(wall("17.11 14:00")) == {"hand_out": 5}

    def test_parts_away_beside_the_master_stop_nothing(self, cast: Cast) -> None:
        one = make_in_work(cast, at=MONDAY)
        make_order(cast, one, at=wall("16.11 12:00"))
        assert running(wall("16.11 14:00")) == {"polisher": 2, "master": 5}

    def test_not_accepted_only_with_self_service(self, cast: Cast, settings: Any) -> None:
        settings.WORKSHOP_SELF_SERVICE = True
        one = make_in_work(cast, at=MONDAY)
        assert running(wall("16.11 10:00")) == {"master": 1, "not_accepted": 1}
        settings.WORKSHOP_SELF_SERVICE = False
        assert running(wall("16.11 10:00")) == {"master": 1}
        settings.WORKSHOP_SELF_SERVICE = True
        assert told(wall("16.11 13:31")) == {"not_accepted": [one.pk]}
        decline(receipt_id=one.pk, reason="x", actor=cast.actor("anna"), at=wall("16.11 14:00"))
        assert running(wall("16.11 15:00")) == {"hand_out": 1}

    def test_an_urgent_one_has_less_time(self, cast: Cast) -> None:
        one = make_in_work(cast, at=MONDAY)
        at = wall("19.11 10:00")
        assert told(at) == {}
        set_urgent(receipt_id=one.pk, urgent=True, actor=cast.actor("igor"), at=MONDAY)
        assert told(at) == {"master": [one.pk]}


class TestPitfall15:
    """Alerts repeated every run without memory: each stay is told once."""

    def test_once_a_stay_however_often_it_looks(self, cast: Cast) -> None:
        one = make_receipt(cast, at=MONDAY)
        assert told(wall("17.11 09:00")) == {}
        assert told(wall("17.11 09:01")) == {"hand_out": [one.pk]}
        for minutes in range(0, 3000, 15):
            assert told(wall("17.11 09:01") + minutes * MINUTE) == {}
        assert Overstay.objects.count() == 1

    def test_a_new_stay_is_told_anew(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        one = make_submitted(cast, at=MONDAY)
        items = [ItemInput(reason_id("dirt_inside"))]
        assert list(told(wall("17.11 12:00"))) == ["qc"]
        return_watch(receipt_id=one.pk, items=items, actor=igor, at=wall("17.11 12:00"))
        submit(receipt_id=one.pk, actor=igor, at=wall("17.11 13:00"))
        assert told(wall("18.11 12:00")) == {}
        assert list(told(wall("18.11 13:01"))) == ["qc"]

    @pytest.mark.parametrize(
        ("at", "quiet"),
        [("21:59", False), ("22:00", True), ("00:00", True), ("05:59", True), ("06:00", False)],
    )
    def test_quiet_hours_are_waited_out(self, cast: Cast, at: str, quiet: bool) -> None:
        make_receipt(cast, at=MONDAY)
        assert is_quiet(wall(f"18.11 {at}")) is quiet
        assert (told(wall(f"18.11 {at}")) == {}) is quiet

    def test_an_empty_workshop_tells_nothing(self, cast: Cast) -> None:
        assert told(wall("17.11 09:00")) == {}

    def test_a_limit_that_is_switched_off_is_none(self, cast: Cast) -> None:
        make_receipt(cast, at=MONDAY)
        ServiceLimit.objects.filter(code="hand_out").update(active=False)
        assert told(wall("19.11 12:00")) == {}

    def test_in_words(self, cast: Cast) -> None:
        make_in_work(cast, at=MONDAY)
        ServiceLimit.objects.filter(code="master").update(amount=Decimal("1.5"))
        (stay,) = stays.stays(Receipt.objects.all(), wall("18.11 13:00"))
        with translation.override("ru"):
            told = stay_words(stay)
        assert told == "У мастера: Максим М., 2,4 раб. дн. при норме 1,5 раб. дн."
        (stay,) = stays.stays(Receipt.objects.all(), wall("16.11 13:00"))
        with translation.override("en"):
            assert stay_words(stay) == "У мастера: Максим М., 4 h of 1.5 working d"


class TestHolds:
    def _held(self, cast: Cast, **more: Any) -> Receipt:
        receipt = make_receipt(cast, at=MONDAY)
        reason = HoldReason.objects.get(code="parts").pk
        hold(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor"), at=MONDAY, **more)
        return receipt

    def test_the_expected_date_has_passed(self, cast: Cast) -> None:
        one = self._held(cast, expected_on=date(2026, 11, 18))
        assert told(wall("18.11 21:00")) == {}
        assert told(wall("19.11 09:59")) == {}
        assert told(wall("19.11 10:00")) == {"hold_expected": [one.pk]}
        assert told(wall("30.11 10:00")) == {}

    def test_without_a_date_it_asks_every_week(self, cast: Cast) -> None:
        one = self._held(cast)
        assert told(wall("22.11 21:00")) == {}
        for day in ("23.11", "30.11", "07.12"):
            assert told(wall(f"{day} 09:45")) == {}
            assert told(wall(f"{day} 10:00")) == {"hold_unknown": [one.pk]}
            assert told(wall(f"{day} 10:15")) == {}

    def test_what_was_resumed_is_not_asked(self, cast: Cast) -> None:
        one = self._held(cast)
        resume(receipt_id=one.pk, actor=cast.actor("igor"), at=wall("20.11 10:00"))
        assert due_holds(wall("30.11 10:00")) == []


class TestEvening:
    def test_the_figures_of_the_day(self, cast: Cast) -> None:
        make_receipt(cast, at=wall("16.11 23:59"))  # tomorrow's summary would have it, not today's
        make_receipt(cast, at=wall("15.11 23:59"))
        igor = cast.actor("igor")
        passed = make_submitted(cast, at=wall("16.11 10:00"))
        pass_check(receipt_id=passed.pk, actor=igor, at=wall("16.11 11:00"))
        other = make_submitted(cast, at=wall("13.11 10:00"))
        items = [ItemInput(reason_id("dirt_inside"))]
        return_watch(receipt_id=other.pk, items=items, actor=igor, at=wall("16.11 11:00"))
        from receipts.services.deadlines import change_deadline

        for receipt, deadline in ((other, "17.11 23:59"), (passed, "17.11 12:00")):
            change_deadline(receipt_id=receipt.pk, deadline=wall(deadline), actor=igor, at=MONDAY)
        late = make_receipt(cast, at=wall("14.11 10:00"))
        change_deadline(
            receipt_id=late.pk, deadline=wall("16.11 10:00"), actor=igor, at=wall("14.11 11:00")
        )
        event = sum_day(day=date(2026, 11, 16), actor=JOB, at=wall("16.11 21:30")).object
        assert event.payload == {
            "day": "2026-11-16", "received": 2, "passed": 1, "returned": 1, "issued": 0,
            "overdue": 1, "due_tomorrow": 1,
        }  # fmt: skip

    def test_an_empty_day(self, db: None) -> None:
        event = sum_day(day=date(2026, 1, 1), actor=JOB, at=datetime(2026, 1, 1, tzinfo=UTC)).object
        assert set(event.payload.values()) == {"2026-01-01", 0}
