"""A person's own numbers beside an average of the others, in which nobody can be recognised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from analytics.filters import EVERYTHING, Filters
from analytics.output import output
from analytics.periods import Period
from analytics.quality import NONE, PersonQuality, Quality, quality
from analytics.snapshots import snapshot
from staff.models import Employee

FEWEST_OTHERS = 3
"""Of fewer people an average tells what one of them did: it is not shown."""


@dataclass(frozen=True)
class Average:
    """What the others did. Shares and averages only: of counts one could subtract.

    ``good`` is the share, 0 to 1, of all their checked works together that did not come back; None
    when too few works were checked or too few people had any. ``works`` is the number of works of
    one of them on average.
    """

    good: float | None
    works: float


@dataclass(frozen=True)
class Own:
    """One person in a period. ``average`` and the types in ``by_type_average`` are those of at
    least ``FEWEST_OTHERS`` others; None and absent where there were fewer."""

    employee_id: int
    name: str
    by_type: dict[int, Quality]
    types: dict[int, str]
    as_assembler: int
    per_bucket: dict[date, int]
    average: Average | None
    by_type_average: dict[int, Average]
    final: bool

    @property
    def total(self) -> Quality:
        return sum(self.by_type.values(), NONE)


def own(
    asked: Period, *, at: datetime, employee_id: int, filters: Filters = EVERYTHING
) -> Own | None:
    """Works, quality and whole-watch returns of one person, beside the average of the others.

    The others are those with works in the period; the person himself is not among them, and the
    filter of people concerns nobody here. Who asks must be this person or may compare people:
    that is the door's to ask. A fixed number of queries; None for an employee who does not exist.
    """
    person = Employee.objects.filter(pk=employee_id).first()
    if person is None:
        return None
    with snapshot():
        report = quality(asked, at=at, filters=replace(filters, employees=()))
        made = output(asked, at=at, filters=replace(filters, employees=(employee_id,)))
    mine = next((one for one in report.people if one.employee_id == employee_id), None)
    others = [one for one in report.people if one.employee_id != employee_id]
    cells = mine.by_type if mine else {}
    return Own(
        employee_id=employee_id,
        name=person.short_name,
        by_type=cells,
        types={key: report.types[key] for key in report.types if key in cells},
        as_assembler=mine.as_assembler if mine else 0,
        per_bucket=made.per_bucket,
        average=_average([one.total for one in others]),
        by_type_average={
            key: found for key in cells if (found := _average(_of_type(others, key))) is not None
        },
        final=report.final,
    )


def _of_type(people: list[PersonQuality], type_id: int) -> list[Quality]:
    return [one.by_type[type_id] for one in people if type_id in one.by_type]


def _average(cells: list[Quality]) -> Average | None:
    """None when fewer than ``FEWEST_OTHERS`` had works; so is the share when so few had checks."""
    worked = [cell for cell in cells if cell.works]
    if len(worked) < FEWEST_OTHERS:
        return None
    whole = sum(worked, NONE)
    known = sum(cell.checked > 0 for cell in worked) >= FEWEST_OTHERS and whole.good.enough
    return Average(whole.good.share if known else None, whole.works / len(worked))
