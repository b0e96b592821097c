"""Deadlines as typed and as pressed: what each text means, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from receipts.deadline_input import describe_deadline, parse_deadline, quick_choices
from receipts.worktime import Calendar
from workshop.lib.errors import RuleViolation

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
SIX_PM = time(18)
WEDNESDAY = "2026-11-18 14:30"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The specification's own list.
        ("25.12", "2026-12-25 18:00"),
        ("25.12 18:00", "2026-12-25 18:00"),
        ("25.12 9:05", "2026-12-25 09:05"),
        ("25.12.2026 18:00", "2026-12-25 18:00"),
        ("завтра 12:00", "2026-11-19 12:00"),
        ("послезавтра", "2026-11-20 18:00"),
        ("в пятницу 15:00", "2026-11-20 15:00"),
        ("через 3 дня", "2026-11-21 18:00"),
        ("tomorrow 12:00", "2026-11-19 12:00"),
        ("day after tomorrow", "2026-11-20 18:00"),
        ("the day after tomorrow 9:00", "2026-11-20 09:00"),
        ("on friday 15:00", "2026-11-20 15:00"),
        ("in 3 days", "2026-11-21 18:00"),
        # Dates.
        ("25/12", "2026-12-25 18:00"),
        ("25-12-2026", "2026-12-25 18:00"),
        ("25–12–2026", "2026-12-25 18:00"),
        ("25.12.26", "2026-12-25 18:00"),
        ("25.12.2026 г.", "2026-12-25 18:00"),
        ("2026-12-25 18:00", "2026-12-25 18:00"),
        ("2026-12-25T18:30", "2026-12-25 18:30"),
        ("2026-12-25 18:30:59", "2026-12-25 18:30"),
        ("2026-12-25", "2026-12-25 18:00"),
        ("1.12", "2026-12-01 18:00"),
        ("до 25.12", "2026-12-25 18:00"),
        ("by 25.12 10:00", "2026-12-25 10:00"),
        ("25 декабря", "2026-12-25 18:00"),
        ("25 дек. 12:00", "2026-12-25 12:00"),
        ("25 декабря 2027 года в 12", "2027-12-25 12:00"),
        ("25 december 2026", "2026-12-25 18:00"),
        ("3 мая", "2027-05-03 18:00"),
        # A date and a time in either order, the time with a point or a dash.
        ("18:30 25.12", "2026-12-25 18:30"),
        ("18.30 25.12", "2026-12-25 18:30"),
        ("25.12 18.30", "2026-12-25 18:30"),
        ("25.12 18-30", "2026-12-25 18:30"),
        ("25.12 в 18", "2026-12-25 18:00"),
        ("25.12, в 18:15", "2026-12-25 18:15"),
        ("12:00 завтра", "2026-11-19 12:00"),
        ("завтра 12.10", "2026-11-19 12:10"),
        ("завтра 9", "2026-11-19 09:00"),
        ("завтра в 9 утра", "2026-11-19 09:00"),
        ("завтра в 3 дня", "2026-11-19 15:00"),
        ("на завтра к 10:00", "2026-11-19 10:00"),
        ("завтра 00:00", "2026-11-19 00:00"),
        # A lone time is today.
        ("18:30", "2026-11-18 18:30"),
        ("18.30", "2026-11-18 18:30"),
        ("18-30", "2026-11-18 18:30"),
        ("20.00", "2026-11-18 20:00"),
        ("в 18", "2026-11-18 18:00"),
        ("в 18.05", "2026-11-18 18:05"),
        ("до 19 часов", "2026-11-18 19:00"),
        ("at 6pm", "2026-11-18 18:00"),
        ("6 p.m.", "2026-11-18 18:00"),
        ("6:45PM", "2026-11-18 18:45"),
        ("сегодня", "2026-11-18 18:00"),
        ("сегодня 18:00", "2026-11-18 18:00"),
        ("today 6pm", "2026-11-18 18:00"),
        ("today 18:00", "2026-11-18 18:00"),
        # A figure with a point that could be either is a date.
        ("18.12", "2026-12-18 18:00"),
        # Weekdays.
        ("пт", "2026-11-20 18:00"),
        ("Пт.", "2026-11-20 18:00"),
        ("fri", "2026-11-20 18:00"),
        ("во вторник", "2026-11-24 18:00"),
        ("к пятнице", "2026-11-20 18:00"),
        ("до воскресенья 10:00", "2026-11-22 10:00"),
        ("в среду 14:31", "2026-11-18 14:31"),
        ("в среду 14:30", "2026-11-25 14:30"),
        ("в среду", "2026-11-18 18:00"),
        ("wed 10:00", "2026-11-25 10:00"),
        ("в 15:00 в пятницу", "2026-11-20 15:00"),
        ("by monday", "2026-11-23 18:00"),
        ("в воскресение", "2026-11-22 18:00"),
        # Spans.
        ("через неделю", "2026-11-25 18:00"),
        ("через 2 недели", "2026-12-02 18:00"),
        ("через две недели в 12:00", "2026-12-02 12:00"),
        ("через день", "2026-11-19 18:00"),
        ("через месяц", "2026-12-18 18:00"),
        ("через 3 месяца", "2027-02-18 18:00"),
        ("через год", "2027-11-18 18:00"),
        ("через 5 лет", "2031-11-18 18:00"),
        ("через 0 дней", "2026-11-18 18:00"),
        ("in a week", "2026-11-25 18:00"),
        ("in two weeks 11:00", "2026-12-02 11:00"),
        ("in 1 month", "2026-12-18 18:00"),
        ("через час", "2026-11-18 15:30"),
        ("через 3 часа", "2026-11-18 17:30"),
        ("через полчаса", "2026-11-18 15:00"),
        ("через 20 минут", "2026-11-18 14:50"),
        ("через 2ч", "2026-11-18 16:30"),
        ("in an hour", "2026-11-18 15:30"),
        ("in 2 hours", "2026-11-18 16:30"),
        # However it is written.
        ("25.12.", "2026-12-25 18:00"),
        ("  ЗАВТРА,   12:00 . ", "2026-11-19 12:00"),
        ("Через  3\u00a0дня.", "2026-11-21 18:00"),
        ("через 3 дня;", "2026-11-21 18:00"),
        ("２５.１２", "2026-12-25 18:00"),
    ],
)
def test_what_a_text_means(text: str, expected: str) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        ".",
        "-",
        "завтрашний",
        "послепослезавтра",
        "не завтра",
        "завтра завтра",
        "завтра послезавтра",
        "after tomorrow",
        "day after",
        "25",
        "25.12 18",
        "25.12 26",
        "25.12/2026",
        "25.12.202",
        "25:61",
        "24:00",
        "завтра 24:00",
        "завтра 12:60",
        "завтра 25",
        "13pm",
        "0 am",
        "3 дня",
        "3 часа",
        "3 days",
        "через",
        "через дом",
        "через -3 дня",
        "через 1.5 часа",
        "через час 15:00",
        "через 9999999 дней",
        "в",
        "в пятницу 13",
        "в следующую пятницу",
        "25 мартобря",
        "12:00 13:00",
        "25.12 26.12",
        "2026-12-25T18:00Z",
        "2026-12-25 18:00+03:00",
        "null",
        "<b>завтра</b>",
        "завтра\x00",
        "💥",
        "²⁵.¹²x",
        "9" * 5000,
        "завтра " * 1000,
    ],
)
def test_what_is_not_understood(text: str) -> None:
    error = refusal(text)
    assert error.code == "receipts.deadline_unreadable"
    with translation.override("en"):
        assert "25.12 18:00" in error.text()


@pytest.mark.parametrize(
    "text",
    [
        "31.02",
        "31.02.2027",
        "30 февраля",
        "29.02.2027",
        "12/25",
        "0.12",
        "32.12",
        "25.13.2026",
        "25/13",
        "0000-12-25",
    ],
)
def test_impossible_dates(text: str) -> None:
    assert refusal(text).code == "receipts.deadline_no_such_date"


@pytest.mark.parametrize(
    "text",
    [
        "сегодня 14:30",
        "14:29",
        "14.29",
        "18.11 10:00",
        "17.11.2026",
        "25.12.2025",
        "25.12.20",
        "01.01.0001",
        "через 0 минут",
        "in 0 hours",
    ],
)
def test_the_past_is_refused(text: str) -> None:
    assert refusal(text).code == "receipts.deadline_in_past"


@pytest.mark.parametrize(
    "text",
    [
        "19.11.2031",
        "25.12.2099",
        "31.12.9999",
        "через 6 лет",
        "через 61 месяц",
        "через 999999 лет",
        "через 999999 дней",
        "через 999999 недель",
        "через 999999 часов",
        "in 999999 months",
    ],
)
def test_more_than_five_years_ahead_is_refused(text: str) -> None:
    assert refusal(text).code == "receipts.deadline_too_far"


def test_exactly_five_years_ahead_is_accepted() -> None:
    assert parsed("18.11.2031 23:59") == "2031-11-18 23:59"
    assert parsed("28.02.2033", now="2028-02-29 12:00") == "2033-02-28 18:00"
    assert refusal("01.03.2033", "2028-02-29 12:00").code == "receipts.deadline_too_far"


class TestDateWithoutYear:
    """This year; when that has passed, next year within 180 days, else the year is asked for."""

    def test_the_180_days_to_the_day(self) -> None:
        assert date(2027, 5, 17) - date(2026, 11, 18) == timedelta(days=180)
        assert parsed("17.05") == "2027-05-17 18:00"
        assert refusal("18.05").code == "receipts.deadline_needs_year"

    def test_yesterday_asks_for_the_year_with_an_example(self) -> None:
        error = refusal("17.11")
        assert error.code == "receipts.deadline_needs_year"
        assert "17.11.2027" in error.text()

    def test_today_that_has_passed_is_the_past_and_not_next_year(self) -> None:
        assert refusal("18.11", "2026-11-18 18:00").code == "receipts.deadline_in_past"
        assert parsed("18.11", now="2026-11-18 17:59") == "2026-11-18 18:00"

    def test_end_of_year(self) -> None:
        assert parsed("01.01", now="2026-12-31 23:59") == "2027-01-01 18:00"
        assert parsed("31.12", now="2026-12-31 17:59") == "2026-12-31 18:00"
        assert parsed("31.12", now="2027-01-01 00:00") == "2027-12-31 18:00"

    @pytest.mark.parametrize(
        ("now", "outcome"),
        [
            ("2028-01-10 12:00", "2028-02-29 18:00"),
            ("2027-11-01 12:00", "2028-02-29 18:00"),
            ("2027-03-01 12:00", "receipts.deadline_needs_year"),
            ("2028-03-01 12:00", "receipts.deadline_needs_year"),
            ("2026-11-18 12:00", "receipts.deadline_no_such_date"),
        ],
    )
    def test_29_february(self, now: str, outcome: str) -> None:
        assert outcome_of("29.02", now) == outcome

    def test_the_example_names_a_year_that_has_the_day(self) -> None:
        assert "29.02.2032" in refusal("29.02", "2028-03-01 12:00").text()
        assert "29.02.2028" in refusal("29.02", "2027-03-01 12:00").text()


class TestAroundMidnight:
    """The day is the workshop's, not that of UTC."""

    def test_after_midnight_in_moscow_while_utc_is_still_yesterday(self) -> None:
        assert parsed("завтра 12:00", now="2026-11-19 00:30") == "2026-11-20 12:00"
        assert parsed("сегодня", now="2026-11-19 00:30") == "2026-11-19 18:00"

    def test_the_last_and_the_first_minute(self) -> None:
        assert parsed("завтра 12:00", now="2026-11-18 23:59") == "2026-11-19 12:00"
        assert parsed("завтра 12:00", now="2026-11-19 00:00") == "2026-11-20 12:00"
        assert parsed("через час", now="2026-11-18 23:59") == "2026-11-19 00:59"

    def test_today_is_over(self) -> None:
        assert refusal("сегодня", "2026-11-18 18:00").code == "receipts.deadline_in_past"
        assert refusal("сегодня", "2026-11-18 23:59").code == "receipts.deadline_in_past"

    def test_seconds_of_now_are_dropped_from_exact_spans(self) -> None:
        now = datetime(2026, 11, 18, 14, 30, 59, 999_999, MOSCOW)
        found = parse_deadline("через 1 минуту", now=now, default_time=SIX_PM, zone=MOSCOW)
        assert found.at == datetime(2026, 11, 18, 14, 31, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("в понедельник", "2026-11-23 17:59", "2026-11-23 18:00"),
        ("в понедельник", "2026-11-23 18:00", "2026-11-30 18:00"),
        ("в понедельник", "2026-11-22 23:59", "2026-11-23 18:00"),
        ("в воскресенье", "2026-11-23 00:00", "2026-11-29 18:00"),
        ("monday 09:00", "2026-12-28 09:00", "2027-01-04 09:00"),
        ("завтра", "2026-11-30 12:00", "2026-12-01 18:00"),
        ("послезавтра", "2026-12-30 12:00", "2027-01-01 18:00"),
        ("завтра", "2028-02-28 12:00", "2028-02-29 18:00"),
        ("завтра", "2027-02-28 12:00", "2027-03-01 18:00"),
        ("через месяц", "2027-01-31 12:00", "2027-02-28 18:00"),
        ("через месяц", "2028-01-31 12:00", "2028-02-29 18:00"),
        ("через месяц", "2026-12-31 12:00", "2027-01-31 18:00"),
        ("через год", "2028-02-29 12:00", "2029-02-28 18:00"),
    ],
)
def test_mondays_and_ends_of_months_and_years(text: str, now: str, expected: str) -> None:
    assert parsed(text, now=now) == expected


