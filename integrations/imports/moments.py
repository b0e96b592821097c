"""Putting the steps of a history in order: moments, days without a time, steps without either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.imports.cells import Moment, day_of
from integrations.imports.columns import Problem, RowError
from workshop.lib import clock

_UNKNOWN: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Step:
    """One thing that happened. ``given`` is what the file says of when, None when nothing.

    ``column`` tells what happened, ``when`` is the column of its moment, where there is one.
    """

    column: str
    given: Moment | None
    write: Callable[[Any, datetime], Any]
    changes_status: bool
    when: str = ""
    at: datetime = _UNKNOWN


def in_order(received: datetime, steps: Sequence[Step], now: datetime) -> list[Step]:
    """The steps by their moments. Those that change the status keep the order they come in.

    A day without a time never comes before what happened the same day before it; a step without a
    moment happened together with the last change of the status. Raises RowError for a moment in
    the future, one before the receipt, and one before the step it follows.
    """
    if received > now:
        raise RowError(Problem("received_at", _("This lies in the future.")))
    last = received
    done: list[Step] = []
    for step in steps:
        step.at = _moment(step, last, received, done)
        if step.at > now:
            raise RowError(Problem(step.when or step.column, _("This lies in the future.")))
        before = last if step.changes_status else received
        if step.at < before:
            raise RowError(Problem(step.when or step.column, _earlier(before)))
        done.append(step)
        if step.changes_status:
            last = step.at
    return sorted(done, key=lambda step: step.at)  # stable: equal moments keep their order


def _earlier(before: datetime) -> str:
    told = _("This is earlier than what came before it, at %(moment)s.")
    return told % {"moment": clock.show(before)}


def _moment(step: Step, last: datetime, received: datetime, done: Sequence[Step]) -> datetime:
    given = step.given
    if given is None:
        return last
    if not given.is_day:
        return given.at
    day = given.day
    that_day = [at for at in (received, *(one.at for one in done)) if day_of(at) == day]
    return max([given.at, *that_day])
