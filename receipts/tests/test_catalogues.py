"""Catalogues, skills, the calendar and watches: rows the office edits, each change an event."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from receipts.models import CalendarDay, OperationType, Watch, WorkCalendar
from receipts.seeding import seed_catalogues
from receipts.services.calendars import create_calendar, current_calendar, set_day, set_week
from receipts.services.catalogue import save_catalogue_row
from receipts.services.skills import change_skills
from receipts.services.watches import change_watch, create_watch, same_serial
from tests.cast import Cast, make_cast, type_id
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TYPES = "receipts.OperationType"
NINE, SIX = time(9), time(18)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


class TestCatalogue:
    def test_added_and_changed(self, cast: Cast) -> None:
        anna = cast.actor("anna")
        values = {"code": "engraving", "name": "Гравировка", "order": 40}
        with writes("catalogue.row_added") as events:
            row = save_catalogue_row(catalogue=TYPES, values=values, actor=anna).object
        assert events[0].stream == "catalogue:receipts.operationtype"
        assert events[0].payload == {"model": TYPES, "row_id": row.pk, "name": "Гравировка"}
        with writes("catalogue.row_changed") as events:
            save_catalogue_row(
                catalogue=TYPES,
                row_id=row.pk,
                values={"name": "Резьба", "required": True, "order": 40},
                actor=anna,
            )
        assert events[0].payload["changes"] == {
            "name": ["Гравировка", "Резьба"], "required": ["−", "+"],
        }  # fmt: skip
        with writes():
            save_catalogue_row(
                catalogue=TYPES, row_id=row.pk, values={"name": "Резьба"}, actor=anna
            )

    def test_refusals(self, cast: Cast) -> None:
        anna = cast.actor("anna")
        cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
            ({"catalogue": "auth.User"}, NotFound, "catalogue.unknown", "catalogue"),
            ({"row_id": 10**9}, NotFound, "receipts.unknown_choice", "row"),
            ({"values": {"performers": []}}, RuleViolation, "receipts.fact_unknown", "performers"),
            ({"values": {"colour": "red"}}, RuleViolation, "receipts.fact_unknown", "colour"),
            ({"values": {"name": ""}}, RuleViolation, "catalogue.invalid", "name"),
            (
                {"row_id": None, "values": {"code": "assembly", "name": "x"}},
                RuleViolation,
                "catalogue.invalid",
                "code",
            ),
            ({"actor": cast.actor("igor")}, NotAllowed, "access.not_allowed", ""),
        ]
        base = {
            "catalogue": TYPES,
            "row_id": type_id("assembly"),
            "values": {"name": "x"},
            "actor": anna,
        }
        for values, kind, code, field in cases:
            with refused(kind, code, field):
                save_catalogue_row(**base | values)

    def test_one_active_type_is_recorded_by_polishing(self, cast: Cast) -> None:
        values = {"code": "second", "name": "Вторая", "recorded_by_polishing": True}
        with refused(RuleViolation, "catalogue.invalid"):
            save_catalogue_row(catalogue=TYPES, values=values, actor=cast.actor("anna"))

    def test_two_edits_of_different_fields_both_stand(self, cast: Cast) -> None:
        anna = cast.actor("anna")
        pk = type_id("assembly")
        save_catalogue_row(catalogue=TYPES, row_id=pk, values={"name": "Финал"}, actor=anna)
        save_catalogue_row(catalogue=TYPES, row_id=pk, values={"order": 5}, actor=anna)
        row = OperationType.objects.get(pk=pk)
        assert (row.name, row.order) == ("Финал", 5)

    def test_a_later_seed_never_overwrites(self, cast: Cast) -> None:
        save_catalogue_row(
            catalogue=TYPES,
            row_id=type_id("assembly"),
            values={"name": "Финал", "active": False},
            actor=cast.actor("anna"),
        )
        with writes():
            assert seed_catalogues() == 0
        assert OperationType.objects.get(code="assembly").name == "Финал"


def test_skills(cast: Cast) -> None:
    igor = cast.actor("igor")
    wanted = [type_id("polishing"), type_id("assembly")]
    with writes("employee.skills_changed") as events:
        change_skills(employee_id=cast.pavel.pk, type_ids=wanted, actor=igor)
    assert events[0].payload == {
        "name": cast.pavel.short_name, "old": ["Полировка"], "new": ["Сборка", "Полировка"],
    }  # fmt: skip
    with writes():
        change_skills(employee_id=cast.pavel.pk, type_ids=list(reversed(wanted)), actor=igor)
    with refused(NotFound, "receipts.unknown_choice", "skills"):
        change_skills(employee_id=cast.pavel.pk, type_ids=[10**9], actor=igor)
    with refused(NotFound, "staff.no_such_employee", "employee"):
        change_skills(employee_id=10**9, type_ids=[], actor=igor)
    with refused(NotAllowed, "staff.managers_only"):
        change_skills(employee_id=cast.pavel.pk, type_ids=[], actor=cast.actor("maxim"))


@pytest.mark.postgres
def test_a_row_is_locked_while_it_is_edited(
    cast: Cast,
) -> None:
    """Two editors at once: the second reads the first one's value as the old one."""
    with CaptureQueriesContext(connection) as queries:
        save_catalogue_row(
            catalogue=TYPES,
            row_id=type_id("assembly"),
            values={"name": "Финал"},
            actor=cast.actor("anna"),
        )
    locking = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
    assert any("receipts_operationtype" in sql for sql in locking)