def test_the_default_time_is_told_apart_from_a_typed_one() -> None:
    now = moment(WEDNESDAY)
    for text, explicit in {"завтра": False, "завтра 18:00": True, "через час": True}.items():
        found = parse_deadline(text, now=now, default_time=SIX_PM, zone=MOSCOW)
        assert found.explicit_time is explicit
        assert found.at.tzinfo is UTC


def test_another_default_time() -> None:
    assert parsed("завтра", default_time=time(9, 30)) == "2026-11-19 09:30"


def test_a_naive_now_is_a_bug() -> None:
    naive = moment(WEDNESDAY).replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        parse_deadline("завтра", now=naive, default_time=SIX_PM, zone=MOSCOW)
    with pytest.raises(ValueError, match="naive"):
        describe_deadline(naive, MOSCOW, "ru")


class TestClockChanges:
    """Europe/Berlin: forward on 29.03.2026 at 02:00, back on 25.10.2026 at 03:00."""

    def test_a_time_that_does_not_exist_is_the_moment_of_the_change(self) -> None:
        now = datetime(2026, 3, 27, 12, tzinfo=BERLIN)
        for text in ("29.03 02:00", "29.03 02:30", "29.03 03:00"):
            assert utc(text, now) == datetime(2026, 3, 29, 1, tzinfo=UTC)
        assert utc("29.03 01:59", now) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    def test_a_time_that_exists_twice_is_its_first_occurrence(self) -> None:
        now = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
        assert utc("завтра 02:30", now) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert utc("завтра 03:00", now) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)

    def test_days_keep_the_wall_time_and_hours_are_exact(self) -> None:
        now = datetime(2026, 3, 28, 18, tzinfo=BERLIN)
        assert utc("через 1 день 18:00", now) - now == timedelta(hours=23)
        assert utc("через 24 часа", now) - now == timedelta(hours=24)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "пт 25.12.2026 18:00"),
        ("ru-RU", "пт 25.12.2026 18:00"),
        ("en", "Fri 25.12.2026 18:00"),
        ("de", "Fri 25.12.2026 18:00"),
    ],
)
def test_a_deadline_is_shown_with_weekday_and_year(language: str, text: str) -> None:
    assert describe_deadline(moment("2026-12-25 18:00").astimezone(UTC), MOSCOW, language) == text


