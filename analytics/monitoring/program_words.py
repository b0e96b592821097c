"""The programs behind the workshop in words: alive, silent since when, or not started so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.monitoring.alert_words import amount
from analytics.monitoring.catalogue import Unit
from analytics.system_state import BOT, RELAY, SCHEDULER, WORKER, Program, SystemState
from workshop.lib import clock

LABELS: Final[dict[str, Promise]] = {
    BOT: lazy("Bot"),
    SCHEDULER: lazy("Schedule of jobs"),
    WORKER: lazy("Worker of jobs"),
    RELAY: lazy("Relay of events"),
}


@dataclass(frozen=True)
class Told:
    """``tone``: success, danger, or plain for a program that never ran: that is no alarm."""

    label: str
    tone: str
    state: str
    details: str
    program: Program


def told(found: SystemState) -> list[Told]:
    return [_told(str(LABELS[name]), one) for name, one in found.programs.items()]


def _told(label: str, program: Program) -> Told:
    if program.silent is None:
        return Told(label, "plain", _("has not run yet"), "", program)
    heard = _("last sign of life %(time)s ago") % {"time": length(program.silent)}
    held = _("since %(when)s") % {"when": clock.show(program.since)}
    # A beat starts anew each time: only who holds a lease has held it since some moment.
    holds = program.name == SCHEDULER and program.alive
    details = ", ".join([program.machine, *([held] if holds else []), heard])
    if program.alive:
        return Told(label, "success", _("alive"), details, program)
    return Told(label, "danger", _("gives no sign of life"), details, program)


def length(time: timedelta) -> str:
    """In the unit that fits, from seconds to days."""
    return amount(Decimal(int(time.total_seconds())), Unit.SECONDS)
