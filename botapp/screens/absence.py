"""Absence: until when, and who gets the watches and polishing orders that lie at the person."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Restart,
    Screen,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    grid,
    lines,
)
from botapp.screens import words
from botapp.screens.hand_on import HandOn, things_of
from botapp.screens.hold import END_OF_DAY
from botapp.screens.staff import MANAGERS, StaffCard, absence_words, load_person, open_lines
from receipts.deadline_input import parse_deadline
from staff.services import set_absence
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

QUICK: Final = (0, 1, 3, 7, 14)  # days from today, the last day of the absence
_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?")


class Until(Screen):
    """The last day: pressed or typed, also «20.12 – 28.12»."""

    id = "absence.until"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        today = clock.today()
        buttons = [
            Button(words.day(today + timedelta(days=count)), "day", count) for count in QUICK
        ]
        back = [[Button(_("Back at work"), "clear")]] if person.absent_until else []
        text = lines(
            fmt(
                _("%(name)s: absent until which day, this day included?"), name=b(person.full_name)
            ),
            _("Press a day or type it: 25.12 · 20.12 – 28.12 · tomorrow · in 3 days"),
        )
        return View(text, [*grid(buttons, 3), *back])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_day(self, ctx: Context, value: str) -> Answer:
        until = clock.today() + timedelta(days=int(value))
        return self._confirm(ctx, clock.today(), until)

    def do_clear(self, ctx: Context, value: str) -> Answer:
        return Go(Confirm, **ctx.params, start=None, until=None)

    def on_text(self, ctx: Context, text: str) -> Answer:
        try:
            start, until = parse_days(text, clock.today())
        except RuleViolation as unclear:
            start, until = clock.today(), _in_words(text, ctx.now, unclear)
        return self._confirm(ctx, start, until)

    def _confirm(self, ctx: Context, start: date, until: date) -> Go:
        return Go(Confirm, **ctx.params, start=start.isoformat(), until=until.isoformat())


class Confirm(Screen):
    """The person, the days, and what lies at him."""

    id = "absence.confirm"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        old = absence_words(person) if person.absent_until else _("present")
        text = lines(
            b(person.full_name),
            fmt(_("Absent: %(old)s → %(new)s"), old=old, new=b(_span(ctx))),
            *open_lines(person),
            _("Pickers show him last while he is away.") if ctx.params["until"] else None,
        )
        return View(text, [[confirm_button(), cancel_button()]])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        outcome = set_absence(
            employee_id=ctx.params["employee_id"],
            absent_from=_date(ctx.params["start"]),
            absent_until=_date(ctx.params["until"]),
            actor=ctx.actor,
            command=ctx.command,
        )
        person = outcome.object
        away = fmt(
            _("Absent until %(day)s: %(name)s"),
            day=words.day(person.absent_until),
            name=b(person.short_name),
        )
        back = fmt(_("Back at work: %(name)s"), name=b(person.short_name))
        note = words.done(outcome, away if person.absent_until else back)
        if person.absent_until and things_of(person):
            return Restart(HandOn, employee_id=person.pk).note(note)
        return Done(note, StaffCard, employee_id=person.pk)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _span(ctx: Context) -> str:
    start, until = _date(ctx.params["start"]), _date(ctx.params["until"])
    return f"{words.day(start)} – {words.day(until)}" if until else _("present")


def parse_days(text: str, today: date) -> tuple[date, date]:
    """«25.12» (from today) or «20.12 – 28.12»; without a year the last day lies ahead.

    RuleViolation ``bot.days_unclear``; whether the span makes sense is the service's question.
    """
    found = _DAY.findall(text)
    rest = _DAY.sub("", text).strip(" -–—")
    if rest or not 1 <= len(found) <= 2:
        raise _unclear()
    try:
        until = _next(*found[-1], not_before=today)
        start = today if len(found) == 1 else _last(*found[0], not_after=until)
    except ValueError:
        raise _unclear() from None
    return start, until


def _in_words(text: str, now: datetime, unclear: RuleViolation) -> date:
    """«завтра», «через 3 дня», «в пятницу»: as deadlines are typed; else ``unclear`` is raised."""
    try:
        found = parse_deadline(text, now=now, default_time=END_OF_DAY, zone=clock.zone())
    except RuleViolation:
        raise unclear from None
    return clock.local(found.at).date()


def _next(day: str, month: str, year: str, *, not_before: date) -> date:
    one = date(int(year or not_before.year), int(month), int(day))
    return one if year or one >= not_before else one.replace(year=one.year + 1)


def _last(day: str, month: str, year: str, *, not_after: date) -> date:
    one = date(int(year or not_after.year), int(month), int(day))
    return one if year or one <= not_after else one.replace(year=one.year - 1)


def _unclear() -> RuleViolation:
    return RuleViolation(
        "bot.days_unclear", _("The days are not understood. Examples: 25.12 · 20.12 – 28.12")
    )