class TestQuickChoices:
    SHOP = Calendar(weekly={day: ((time(9), time(18)),) for day in range(5)})

    def test_the_default_comes_first(self) -> None:
        assert self.offered(WEDNESDAY) == [
            ("working_days", "2026-11-25 18:00"),
            ("today", "2026-11-18 18:00"),
            ("tomorrow", "2026-11-19 12:00"),
            ("days_3", "2026-11-21 18:00"),
            ("days_7", "2026-11-25 18:00"),
        ]

    def test_today_is_offered_only_while_ahead(self) -> None:
        assert "today" in dict(self.offered("2026-11-18 17:59"))
        assert "today" not in dict(self.offered("2026-11-18 18:00"))

    def test_working_days_follow_the_calendar(self) -> None:
        off = Calendar(weekly=self.SHOP.weekly, days_off=frozenset({date(2026, 11, 19)}))
        assert dict(self.offered(WEDNESDAY, off))["working_days"] == "2026-11-26 18:00"
        always = dict(self.offered(WEDNESDAY, Calendar.always()))
        assert always["working_days"] == "2026-11-23 18:00"

    def test_labels_name_days_and_times(self) -> None:
        choices = quick_choices(moment(WEDNESDAY), SIX_PM, MOSCOW, self.SHOP, 1)
        with translation.override("en"):
            assert [str(choice.label) for choice in choices] == [
                "+1 working day",
                "Today 18:00",
                "Tomorrow 12:00",
                "+3 days",
                "+7 days",
            ]

    def offered(self, now: str, calendar: Calendar = SHOP) -> list[tuple[str, str]]:
        choices = quick_choices(moment(now), SIX_PM, MOSCOW, calendar, 5)
        assert all(choice.at > moment(now) for choice in choices)
        return [(choice.code, wall(choice.at)) for choice in choices]


