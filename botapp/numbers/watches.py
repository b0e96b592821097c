"""What became of watches in a period: returns, lead time, first pass, deadlines, flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.deadlines import Kept, deadlines
from analytics.escape import escape_rate
from analytics.first_pass import FirstPass, first_pass_yield
from analytics.flow import Day, flow
from analytics.intervals import Proportion
from analytics.lead_time import Lead, lead_time
from analytics.lengths import in_hours
from analytics.periods import DAY, Period
from analytics.reports.pages import reasons_drawing
from analytics.reports.tables import bar_name
from analytics.returns import returns
from analytics.statuses import InStatus, TimeInStatuses, statuses
from botapp.numbers.board import (
    Board,
    Column,
    brief,
    few_note,
    judged,
    percent,
    share_words,
    shown,
    with_before,
)
from botapp.numbers.drawings import across, in_time
from botapp.numbers.people import Asked
from receipts.states import Status
from workshop.lib.drawing import Drawing

Facts = list[tuple[str, Any]]


def read_returns(asked: Asked) -> Board:
    """By the date of the return; reasons, most frequent first."""
    question = asked.question
    found = returns(question.period)
    before = returns(question.before) if question.before else None
    columns = found.columns
    return Board(
        title=_("Returns from QC"),
        facts=[
            (_("Returns"), with_before(found.cases, before.cases if before else None)),
            (_("Receipts with a return"), found.receipts),
            (_("Reasons in all"), columns.total),
            (_("… hit a work"), columns.hit_a_work),
            (_("… responsible without such a work"), columns.without_a_work),
            (_("… not our fault"), columns.not_ours),
            (_("… undecided"), columns.undecided),
        ],
        columns=[
            Column(_("Reason"), _("By reason")),
            Column("№", "№"),
            Column(pgettext("narrow", "qty"), _("Reasons")),
            Column(pgettext("narrow", "cum %"), _("Cumulative, %")),
        ],
        rows=[
            [bar_name(bar), number, bar.count, shown(percent_of(bar.cumulative))]
            for number, bar in enumerate(found.by_reason, start=1)
        ],
        drawing=lambda: reasons_drawing(found),
    )


def percent_of(share: float) -> float:
    return round(100 * share, 1)


# -- lead time --------------------------------------------------------------------------------


def read_lead_time(asked: Asked) -> Board:
    """Received to ready and to handed out, and where the time goes."""
    question = asked.question
    found = lead_time(question.period, at=question.at)
    earlier = lead_time(question.before, at=question.at) if question.before else None
    spent = statuses(question.period, at=question.at)
    facts: Facts = [
        *_lead(_("Received → ready"), found.ready, earlier.ready if earlier else None),
        *_lead(_("Received → handed out"), found.issued, earlier.issued if earlier else None),
    ]
    return Board(
        title=_("Lead time"),
        facts=facts,
        columns=[
            Column(_("Where"), _("Status")),
            Column(pgettext("narrow", "qty"), _("Receipts")),
            Column(pgettext("narrow", "median"), _("Median")),
            Column("%", _("Share of the time, %")),
        ],
        rows=[_status_row(row) for row in spent.statuses],
        drawing=lambda: _where_it_goes(spent),
    )


def _lead(label: str, lead: Lead, before: Lead | None) -> Facts:
    if not lead.n:
        return [(label, _("no data"))]
    values = {
        "n": lead.n,
        "median": brief(lead.calendar.median),
        "p90": brief(lead.calendar.p90),
    }
    told = _("%(n)s pcs, half within %(median)s, nine of ten within %(p90)s") % values
    facts: Facts = [
        (label, told),
        (_("… in working time"), f"{in_hours(lead.working.median)} / {in_hours(lead.working.p90)}"),
    ]
    if before is not None and before.n:
        times = f"{brief(before.calendar.median)} / {brief(before.calendar.p90)}"
        facts.append((_("… before"), times))
    return facts


def _status_name(row: InStatus) -> str:
    """Of a hold its reason: there is no room for both."""
    return row.reason or str(Status(row.status).label)


def _status_row(row: InStatus) -> list[Any]:
    share = None if row.share is None else percent_of(row.share)
    return [_status_name(row), row.calendar.n, brief(row.calendar.median), share]


def _where_it_goes(spent: TimeInStatuses) -> Drawing | None:
    rows = [
        (_status_name(row), row.share, f"{shown(percent_of(row.share))} %")
        for row in spent.statuses
        if row.share
    ]
    title = _("Where the time to ready goes")
    return across(title, rows, _("Share of the whole time from received to ready."))


# -- quality control itself -------------------------------------------------------------------


def read_first_pass(asked: Asked) -> Board:
    """What passed at once, and what came back from customers all the same."""
    question = asked.question
    found = first_pass_yield(question.period, at=question.at)
    earlier = first_pass_yield(question.before, at=question.at) if question.before else None
    escapes = escape_rate(question.period, at=question.at)
    rows = [[one.name, judged(one.good), one.good.whole] for one in found.by_type]
    return Board(
        title=_("First pass and escapes"),
        facts=[
            (_("Passed at the first check"), share_words(found.passed)),
            *_before(earlier.passed if earlier else None),
            *_rates(found),
            *(
                (_("Back under warranty within %(days)s days") % {"days": days}, share_words(one))
                for days, one in escapes.within.items()
            ),
        ],
        columns=[
            Column(_("Work"), _("Operation type")),
            Column("%", _("Held at the first check, %")),
            Column(pgettext("narrow", "qty"), _("Receipts")),
        ],
        rows=rows,
        notes=few_note([one.good for one in found.by_type]),
        drawing=lambda: _yields(found),
    )


def _before(earlier: Proportion | None) -> Facts:
    if earlier is None or earlier.share is None:
        return []
    return [(_("Previous period"), f"{shown(percent(earlier))} %")]


def _rates(found: FirstPass) -> Facts:
    facts: Facts = [(_("Worked on again"), share_words(found.reworked))]
    if found.returns_per_receipt is not None:
        facts.append((_("Returns per receipt"), f"{found.returns_per_receipt:.2f}"))
    if found.rolled is not None:
        facts.append((_("All types in a row"), f"{shown(percent_of(found.rolled))} %"))
    return facts


def _yields(found: FirstPass) -> Drawing | None:
    rows = [
        (one.name, one.good.share, f"{shown(percent(one.good))} %")
        for one in found.by_type
        if one.good.share is not None and one.good.enough
    ]
    return across(_("Held at the first check"), rows)


# -- deadlines and flow -----------------------------------------------------------------------


def read_deadlines(asked: Asked) -> Board:
    """Of the workshop, never of a person."""
    question = asked.question
    found = deadlines(question.period, at=question.at)
    earlier = deadlines(question.before, at=question.at) if question.before else None
    return Board(
        title=_("Deadlines kept"),
        facts=[
            (_("By the first promise"), share_words(found.first.kept)),
            *_before(earlier.first.kept if earlier else None),
            (_("By the deadline as it stands now"), share_words(found.current.kept)),
            (_("Still ahead"), found.first.ahead),
        ],
        columns=[
            Column(_("Days"), _("When")),
            Column("%", _("By the first promise, %")),
            Column(pgettext("narrow", "qty"), _("Receipts")),
        ],
        rows=[
            [name, shown(percent(one)), one.whole]
            for name, one in _buckets(question.period, found.first)
        ],
        drawing=lambda: _kept(question.period, found.first),
    )


def _buckets(asked: Period, found: Kept) -> Iterable[tuple[str, Proportion]]:
    """The days, weeks or months in which a deadline fell."""
    for first, after in asked.buckets():
        one = found.per_bucket.get(first)
        if one is not None and one.whole:
            yield days(first, after), one


def days(first: Any, after: Any) -> str:
    """Short: the year is that of the period."""
    last = after - DAY
    return f"{first:%d.%m}" if first == last else f"{first:%d.%m}–{last:%d.%m}"


def _kept(asked: Period, found: Kept) -> Drawing | None:
    rows = [(name, one.whole, one.part) for name, one in _buckets(asked, found)]
    note = _("Bars: receipts whose first deadline fell into the days; line: ready by it.")
    return in_time(_("Deadlines kept"), rows, note)


def read_flow(asked: Asked) -> Board:
    question = asked.question
    found = flow(question.period, at=question.at)
    before = flow(question.before, at=question.at).total if question.before else None
    total = found.total
    rows = [
        (days(first, after), found.per_bucket[first]) for first, after in question.period.buckets()
    ]
    return Board(
        title=_("Inflow and outflow"),
        facts=[
            (_("Received"), with_before(total.received, before.received if before else None)),
            (_("Ready"), with_before(total.ready, before.ready if before else None)),
            (_("Handed out"), with_before(total.issued, before.issued if before else None)),
            (_("Refused"), with_before(total.refused, before.refused if before else None)),
            (_("Came in less what went out"), found.balance),
        ],
        columns=[
            Column(_("Days"), _("When")),
            Column(pgettext("narrow", "in"), _("Received")),
            Column(pgettext("narrow", "rdy"), _("Ready")),
            Column(pgettext("narrow", "out"), _("Handed out")),
            Column(pgettext("narrow", "ref"), _("Refused")),
        ],
        rows=[[name, *_day(day)] for name, day in rows if any(_day(day))],
        drawing=lambda: in_time(
            _("Inflow and outflow"),
            [(name, day.received, day.issued) for name, day in rows],
            _("Bars: received; line: handed out."),
        ),
    )


def _day(one: Day) -> list[int]:
    return [one.received, one.ready, one.issued, one.refused]
