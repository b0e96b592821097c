"""The work calendar: weekly hours and special days, through their services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts.admin.sections import read_timeline
from receipts.models import CalendarDay, WorkCalendar, WorkInterval
from receipts.services.calendars import create_calendar, day_words, set_day, set_week
from receipts.services.holidays import fill_holidays
from staff.office.forms import DayField, OfficeVerb
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.roles import MANAGER
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter, KeptAdmin

CALENDAR = "receipts.WorkCalendar"
Hours = tuple[tuple[time, time], ...]


class HoursField(forms.CharField):
    """``10:00-14:00, 15:00-19:00``; empty = a day off."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(max_length=100, **kwargs)
        self.widget.attrs["placeholder"] = "10:00-14:00, 15:00-19:00"

    def to_python(self, value: Any) -> Hours:  # type: ignore[override]
        text = str(value or "").replace("–", "-").replace("—", "-")
        return tuple(self._span(part) for part in text.split(",") if part.strip())

    def _span(self, text: str) -> tuple[time, time]:
        start, _dash, end = text.partition("-")
        try:
            return _clock(start), _clock(end)
        except ValueError:
            raise forms.ValidationError(
                _now("Write the hours like this: 10:00-14:00, 15:00-19:00")
            ) from None

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"])

    def run_validators(self, value: Any) -> None:
        return None


def _clock(text: str) -> time:
    return datetime.strptime(text.strip().replace(".", ":"), "%H:%M").time()  # noqa: DTZ007


def shown(hours: Hours) -> str:
    """The inverse of :class:`HoursField`."""
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in hours)


class WithWeek(forms.Form):
    """Part of a form: the hours of the seven weekdays."""

    def build_week(self, current: Mapping[int, Hours]) -> None:
        for day in WorkInterval.Weekday:
            self.fields[f"day_{day.value}"] = HoursField(
                label=day.label, initial=shown(current.get(day.value, ()))
            )

    def week_of(self, data: Mapping[str, Any]) -> dict[int, Hours]:
        """Weekdays with working time."""
        hours = {day.value: data[f"day_{day.value}"] for day in WorkInterval.Weekday}
        return {day: spans for day, spans in hours.items() if spans}


class AddCalendar(WithWeek, OfficeVerb):
    slug = "add"
    label = _("New work calendar")
    roles = frozenset({MANAGER})
    name = forms.CharField(label=_("Calendar name"), max_length=100)

    def build(self) -> None:
        self.build_week({day: ((time(10), time(19)),) for day in range(5)})

    def intro(self) -> list[str]:
        return [_now("The new calendar becomes the active one.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return create_calendar(name=data["name"], weekly=self.week_of(data), **common)


@office_verb(CALENDAR)
class SetWeek(WithWeek, OfficeVerb):
    slug = "week"
    label = _("Change the weekly hours")
    roles = frozenset({MANAGER})

    def build(self) -> None:
        self.build_week(week_of(self.target))

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_week(calendar_id=self.target.pk, weekly=self.week_of(data), **common)


@office_verb(CALENDAR)
class SetDay(OfficeVerb):
    slug = "day"
    label = _("Set a special day")
    roles = frozenset({MANAGER})
    day = DayField(label=_("Day"))
    kind = forms.ChoiceField(
        label=_("This day is"),
        choices=[
            ("off", _("a day off")),
            ("hours", _("a working day with its own hours")),
            ("like", _("a transferred day: with the hours of another weekday")),
            ("usual", _("a usual day again")),
        ],
        widget=forms.RadioSelect,
        initial="off",
    )
    hours = HoursField(label=_("Hours of this day"), help_text=_("One span, without a break"))
    like = forms.TypedChoiceField(
        label=_("Hours as on"),
        choices=[("", "—"), *WorkInterval.Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kind") == "hours" and len(data.get("hours") or ()) != 1:
            self.add_error("hours", _now("Enter one span of hours."))
        if data.get("kind") == "like" and data.get("like") is None:
            self.add_error("like", _now("Choose the weekday whose hours hold."))
        return data

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return set_day(
            calendar_id=self.target.pk,
            day=data["day"],
            hours=data["hours"][0] if data["kind"] == "hours" else None,
            like=data["like"] if data["kind"] == "like" else None,
            note=data["note"],
            usual=data["kind"] == "usual",
            **common,
        )


@office_verb(CALENDAR)
class FillHolidays(OfficeVerb):
    slug = "holidays"
    label = _("Add public holidays")
    roles = frozenset({MANAGER})
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100)
    country = forms.CharField(
        label=_("Country"), max_length=2, help_text=_("Two letters: RU, KZ, DE…")
    )

    def build(self) -> None:
        self.fields["year"].initial = clock.today().year + 1
        self.fields["country"].initial = settings.WORKSHOP_HOLIDAYS

    def intro(self) -> list[str]:
        return [_now("Days that you have set yourself stay as they are. Enter shortened days.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return fill_holidays(
            calendar_id=self.target.pk,
            year=data["year"],
            country=data["country"].upper(),
            **common,
        )


def week_of(calendar: WorkCalendar) -> dict[int, Hours]:
    """The active hours by weekday."""
    found: dict[int, Hours] = {}
    for row in calendar.intervals.filter(active=True).order_by("weekday", "start"):
        found[row.weekday] = (*found.get(row.weekday, ()), (row.start, row.end))
    return found


@admin.register(WorkCalendar)
class WorkCalendarAdmin(OfficeAdmin):
    add_verb = AddCalendar
    page_template = "office/object.html"
    list_display = ("name", "active")

    def stream_of(self, obj: Any) -> str:
        return f"settings:calendar:{obj.pk}"


@page_section(CALENDAR, "office/object/facts.html", order=10)
def week(target: WorkCalendar, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    hours = week_of(target)
    rows = [
        (str(day.label), shown(hours[day.value]) if day.value in hours else _now("day off"))
        for day in WorkInterval.Weekday
    ]
    return {"title": _now("Working hours"), "facts": rows}


@page_section(CALENDAR, "office/object/facts.html", order=20)
def days(target: WorkCalendar, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = target.days.filter(active=True).order_by("-day")[:100]
    told = [(f"{row.day:%d.%m.%Y}", day_words(row)) for row in rows]
    return {"title": _now("Special days"), "facts": told}


@page_section(CALENDAR, "office/receipt/timeline.html", order=100)
def calendar_timeline(
    target: WorkCalendar, actor: Actor, request: HttpRequest
) -> Mapping[str, Any]:
    return read_timeline(f"settings:calendar:{target.pk}", request)


@admin.register(WorkInterval)
class WorkIntervalAdmin(KeptAdmin):
    list_display = ("calendar", "weekday", "start", "end", "active")
    list_select_related = ("calendar",)


@admin.register(CalendarDay)
class CalendarDayAdmin(KeptAdmin):
    list_display = ("day", "calendar", "working", "start", "end", "note")
    list_select_related = ("calendar",)
    list_filter = (("day", DayRangeFilter),)
