"""The work calendar: weekly hours, days off, transferred and shortened days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, policies, worktime
from receipts.events.base import with_reason
from receipts.events.catalogue import CalendarChanged
from receipts.models import CalendarDay, WorkCalendar, WorkInterval
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.one_look import once
from workshop.lib.text import clean_text, require_text

Hours = Sequence[tuple[time, time]]


@verb("calendar.create", "receipts.WorkCalendar")
def create_calendar(
    *,
    name: str,
    weekly: Mapping[int, Hours],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkCalendar]:
    """A calendar with its weekly hours; it becomes the active one, the one before is switched off.

    Raises RuleViolation ``calendar.bad_intervals``, ``text.required``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    WorkCalendar.objects.filter(active=True).update(active=False)
    calendar = WorkCalendar.objects.create(name=require_text(name, field="name", limit=100))
    told = _set_week(calendar, weekly)
    record(run, calendar, [calendar.name, *told])
    return Outcome(calendar)


@verb("calendar.set_week", "receipts.WorkCalendar")
def set_week(
    *,
    calendar_id: int,
    weekly: Mapping[int, Hours],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkCalendar]:
    """Replace the weekly hours; a break is the gap between two intervals of a day."""
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    calendar = locks.calendar(calendar_id)
    told = _set_week(calendar, weekly)
    if told:
        record(run, calendar, told)
    return Outcome(calendar)


@verb("calendar.set_day", "receipts.WorkCalendar")
def set_day(
    *,
    calendar_id: int,
    day: date,
    hours: tuple[time, time] | None = None,
    like: int | None = None,
    note: str = "",
    usual: bool = False,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkCalendar]:
    """A day off, a day with its own ``hours``, one with the hours and breaks of another weekday
    (``like``, 0 = Monday: a transferred day), or a usual day again (``usual``).
    """
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    calendar = locks.calendar(calendar_id)
    _ensure_forward([hours] if hours is not None else [])
    if like is not None and (hours is not None or like not in WorkInterval.Weekday.values):
        raise RuleViolation(
            "calendar.bad_weekday",
            _("A transferred day has the hours of one of the weekdays."),
            field="like",
        )
    old = CalendarDay.objects.filter(calendar=calendar, day=day).first()
    if old is None and usual:
        return Outcome(calendar)
    before = day_words(old)
    row = CalendarDay.objects.update_or_create(
        calendar=calendar,
        day=day,
        defaults={
            "working": hours is not None or like is not None,
            "start": hours[0] if hours else None,
            "end": hours[1] if hours else None,
            "like_weekday": like,
            "note": clean_text(note, field="note", limit=100),
            "active": not usual,
        },
    )[0]
    after = day_words(row)
    if before != after:
        record(run, calendar, [f"{day:%d.%m.%Y}: {before} → {after}"])
    return Outcome(calendar)


def day_words(row: CalendarDay | None) -> str:
    """A special day in words; a usual one as such."""
    if row is None or not row.active:
        return _now("as usual")
    if row.like_weekday is not None:
        weekday = WorkInterval.Weekday(row.like_weekday).label
        return with_reason(_now("works as on %(weekday)s") % {"weekday": weekday}, row.note)
    if row.working and row.start and row.end:
        return with_reason(f"{row.start:%H:%M}–{row.end:%H:%M}", row.note)
    return with_reason(_now("day off"), row.note)


def _ensure_forward(intervals: Hours) -> None:
    """Stored hours end on their own day: midnight is 23:59."""
    if any(start >= end for start, end in intervals):
        raise RuleViolation(
            "calendar.bad_intervals", _("The hours end before they begin."), field="hours"
        )


def _set_week(calendar: WorkCalendar, weekly: Mapping[int, Hours]) -> list[str]:
    for hours in weekly.values():
        _ensure_forward(hours)
    worktime.Calendar(weekly={day: tuple(hours) for day, hours in weekly.items()})
    told: list[str] = []
    for weekday in WorkInterval.Weekday:
        rows = calendar.intervals.filter(weekday=weekday, active=True)
        old = [(row.start, row.end) for row in rows]
        new = list(weekly.get(weekday.value, ()))
        if old == new:
            continue
        rows.update(active=False)
        WorkInterval.objects.bulk_create(
            WorkInterval(calendar=calendar, weekday=weekday, start=start, end=end)
            for start, end in new
        )
        told.append(f"{weekday.label}: {_hours(old)} → {_hours(new)}")
    return told


def _hours(intervals: Hours) -> str:
    return ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in intervals) or "–"


def record(run: Run, calendar: WorkCalendar, changes: list[str]) -> None:
    """One event of everything that changed in a calendar."""
    payload = CalendarChanged(calendar_id=calendar.pk, changes=changes)
    run.record(f"settings:calendar:{calendar.pk}", payload)


@once
def current_calendar() -> worktime.Calendar:
    """The active calendar as working time; without one the workshop works round the clock."""
    calendar = WorkCalendar.objects.filter(active=True).first()
    if calendar is None:
        return worktime.Calendar.always()
    weekly: dict[int, list[tuple[time, time]]] = {}
    for row in calendar.intervals.filter(active=True).order_by("weekday", "start"):
        weekly.setdefault(row.weekday, []).append((row.start, row.end))
    if not weekly:
        return worktime.Calendar.always()
    days = list(calendar.days.filter(active=True))
    hours = {day: tuple(spans) for day, spans in weekly.items()}
    special: dict[date, worktime.Intervals] = {
        row.day: ((row.start, row.end),) for row in days if row.start and row.end
    }
    special |= {
        row.day: hours.get(row.like_weekday, ()) for row in days if row.like_weekday is not None
    }
    return worktime.Calendar(
        weekly=hours,
        days_off=frozenset(row.day for row in days if not row.working),
        special=special,
    )