class TestCalendar:
    def _make(self, cast: Cast) -> WorkCalendar:
        weekly = {day: [(NINE, SIX)] for day in range(5)}
        return create_calendar(name="Мастерская", weekly=weekly, actor=cast.actor("anna")).object

    def test_without_one_the_workshop_works_round_the_clock(self) -> None:
        assert current_calendar().is_always

    def test_one_is_active(self, cast: Cast) -> None:
        first = self._make(cast)
        second = self._make(cast)
        first.refresh_from_db()
        assert (first.active, second.active) == (False, True)
        assert current_calendar().weekly[0] == ((NINE, SIX),)

    def test_weekly_hours(self, cast: Cast) -> None:
        calendar = self._make(cast)
        anna = cast.actor("anna")
        weekly = {day: [(NINE, SIX)] for day in range(5)}
        with writes():
            set_week(calendar_id=calendar.pk, weekly=weekly, actor=anna)
        weekly[0] = [(NINE, time(13)), (time(14), SIX)]
        with writes("settings.calendar_changed") as events:
            set_week(calendar_id=calendar.pk, weekly=weekly, actor=anna)
        assert len(events[0].payload["changes"]) == 1
        assert "09:00–18:00 → 09:00–13:00, 14:00–18:00" in events[0].payload["changes"][0]
        assert current_calendar().weekly[0] == ((NINE, time(13)), (time(14), SIX))

    @pytest.mark.parametrize(
        "hours",
        [
            [(SIX, NINE)],
            [(NINE, NINE)],
            [(NINE, time(0))],
            [(NINE, SIX), (time(17), time(19))],
            [(time(14), SIX), (NINE, time(13))],
        ],
    )
    def test_hours_that_cannot_be(self, cast: Cast, hours: list[tuple[time, time]]) -> None:
        calendar = self._make(cast)
        anna = cast.actor("anna")
        with refused(RuleViolation, "calendar.bad_intervals"):
            set_week(calendar_id=calendar.pk, weekly={0: hours}, actor=anna)
        if len(hours) == 1:
            with refused(RuleViolation, "calendar.bad_intervals"):
                set_day(calendar_id=calendar.pk, day=date(2026, 12, 31), hours=hours[0], actor=anna)

    def test_a_day_that_differs(self, cast: Cast) -> None:
        calendar = self._make(cast)
        day = date(2026, 12, 31)
        change = {"calendar_id": calendar.pk, "day": day, "actor": cast.actor("anna")}
        with writes():
            set_day(usual=True, **change)
        assert CalendarDay.objects.count() == 0
        with writes("settings.calendar_changed"):
            set_day(**change)
        assert current_calendar().intervals(day) == ()
        with writes():
            set_day(**change)
        with writes("settings.calendar_changed") as events:
            set_day(note="Новый год", **change)
        assert "Новый год" in events[0].payload["changes"][0]
        with writes("settings.calendar_changed"):
            set_day(hours=(NINE, time(15)), **change)
        assert current_calendar().intervals(day) == ((NINE, time(15)),)
        with writes("settings.calendar_changed"):
            set_day(usual=True, **change)
        assert current_calendar().intervals(day) == ((NINE, SIX),)
        with refused(RuleViolation, "text.control_characters", "note"):
            set_day(note="a\0b", **change)

    def test_a_managers_matter(self, cast: Cast) -> None:
        calendar = self._make(cast)
        igor = cast.actor("igor")
        with refused(NotAllowed, "access.not_allowed"):
            create_calendar(name="x", weekly={}, actor=igor)
        with refused(NotAllowed, "access.not_allowed"):
            set_week(calendar_id=calendar.pk, weekly={}, actor=igor)
        with refused(NotAllowed, "access.not_allowed"):
            set_day(calendar_id=calendar.pk, day=date(2026, 12, 31), actor=igor)


class TestWatch:
    def test_added_changed_found_again(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        values = {"brand": "Ракета", "serial": " ab-12 ", "water_resistance_bar": "3,0"}
        with writes("watch.added") as events:
            watch = create_watch(values=values, actor=igor).object
        assert (events[0].stream, events[0].payload["watch_id"]) == (watch.stream, watch.pk)
        assert [row.pk for row in same_serial("АВ 12")] == [watch.pk]
        with writes("watch.changed") as events:
            change_watch(watch_id=watch.pk, values={"brand": "Слава", "serial": "X"}, actor=igor)
        assert events[0].payload["changes"] == {
            "brand": ["Ракета", "Слава"], "serial": ["ab-12", "X"],
        }  # fmt: skip
        assert same_serial("AB-12") == []
        with writes():
            change_watch(watch_id=watch.pk, values={"brand": "Слава"}, actor=igor)

    def test_refusals(self, cast: Cast) -> None:
        igor = cast.actor("igor")
        cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
            ({}, RuleViolation, "receipts.watch_empty", "brand"),
            ({"owner": "x"}, RuleViolation, "receipts.fact_unknown", "owner"),
            ({"brand": "x" * 81}, RuleViolation, "text.too_long", "brand"),
            (
                {"water_resistance_bar": "NaN"},
                RuleViolation,
                "receipts.bar_impossible",
                "water_resistance_bar",
            ),
            ({"metal": 10**9}, NotFound, "receipts.unknown_choice", "metal"),
        ]
        for values, kind, code, field in cases:
            with refused(kind, code, field):
                create_watch(values=values, actor=igor)
        with refused(NotFound, "receipts.no_such_watch", "watch"):
            change_watch(watch_id=10**9, values={}, actor=igor)
        with refused(NotAllowed, "access.not_allowed"):
            create_watch(values={"brand": "x"}, actor=cast.actor("maxim"))
        assert Watch.objects.count() == 0
