"""Why a receipt is in danger, in words, the worst reason first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.lengths import in_hours
from analytics.monitoring.estimates import Estimate
from analytics.monitoring.risk import Kind, Level, Risk
from receipts.standing import deadline_words, stay_words
from workshop.lib import clock

MINUTE: Final = timedelta(minutes=1)
TONES: Final = {Level.CRITICAL: "danger", Level.WARNING: "warning"}
"""Colours of the office; the others are only told."""


def tone(risk: Risk) -> str:
    return TONES.get(risk.level, "info")


def reasons(risk: Risk, at: datetime) -> list[str]:
    """At least one, in the active language; times as the workshop writes them."""
    told = []
    if risk.kind in {Kind.OVERDUE, Kind.WILL_MISS, Kind.SOON}:
        due = deadline_words(risk.receipt, at)
        told += [due[0]] if due else []
    if risk.estimate is not None:
        told.append(estimate_words(risk.estimate))
    told += map(stay_words, risk.stays)
    if risk.kind == Kind.STALE:
        told.append(_untouched(risk.last_at, at))
    if risk.kind == Kind.NO_DEADLINE or (risk.kind == Kind.STALE and risk.receipt.deadline is None):
        taken = {"when": clock.show(risk.receipt.received_at)}
        told.append(_("No deadline, taken in %(when)s") % taken)
    return told


def estimate_words(estimate: Estimate) -> str:
    """What is left, what was usual, and how many watches told so: an estimate says that it is one.

    Lengths of working time are cut to the minute.
    """
    return _(
        "Estimate: %(left)s of working time left, half of %(cases)s like it needed %(typical)s more"
    ) % {
        "left": _short(estimate.left),
        "cases": estimate.cases,
        "typical": _short(estimate.typical),
    }


def _short(length: timedelta) -> str:
    """Nobody plans by the minute beyond a few hours."""
    if length >= 10 * timedelta(hours=1):
        length = length // timedelta(hours=1) * timedelta(hours=1)
    return in_hours(length // MINUTE * MINUTE)


def _untouched(last_at: datetime | None, at: datetime) -> str:
    if last_at is None:
        return ""
    days = (at - last_at) // timedelta(days=1)
    return ngettext(
        "Nothing happened for %(days)s day, since %(when)s",
        "Nothing happened for %(days)s days, since %(when)s",
        days,
    ) % {"days": days, "when": clock.show(last_at)}
