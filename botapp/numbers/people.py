"""Quality and output: of oneself, of one person, of everybody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.output import Output, output
from analytics.own import FEWEST_OTHERS, Own, own
from analytics.quality import Quality, quality
from analytics.reports.pages import funnel_of, works_drawing
from analytics.reports.question import Question
from analytics.trend import Trend, trend
from analytics.trend_chart import trend_drawing
from analytics.trend_words import told, verdict, when
from botapp.numbers.board import (
    Board,
    Column,
    few_note,
    judged,
    percent,
    share_words,
    shown,
    with_before,
)
from workshop.lib.errors import NotFound

NEWEST = 3
"""Signals of a trend that are told; the chart shows all of them."""


@dataclass(frozen=True)
class Asked:
    """``person_id`` is who is asked about (the reader himself, or one he picked).

    ``named``: the reader may see numbers about named people.
    """

    question: Question
    person_id: int
    named: bool


def quality_columns(first: Column) -> list[Column]:
    return [
        first,
        Column("%", _("Quality, %")),
        Column(pgettext("narrow", "chk"), _("Checked")),
        Column(pgettext("narrow", "ret"), _("Returned works")),
        Column(pgettext("narrow", "wait"), _("Waiting for QC")),
    ]


def quality_cells(cell: Quality) -> list[object]:
    return [judged(cell.good), cell.checked, cell.returned, cell.waiting]


# -- one person -------------------------------------------------------------------------------


def read_mine(asked: Asked) -> Board:
    return _of_one(asked, _("My quality and output"))


def read_person(asked: Asked) -> Board:
    return _of_one(asked, "")


def _of_one(asked: Asked, title: str) -> Board:
    question = asked.question
    mine = own(question.period, at=question.at, employee_id=asked.person_id)
    in_time = trend(asked.person_id, at=question.at)
    if mine is None or in_time is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."))
    cells = [mine.by_type[key].good for key in mine.types]
    return Board(
        title=title or mine.name,
        facts=[*_own_facts(mine), (_("Over 24 months"), verdict(in_time))],
        columns=quality_columns(Column(_("Work"), _("Operation type"))),
        rows=[[name, *quality_cells(mine.by_type[key])] for key, name in mine.types.items()],
        notes=[*_signals(in_time), *_average_note(mine), *few_note(cells)],
        drawing=lambda: trend_drawing(in_time),
        span=f"{in_time.period.first:%d.%m.%Y} – {in_time.period.last:%d.%m.%Y}",
    )


def _own_facts(mine: Own) -> list[tuple[str, object]]:
    total, average = mine.total, mine.average
    works = shown(total.works)
    good = share_words(total.good)
    if average is not None:
        values = {"own": works, "others": shown(average.works)}
        works = _("%(own)s, the others on average %(others)s") % values
        if average.good is not None:
            values = {"own": good, "others": f"{100 * average.good:.0f} %"}
            good = _("%(own)s; the others together %(others)s") % values
    facts: list[tuple[str, object]] = [(_("Works"), works), (_("Quality"), good)]
    if total.returns > total.returned:
        facts.append((_("Times they came back"), total.returns))
    if total.waiting:
        facts.append((_("Waiting for QC"), total.waiting))
    if total.own_reworks:
        facts.append((_("Own reworks"), total.own_reworks))
    if mine.as_assembler:
        facts.append((_("Whole watch: returns as assembler"), mine.as_assembler))
    return facts


def _average_note(mine: Own) -> list[str]:
    if mine.average is not None:
        return []
    return [
        _("No average of the others: fewer than %(n)s others worked in this period.")
        % {"n": FEWEST_OTHERS}
    ]


def _signals(in_time: Trend) -> list[str]:
    return [f"{when(point, in_time.step)}: {told(one)}" for point, one in in_time.signals[:NEWEST]]


# -- everybody --------------------------------------------------------------------------------


def read_quality(asked: Asked) -> Board:
    """People in alphabetical order for those who may compare them; else types of work."""
    question = asked.question
    report = quality(question.period, at=question.at)
    before = quality(question.before, at=question.at).total if question.before else None
    total = report.total
    facts: list[tuple[str, object]] = [
        (_("Quality of the workshop"), share_words(total.good)),
        (_("Works"), with_before(total.works, before.works if before else None)),
    ]
    if before and before.good.share is not None:
        facts.insert(1, (_("Previous period"), f"{shown(percent(before.good))} %"))
    if asked.named:
        cells = [one.total for one in report.people]
        rows = [[one.name, *quality_cells(one.total)] for one in report.people]
        first = Column(_("Who"), _("Who"))
    else:
        cells = list(report.by_type.values())
        rows = [[report.types[key], *quality_cells(cell)] for key, cell in report.by_type.items()]
        first = Column(_("Work"), _("Operation type"))
    return Board(
        title=_("Quality of the works"),
        facts=facts,
        columns=quality_columns(first),
        rows=rows,
        notes=few_note([cell.good for cell in cells]),
        drawing=(lambda: funnel_of(report)) if asked.named else None,
        named=asked.named and bool(rows),
    )


def read_output(asked: Asked) -> Board:
    """The one number in which people are ordered; by type for whoever may not compare them."""
    question = asked.question
    made = output(question.period)
    before = output(question.before).total if question.before else None
    columns = [Column(_("Who"), _("Who")), Column(pgettext("narrow", "works"), _("Works"))]
    rows: list[list[object]] = [
        [made.people[pk], works] for pk, works in made.top(len(made.people))
    ]
    if not asked.named:
        columns[0] = Column(_("Work"), _("Operation type"))
        rows = [[name, number] for name, number in _by_type(made)]
    return Board(
        title=_("Output"),
        facts=[(_("All works"), with_before(made.total, before))],
        columns=columns,
        rows=rows,
        drawing=lambda: works_drawing(made, question),
        named=asked.named and bool(rows),
    )


def _by_type(made: Output) -> list[tuple[str, int]]:
    sums: Counter[int] = Counter()
    for cells in made.by_person.values():
        sums.update(cells)
    return [(name, sums[key]) for key, name in made.types.items()]