RUSSIAN = ["завтра", "послезавтра", "через", "в", "на", "дня", "неделю", "пт", "час", "утра", "лет"]
ENGLISH = ["tomorrow", "day", "after", "the", "in", "on", "friday", "weeks", "pm"]
FIGURES = ["3", "12", "25.12", "18:00", "31.02", "29.02.2028", "2026-12-25", "999999", ",", "."]


@given(
    st.text(max_size=90)
    | st.lists(st.sampled_from(RUSSIAN + ENGLISH + FIGURES), max_size=6).map(" ".join),
    st.integers(1_600_000_000, 3_800_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.sampled_from([MOSCOW, BERLIN, ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")]),
)
@example("31.12.9999", datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("America/St_Johns"))
@example("01.01.0001", datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Pacific/Apia"))
def test_any_text_is_a_future_moment_or_a_plain_refusal(
    text: str, now: datetime, zone: ZoneInfo
) -> None:
    try:
        at = parse_deadline(text, now=now, default_time=SIX_PM, zone=zone).at
    except RuleViolation as refused:
        found, code, field = None, refused.code, refused.field
    else:
        found, code, field = at, "receipts.deadline_", "deadline"
    assert code.startswith("receipts.deadline_")
    assert field == "deadline"
    assert found is None or now < found <= now + timedelta(days=5 * 366 + 2)


@given(st.dates(date(2026, 11, 19), date(2031, 11, 18)), st.times())
def test_what_is_shown_can_be_typed_back(day: date, at: time) -> None:
    wanted = datetime.combine(day, at.replace(second=0, microsecond=0), MOSCOW)
    shown = describe_deadline(wanted, MOSCOW, "ru").split(" ", 1)[1]
    assert utc(shown, moment(WEDNESDAY)) == wanted


def moment(local: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone)


def wall(at: datetime, zone: ZoneInfo = MOSCOW) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def utc(text: str, now: datetime) -> datetime:
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    return parse_deadline(text, now=now, default_time=SIX_PM, zone=zone).at


def parsed(text: str, now: str = WEDNESDAY, default_time: time = SIX_PM) -> str:
    """The Moscow wall time that ``text`` means."""
    return wall(parse_deadline(text, now=moment(now), default_time=default_time, zone=MOSCOW).at)


def refusal(text: str, now: str = WEDNESDAY) -> RuleViolation:
    with pytest.raises(RuleViolation) as caught:
        parsed(text, now)
    assert caught.value.field == "deadline"
    return caught.value


def outcome_of(text: str, now: str) -> str:
    """The wall time, or the code of the refusal."""
    try:
        return parsed(text, now)
    except RuleViolation as error:
        return error.code
