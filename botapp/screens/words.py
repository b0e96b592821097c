"""Receipts in words: the lines and labels that all flows share. Reads only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, esc, fmt, lines
from history.commands import Outcome
from receipts import selectors
from receipts.deadline_input import describe_deadline
from receipts.models import Receipt
from receipts.selectors import Place
from receipts.services.quality import SEPARATION_WARNING
from receipts.states import Status
from workshop.lib import clock

WARNINGS = {
    "master.skill_missing": gettext_lazy("This work is not among the skills of this person."),
    "employee.skill_missing": gettext_lazy("This work is not among the skills of this person."),
    SEPARATION_WARNING: gettext_lazy("You worked on this watch yourself."),
}


def number(receipt: Receipt) -> str:
    """``№101``, with the fire of an urgent one."""
    return f"{receipt.fire} {receipt}".lstrip()


def numbers(receipts: list[Receipt]) -> str:
    """``№101, №102``."""
    return ", ".join(number(receipt) for receipt in receipts)


def status(receipt: Receipt) -> str:
    """The status in the reader's language."""
    return str(Status(receipt.status).label)


def moment(at: datetime | None) -> str:
    """``Fri 25.12.2026 18:00``: with weekday and year, so that a wrong year is seen."""
    return describe_deadline(at, clock.zone(), get_language() or "ru") if at else "–"


def short_day(at: datetime) -> str:
    """``Fri 25.12``: for buttons."""
    weekday, date_, _time = moment(at).split(" ")
    return f"{weekday} {date_[:5]}"


def day(value: date | None) -> str:
    """``25.12.2026``; a dash for none."""
    return value.strftime("%d.%m.%Y") if value else "–"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: days, hours or minutes."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes >= 24 * 60:
        return _("%(count)s d") % {"count": minutes // (24 * 60)}
    if minutes >= 60:
        return _("%(count)s h") % {"count": minutes // 60}
    return _("%(count)s min") % {"count": minutes}


def late(receipt: Receipt, now: datetime) -> str:
    """``⚠ overdue by 3 h``; empty when it is not overdue."""
    if receipt.deadline is None or not receipt.is_overdue(now):
        return ""
    return _("⚠ overdue by %(span)s") % {"span": span(now - receipt.deadline)}


def deadline(receipt: Receipt, now: datetime) -> Markup:
    """The line of the deadline, marked when it is overdue."""
    if receipt.deadline is None:
        return esc(_("Deadline: not set"))
    line = fmt(_("Deadline: %(when)s"), when=moment(receipt.deadline))
    overdue = late(receipt, now)
    return fmt("%(line)s %(late)s", line=line, late=b(overdue)) if overdue else line


def place(one: Place) -> Markup:
    """``Watch: Ivanov I., since 01.02.2026 10:00``."""
    return fmt(
        _("%(what)s: %(who)s, since %(when)s"),
        what=one.what[:1].upper() + one.what[1:],
        who=b(one.who),
        when=clock.show(one.since),
    )


def places(receipt: Receipt) -> Markup:
    """Where the watch and its parts are, a line each; the cell it lies in."""
    cell = fmt(_("Place: %(place)s"), place=receipt.place) if receipt.place else None
    return lines(*(place(one) for one in selectors.places(receipt)), cell)


def head(receipt: Receipt, now: datetime, *, due: bool = True) -> Markup:
    """What every screen about one receipt begins with: number, status, where, deadline.

    Not ``due``: where the deadline is told by the screen itself.
    """
    kept_whole = b(_("⛔ Do not polish")) if receipt.do_not_polish else None
    if receipt.is_void:
        return fmt(_("%(number)s: the receipt is voided"), number=b(number(receipt)))
    return lines(
        fmt("%(number)s · %(status)s", number=b(number(receipt)), status=status(receipt)),
        watch(receipt) or None,
        places(receipt),
        deadline(receipt, now) if due else None,
        kept_whole,
    )


def watch(receipt: Receipt) -> str:
    """Brand, model and serial; empty when nothing was entered."""
    return str(receipt.watch) if receipt.watch is not None else ""


def make(receipt: Receipt) -> str:
    """Brand and model alone, for lists."""
    watch_ = receipt.watch
    return " ".join(filter(None, [watch_.brand, watch_.model])) if watch_ is not None else ""


def label(receipt: Receipt, now: datetime) -> str:
    """The receipt on a button: number, how late, status, at whom."""
    parts = [number(receipt), late(receipt, now), status(receipt)]
    if receipt.master is not None:
        parts.append(receipt.master.short_name)
    return " · ".join(part for part in parts if part)


def done(outcome: Outcome[Any], text: Any) -> Markup:
    """What happened: the sentence, or who had done it before, and the warnings."""
    if outcome.already is not None:
        text = fmt(
            _("Already done: %(who)s, %(when)s"),
            who=outcome.already.who,
            when=clock.show(outcome.already.when),
        )
    told = [f"⚠ {warning(code)}" for code in outcome.warnings]
    return lines(text, *told)


def warning(code: str) -> str:
    """A warning of a service for people; an unknown code as it is."""
    return str(WARNINGS.get(code, code))
