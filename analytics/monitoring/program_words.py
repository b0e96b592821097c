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
    program: Program
    held: str = ""
    heard: str = ""

    @property
    def leads(self) -> bool:
        """Of several schedulers one leads; the others wait for its term to end."""
        return self.program.name == SCHEDULER and self.program.alive

    @property
    def details(self) -> str:
        """Machine, since when it leads, when it was heard of last."""
        if not self.heard:
            return ""
        told = [_("since %(when)s") % {"when": self.held}] if self.held else []
        return ", ".join([self.program.machine, *told, self.ago])

    @property
    def ago(self) -> str:
        """When it was heard of last; empty when it never ran."""
        told = {"time": self.heard}
        return _("last sign of life %(time)s ago") % told if self.heard else ""


def told(found: SystemState) -> list[Told]:
    return [_told(str(LABELS[name]), one) for name, one in found.programs.items()]


def _told(label: str, program: Program) -> Told:
    if program.silent is None:
        return Told(label, "plain", _("has not run yet"), program)
    # A beat starts anew each time: only who holds a lease has held it since some moment.
    held = clock.show(program.since) if program.name == SCHEDULER and program.alive else ""
    heard = length(program.silent)
    if program.alive:
        return Told(label, "success", _("alive"), program, held, heard)
    return Told(label, "danger", _("gives no sign of life"), program, held, heard)


def facts(found: SystemState, open_alerts: int) -> list[tuple[str, str, str]]:
    """What waits, the last backup and the open alerts: label, value, tone."""
    waited = (
        _("the oldest for %(lag)s") % {"lag": length(found.at - found.oldest)}
        if found.oldest
        else ""
    )
    queue = f"{found.waiting}, {waited}" if waited else str(found.waiting)
    if found.backup is None:
        backup = _("none yet")
    else:
        ago = {"time": length(found.at - found.backup)}
        backup = f"{clock.show(found.backup)}, {_('%(time)s ago') % ago}"
    if found.backup_failed:
        backup = f"{backup}, {_('the last attempt failed')}"
    return [
        (_("Events that wait to be told"), queue, "plain"),
        (_("Last backup"), backup, "danger" if found.backup_failed else "plain"),
        (_("Open alerts"), str(open_alerts), "warning" if open_alerts else "plain"),
    ]


def length(time: timedelta) -> str:
    """In the unit that fits, from seconds to days."""
    return amount(Decimal(int(time.total_seconds())), Unit.SECONDS)
