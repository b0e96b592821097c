"""Reminders are told once, to the minute, never as if on time; what passed meanwhile is not told.

The clock stands where a test puts it (``at=``); nothing sleeps.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from history.models import Event
from history.verify import verify
from receipts import reminding
from receipts.deadline_input import parse_deadline
from receipts.models import Receipt, Reminder, ReminderAnswer
from receipts.reminding import due_times, last_daily, next_daily
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.services.reminders import (
    fire_due,
    firing,
    later,
    note_reminder,
    repeat_due,
    snooze_reminder,
)
from receipts.services.returns import ItemInput, return_watch
from tests.cast import Cast, make_cast, make_receipt, make_submitted, reason_id
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

MOSCOW = ZoneInfo("Europe/Moscow")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, 12:30 in Moscow


def wall(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    """``25.11 18:00`` of 2026 in the workshop."""
    return datetime.strptime(f"2026.{text}", "%Y.%d.%m %H:%M").replace(tzinfo=zone)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def with_deadline(cast: Cast, deadline: datetime, *, at: datetime = AT) -> Receipt:
    receipt = make_submitted(cast, at=at)
    change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=cast.actor("igor"), at=at)
    return Receipt.objects.get(pk=receipt.pk)


def fates(receipt: Receipt) -> dict[str, str]:
    return dict(receipt.reminders.values_list("kind", "fate"))


def told(at: datetime) -> dict[str, list[int]]:
    """Fire at a moment; what the event tells, empty when there is none."""
    before = set(Event.objects.values_list("pk", flat=True))
    fire_due(at=at)
    found = Event.objects.exclude(pk__in=before)
    if not found:
        return {}
    (event,) = found
    assert event.kind == "reminders.fired"
    return event.payload["receipts"]


class TestWhen:
    def test_each_notice_at_its_minute_and_never_again(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        for moment, kind in (
            ("25.11 10:00", "deadline_day"),
            ("25.11 17:00", "deadline_hour"),
            ("25.11 18:05", "overdue"),
            ("26.11 10:00", "overdue:1"),
            ("27.11 10:00", "overdue:2"),
            ("28.11 10:00", "overdue:3"),
            ("29.11 10:00", "overdue:4"),
        ):
            assert told(wall(moment) - MINUTE) == {}
            assert told(wall(moment)) == {kind: [one.pk]}
            assert told(wall(moment)) == {}
            assert told(wall(moment) + 50 * MINUTE) == {}
        assert list(verify()) == []

    def test_all_of_a_slot_are_one_event(self, cast: Cast) -> None:
        due = [with_deadline(cast, wall("25.11 18:00")) for _number in range(3)]
        soon = with_deadline(cast, wall("25.11 11:00"))
        late = with_deadline(cast, wall("25.11 09:55"))
        fire_due(at=wall("25.11 09:30"))
        assert told(wall("25.11 10:00")) == {
            "deadline_day": [row.pk for row in due],
            "deadline_hour": [soon.pk],
            "overdue": [late.pk],
        }

    def test_nothing_due_writes_nothing(self, cast: Cast) -> None:
        with_deadline(cast, wall("25.11 18:00"))
        with writes():
            assert fire_due(at=AT) == 0

    def test_the_receipts_own_history_is_left_alone(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        told(wall("25.11 10:00"))
        assert Receipt.objects.get().version == one.version
        assert Event.objects.latest("pk").stream == "notices:2026-11-25"


class TestPitfall5:
    """A 09:00 deadline reminded at 10:00; both at the same minute; not cancelled; not re-planned;
    sent late as if on time."""

    def test_a_deadline_before_ten_is_told_the_evening_before(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 09:00"))
        assert told(wall("24.11 18:00")) == {"deadline_eve": [one.pk]}
        assert told(wall("25.11 08:00")) == {"deadline_hour": [one.pk]}
        assert told(wall("25.11 09:05")) == {"overdue": [one.pk]}
        assert told(wall("25.11 10:00")) == {}

    @pytest.mark.parametrize("deadline", ["25.11 10:30", "25.11 11:00", "25.11 11:59"])
    def test_never_both_notices_at_once(self, cast: Cast, deadline: str) -> None:
        with_deadline(cast, wall(deadline))
        assert Reminder.objects.filter(kind="deadline_day").count() == 0
        with_deadline(cast, wall("25.11 12:00"))
        assert Reminder.objects.filter(kind="deadline_day").count() == 1

    def test_ten_exactly(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 10:00"))
        assert told(wall("24.11 18:00")) == {"deadline_eve": [one.pk]}
        assert told(wall("25.11 09:00")) == {"deadline_hour": [one.pk]}
        assert told(wall("25.11 10:00")) == {}
        assert told(wall("25.11 10:05")) == {"overdue": [one.pk]}

    def test_passed_at_the_last_moment_is_told_no_more(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        pass_check(receipt_id=one.pk, actor=cast.actor("igor"), at=wall("25.11 09:59"))
        assert told(wall("25.11 10:00")) == {}
        assert set(fates(one).values()) == {"cancelled"}

    def test_a_moved_deadline_is_told_at_its_new_time_alone(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        change_deadline(
            receipt_id=one.pk, deadline=wall("26.11 18:00"), actor=cast.actor("igor"), at=AT
        )
        assert told(wall("25.11 23:59")) == {}
        assert told(wall("26.11 10:00")) == {"deadline_day": [one.pk]}

    def test_a_return_plans_again_what_is_ahead(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        told(wall("25.11 10:00"))
        _pass_and_return(cast, one, wall("25.11 12:00"))
        assert told(wall("25.11 16:59")) == {}
        assert told(wall("25.11 17:00")) == {"deadline_hour": [one.pk]}

    def test_a_return_after_the_deadline_goes_on_daily(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        for moment in ("25.11 10:00", "25.11 17:00", "25.11 18:05"):
            told(wall(moment))
        _pass_and_return(cast, one, wall("25.11 20:00"))
        assert told(wall("26.11 10:00")) == {"overdue:1": [one.pk]}
        _pass_and_return(cast, one, wall("26.11 12:00"))
        assert told(wall("26.11 23:00")) == {}
        assert told(wall("27.11 10:00")) == {"overdue:2": [one.pk]}

    def test_a_record_that_no_service_cancelled_is_not_told(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        Receipt.objects.filter(pk=one.pk).update(status="ready")  # a bug, an import
        assert told(wall("25.11 10:00")) == {}
        assert fates(one)["deadline_day"] == "cancelled"


class TestPitfall14:
    """A relative date is read once: tomorrow comes."""

    def test_the_day_after_tomorrow_is_an_instant(self, cast: Cast) -> None:
        parsed = parse_deadline("послезавтра 18:00", now=AT, default_time=time(18), zone=MOSCOW).at
        one = with_deadline(cast, parsed)
        assert told(wall("21.11 18:00")) == {}
        assert told(wall("22.11 09:59")) == {}
        assert told(wall("22.11 10:00")) == {"deadline_day": [one.pk]}


class TestPitfall19:
    """Due rows live in the database: whoever was to wake us may be lost with all he held."""

    def test_a_worker_that_is_killed_in_the_middle_holds_nothing(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(*_args: object) -> None:
            raise Killed

        one = with_deadline(cast, wall("25.11 18:00"))
        with monkeypatch.context() as patch:
            patch.setattr(firing, "_plan_next", die)  # all is written, nothing committed
            with pytest.raises(Killed):
                fire_due(at=wall("25.11 17:00"))
        assert set(fates(one).values()) == {"planned"}
        assert told(wall("25.11 17:01")) == {"deadline_hour": [one.pk]}


class TestPitfall22:
    """Leadership that is wrong for a moment: two leaders, or a new one, tell nothing twice."""

    def test_a_second_leader_finds_nothing(self, cast: Cast) -> None:
        with_deadline(cast, wall("25.11 18:00"))
        assert fire_due(at=wall("25.11 17:00")) == 1
        assert fire_due(at=wall("25.11 17:00")) == 0
        assert fire_due(at=wall("25.11 16:59")) == 0  # its clock is a minute behind


class TestLate:
    def test_too_late_for_the_day_but_before_the_deadline_is_told(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        assert told(wall("25.11 14:00")) == {"deadline_day": [one.pk]}
        assert Event.objects.latest("pk").payload["planned_for"] == "2026-11-25T07:00:00.000000Z"

    def test_of_two_that_were_held_up_only_the_later_is_told(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        assert told(wall("25.11 17:20")) == {"deadline_hour": [one.pk]}
        assert fates(one)["deadline_day"] == "missed"

    def test_ahead_is_never_told_afterwards(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        assert told(wall("25.11 18:02")) == {}
        assert fates(one) == {
            "deadline_day": "missed", "deadline_hour": "missed", "overdue": "planned"
        }  # fmt: skip
        assert told(wall("25.11 19:00")) == {"overdue": [one.pk]}

    def test_after_days_only_todays_is_told_and_it_goes_on(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        assert told(wall("28.11 11:00")) == {"overdue:3": [one.pk]}
        assert fates(one) == {
            "deadline_day": "missed", "deadline_hour": "missed", "overdue": "missed",
            "overdue:2026-11-28": "fired", "overdue:2026-11-29": "planned",
        }  # fmt: skip
        assert told(wall("29.11 10:00")) == {"overdue:4": [one.pk]}

    def test_yesterdays_before_ten_comes_with_its_lateness(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        told(wall("25.11 18:05"))
        assert told(wall("27.11 09:00")) == {"overdue:1": [one.pk]}
        assert told(wall("27.11 10:00")) == {"overdue:2": [one.pk]}


class TestClocks:
    def test_around_midnight(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 00:00"))
        assert told(wall("24.11 18:00")) == {"deadline_eve": [one.pk]}
        assert told(wall("24.11 23:00")) == {"deadline_hour": [one.pk]}
        assert told(wall("25.11 00:05")) == {"overdue": [one.pk]}
        assert told(wall("25.11 10:00")) == {}, "its first day is the day after the deadline's"
        assert told(wall("26.11 10:00")) == {"overdue:1": [one.pk]}

    def test_a_minute_before_midnight(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 23:59"))
        told(wall("25.11 22:59"))
        assert told(wall("26.11 00:04")) == {"overdue": [one.pk]}
        assert told(wall("26.11 10:00")) == {"overdue:1": [one.pk]}

    def test_month_and_year_end(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("31.12 18:00"))
        told(wall("31.12 18:05"))
        new_year = datetime(2027, 1, 1, 10, tzinfo=MOSCOW)
        assert told(new_year - MINUTE) == {}
        assert told(new_year) == {"overdue:1": [one.pk]}

    def test_summer_time_begins_in_another_zone(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        berlin = ZoneInfo("Europe/Berlin")
        planned = due_times(wall("29.03 10:30", berlin))
        assert planned["deadline_hour"] == datetime(2026, 3, 29, 7, 30, tzinfo=UTC)
        planned = due_times(wall("29.03 03:30", berlin))  # one hour before there was no 02:30
        assert planned["deadline_hour"] == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
        assert planned["deadline_eve"] == datetime(2026, 3, 28, 17, 0, tzinfo=UTC)
        _kind, daily = next_daily(wall("28.03 18:00", berlin), wall("28.03 18:05", berlin))
        assert daily == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)

    def test_summer_time_ends_in_another_zone(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        berlin = ZoneInfo("Europe/Berlin")
        second = wall("25.10 02:30", berlin).replace(fold=1)
        assert due_times(second)["deadline_hour"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        kind, daily = next_daily(wall("24.10 18:00", berlin), wall("24.10 18:05", berlin))
        assert (kind, daily) == ("overdue:2026-10-25", datetime(2026, 10, 25, 9, 0, tzinfo=UTC))
        assert last_daily(wall("24.10 18:00", berlin), daily) == (kind, daily)
        assert last_daily(wall("24.10 18:00", berlin), daily - MINUTE) is None

    def test_a_clock_that_was_fast_tells_nothing_twice_and_loses_nothing(self, cast: Cast) -> None:
        one = with_deadline(cast, wall("25.11 18:00"))
        assert told(wall("25.11 18:06")) == {"overdue": [one.pk]}  # it is really 16:06
        _pass_and_return(cast, one, wall("25.11 16:30"))
        assert told(wall("25.11 17:00")) == {"deadline_hour": [one.pk]}, "it is ahead again"
        assert told(wall("25.11 18:05")) == {}
        assert told(wall("26.11 10:00")) == {"overdue:1": [one.pk]}


class TestWhoIsTold:
    def test_inspectors_to_the_third_day_managers_from_the_second(self) -> None:
        numbers = range(6)
        assert [n for n in numbers if reminding.for_inspectors(n)] == [0, 1, 2, 3]
        assert [n for n in numbers if reminding.for_managers(n)] == [2, 3, 4, 5]


class TestAnswers:
    def _digest(self, cast: Cast) -> tuple[Receipt, Event]:
        one = with_deadline(cast, wall("25.11 18:00"))
        told(wall("25.11 10:00"))
        return one, Event.objects.latest("pk")

    def test_noted_once(self, cast: Cast) -> None:
        one, digest = self._digest(cast)
        at = wall("25.11 10:02")
        with writes("reminders.answered") as events:
            note_reminder(digest_id=digest.pk, actor=cast.actor("igor"), at=at)
        assert events[0].payload == {"digest": digest.pk, "receipt": None, "until": None}
        with writes():
            again = note_reminder(digest_id=digest.pk, actor=cast.actor("igor"), at=at + HOUR)
        assert again.already is not None
        assert again.already.when == at
        with writes("reminders.answered"):
            note_reminder(digest_id=digest.pk, receipt_id=one.pk, actor=cast.actor("ivan"), at=at)

    @pytest.mark.parametrize(
        ("choice", "again"),
        [("30m", "25.11 10:32"), ("1h", "25.11 11:02"), ("tomorrow", "26.11 10:00")],
    )
    def test_put_off_and_told_again_to_him_alone(self, cast: Cast, choice: str, again: str) -> None:
        one, digest = self._digest(cast)
        at = wall("25.11 10:02")
        snooze_reminder(digest_id=digest.pk, choice=choice, actor=cast.actor("igor"), at=at)
        assert repeat_due(at=wall(again) - MINUTE) == 0
        with writes("reminders.repeated") as events:
            assert repeat_due(at=wall(again)) == 1
        assert events[0].payload["people"] == {str(cast.igor.pk): [one.pk]}
        with writes():
            assert repeat_due(at=wall(again) + DAY) == 0

    def test_one_receipt_of_many(self, cast: Cast) -> None:
        two, one = (with_deadline(cast, wall("25.11 18:00")) for _number in range(2))
        told(wall("25.11 10:00"))
        digest = Event.objects.latest("pk")
        snooze_reminder(
            digest_id=digest.pk, receipt_id=one.pk, choice="30m", actor=cast.actor("igor"),
            at=wall("25.11 10:01"),
        )  # fmt: skip
        with writes("reminders.repeated") as events:
            repeat_due(at=wall("25.11 12:00"))
        assert events[0].payload["people"] == {str(cast.igor.pk): [one.pk]}
        assert two.pk != one.pk

    def test_noting_ends_what_was_put_off_and_the_reverse(self, cast: Cast) -> None:
        _one, digest = self._digest(cast)
        igor, at = cast.actor("igor"), wall("25.11 10:02")
        snooze_reminder(digest_id=digest.pk, choice="1h", actor=igor, at=at)
        note_reminder(digest_id=digest.pk, actor=igor, at=at)
        assert repeat_due(at=at + DAY) == 0
        snooze_reminder(digest_id=digest.pk, choice="1h", actor=igor, at=at)
        assert ReminderAnswer.objects.count() == 1
        assert repeat_due(at=at + DAY) == 1

    def test_refusals(self, cast: Cast) -> None:
        one, digest = self._digest(cast)
        igor = cast.actor("igor")
        with refused(NotFound, "reminders.no_such_digest", "digest"):
            note_reminder(digest_id=Event.objects.earliest("pk").pk, actor=igor)
        with refused(RuleViolation, "reminders.no_such_time", "choice"):
            snooze_reminder(digest_id=digest.pk, choice="2h", actor=igor)
        with refused(NotAllowed, "access.not_allowed"):
            note_reminder(digest_id=digest.pk, actor=cast.actor("maxim"))
        with refused(NotFound, "receipts.unknown_choice", "receipt"):
            note_reminder(digest_id=digest.pk, receipt_id=one.pk + 10**6, actor=igor)

    def test_tomorrow_over_the_change_of_clocks(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        from receipts.services.reminders import Later

        before = datetime(2026, 3, 28, 12, tzinfo=UTC)
        assert later(Later.TOMORROW, before) == datetime(2026, 3, 29, 8, tzinfo=UTC)


def _pass_and_return(cast: Cast, receipt: Receipt, at: datetime) -> None:
    igor = cast.actor("igor")
    pass_check(receipt_id=receipt.pk, actor=igor, at=at)
    items = [ItemInput(reason_id("dirt_inside"))]
    return_watch(receipt_id=receipt.pk, items=items, actor=igor, at=at + MINUTE)


def test_a_receipt_without_a_deadline_plans_nothing(cast: Cast) -> None:
    make_receipt(cast, at=AT)
    assert Reminder.objects.count() == 0
