"""The pages about whole watches as documents: lead time, deadlines, first pass, flow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from analytics import charts
from analytics.deadlines import Kept, deadlines
from analytics.escape import escape_rate
from analytics.first_pass import first_pass_yield
from analytics.flow import Day, flow
from analytics.intervals import Proportion
from analytics.lead_time import Lead, lead_time
from analytics.receipt_charts import buckets
from analytics.reports.drawings import bars_drawing
from analytics.reports.layout import document
from analytics.reports.question import Question
from analytics.reports.tables import interval, percent
from analytics.returns import Bar
from analytics.spreads import Spread
from analytics.statuses import InStatus, statuses
from receipts.states import Status
from workshop.lib.documents import Document, Facts, Table
from workshop.lib.drawing import Drawing

Row = list[Any]
MOST_DAYS: Final = 45
"""Bars of the histogram; what took longer is summed up in the last, as on the page."""

SPREAD_WIDTHS: Final = (62, 20, 25, 25, 25, 25)


def days(length: timedelta | None) -> Decimal | None:
    """Calendar days with one digit."""
    return None if length is None else Decimal(f"{length / timedelta(days=1):.1f}")


def hours(length: timedelta | None) -> Decimal | None:
    """Working hours with one digit."""
    return None if length is None else Decimal(f"{length / timedelta(hours=1):.1f}")


def in_time(title: str, asked: Question, numbers: Sequence[int]) -> Drawing | None:
    """Bars over the buckets of the period; None without anything to show."""
    if not any(numbers):
        return None
    bars = [Bar("", "", number, 0.0) for number in numbers]
    ends = f"{asked.period.first:%d.%m.%Y}", f"{asked.period.last:%d.%m.%Y}"
    return bars_drawing(title, charts.pareto(bars), ends)


# --- lead time ------------------------------------------------------------------------------------


def lead_time_document(asked: Question) -> Document:
    found = lead_time(asked.period, at=asked.at, filters=asked.filters)
    before = lead_time(asked.before, at=asked.at, filters=asked.filters) if asked.before else None
    spent = statuses(asked.period, at=asked.at, filters=asked.filters)
    rows = [
        _lead_row(_("received → ready"), found.ready),
        _lead_row(_("received → handed out"), found.issued),
        [
            _("waited for the customer"),
            spent.collecting.n,
            *_calendar(spent.collecting),
            None,
            None,
        ],
    ]
    if before is not None:
        rows.append(_lead_row(_("previous period: received → ready"), before.ready))
        rows.append(_lead_row(_("previous period: received → handed out"), before.issued))
    return document(
        _("Lead time"),
        asked,
        Table(_("How long it takes"), _spread_header(_("From – to")), rows, SPREAD_WIDTHS),
        _histogram(found.days),
        Table(
            _("Time in each status"),
            [*_spread_header(_("Status")), _("Share, %")],
            [_status_row(row) for row in spent.statuses],
            (52, 18, 22, 22, 24, 24, 20),
            empty=_("no data"),
        ),
    )


def _spread_header(first: str) -> list[str]:
    return [
        first,
        _("Receipts"),
        _("Median, days"),
        _("90th percentile, days"),
        _("Median, working hours"),
        _("90th percentile, working hours"),
    ]


def _lead_row(label: str, lead: Lead) -> Row:
    working = lead.working
    return [label, lead.n, *_calendar(lead.calendar), hours(working.median), hours(working.p90)]


def _calendar(spread: Spread) -> list[Decimal | None]:
    return [days(spread.median), days(spread.p90)]


def _status_row(row: InStatus) -> Row:
    label = str(Status(row.status).label)
    name = f"{label}: {row.reason}" if row.reason else label
    working = [hours(row.working.median), hours(row.working.p90)]
    return [name, row.calendar.n, *_calendar(row.calendar), *working, percent(row.share)]


def _histogram(found: dict[int, int]) -> Drawing | None:
    """Receipts by full days to ready, without a gap."""
    if not found:
        return None
    last = min(max(found), MOST_DAYS)
    bars = [Bar("", "", found.get(day, 0), 0.0) for day in range(last)]
    bars.append(Bar("", "", sum(n for day, n in found.items() if day >= last), 0.0))
    text = _("%(days)s d and more") if max(found) > last else _("%(days)s d")
    ends = _("%(days)s d") % {"days": 0}, text % {"days": last}
    return bars_drawing(_("Receipts by days to ready"), charts.pareto(bars), ends)


# --- deadlines ------------------------------------------------------------------------------------


def deadlines_document(asked: Question) -> Document:
    found = deadlines(asked.period, at=asked.at, filters=asked.filters)
    before = deadlines(asked.before, at=asked.at, filters=asked.filters) if asked.before else None
    rows = [
        _kept_row(_("first promise"), found.first, before.first if before else None),
        _kept_row(_("deadline as it stands"), found.current, before.current if before else None),
    ]
    header = [
        _("Deadline"),
        _("Kept, %"),
        _("Interval (95 %), %"),
        _("Fell due"),
        _("Kept"),
        _("Not kept"),
        _("Still to come"),
        _("Previous period, %"),
    ]
    named = [(name, found.first.per_bucket[day]) for day, _after, name in buckets(asked.period)]
    return document(
        _("Deadlines kept"),
        asked,
        Table(_("Shares"), header, rows, (40, 20, 24, 20, 18, 20, 20, 20)),
        in_time(_("First promises that fell due"), asked, [one.whole for _name, one in named]),
        _shares_in_time([_("Period"), _("Fell due"), _("Kept"), _("Kept, %")], named),
    )


def _kept_row(label: str, found: Kept, before: Kept | None) -> Row:
    kept = found.kept
    return [
        label,
        percent(kept.share),
        interval(kept),
        kept.whole,
        kept.part,
        kept.whole - kept.part,
        found.ahead,
        percent(before.kept.share) if before else None,
    ]


def _shares_in_time(header: list[str], named: Sequence[tuple[str, Proportion]]) -> Table:
    rows = [[name, one.whole, one.part, percent(one.share)] for name, one in named if one.whole]
    return Table(_("In time"), header, rows, (80, 34, 34, 34), empty=_("no data"))


# --- first pass -----------------------------------------------------------------------------------


def first_pass_document(asked: Question) -> Document:
    found = first_pass_yield(asked.period, at=asked.at, filters=asked.filters)
    before = (
        first_pass_yield(asked.before, at=asked.at, filters=asked.filters) if asked.before else None
    )
    escapes = escape_rate(asked.period, at=asked.at, filters=asked.filters)
    shares = [
        _share_row(_("passed at once"), found.passed),
        _share_row(_("came back at some time"), found.reworked),
        *(
            _share_row(_("came back under warranty within %(days)s days") % {"days": span}, one)
            for span, one in escapes.within.items()
        ),
    ]
    facts = [
        (_("Rolled throughput yield, %"), percent(found.rolled)),
        (_("Returns"), found.returns),
        (_("First-pass yield in the previous period, %"), before and percent(before.passed.share)),
    ]
    named = [(name, found.per_bucket[day]) for day, _after, name in buckets(asked.period)]
    header = [_("Share"), "%", _("Interval (95 %), %"), _("Receipts"), _("Of all")]
    widths = (82, 20, 30, 25, 25)
    return document(
        _("First-pass yield"),
        asked,
        Table(_("Shares"), header, shares, widths),
        Facts(_("Workshop"), facts),
        in_time(_("Receipts first checked"), asked, [one.whole for _name, one in named]),
        Table(
            _("By operation type"),
            [_("Operation type"), *header[1:]],
            [_share_row(one.name, one.good) for one in found.by_type],
            widths,
            empty=_("no data"),
        ),
        _shares_in_time([_("Period"), _("Checked"), _("Passed"), _("Passed, %")], named),
    )


def _share_row(label: str, one: Proportion) -> Row:
    return [label, percent(one.share), interval(one), one.part, one.whole]


# --- flow -----------------------------------------------------------------------------------------


def flow_document(asked: Question) -> Document:
    found = flow(asked.period, at=asked.at, filters=asked.filters)
    before = flow(asked.before, at=asked.at, filters=asked.filters) if asked.before else None
    named = [(name, found.per_bucket[day]) for day, _after, name in buckets(asked.period)]
    header = [_("Period"), _("Received"), _("Ready"), _("Handed out"), _("Refused")]
    rows = [[name, *_numbers(day)] for name, day in named]
    rows.append([_("In all"), *_numbers(found.total)])
    if before is not None:
        rows.append([_("Previous period"), *_numbers(before.total)])
    facts = [
        (_("Handed out without repair"), found.unrepaired),
        (_("… in the previous period"), before.unrepaired if before else None),
    ]
    return document(
        _("Flow of receipts"),
        asked,
        in_time(_("Received"), asked, [day.received for _name, day in named]),
        Facts(_("Workshop"), facts),
        Table(_("In time"), header, rows, (62, 30, 30, 30, 30)),
    )


def _numbers(day: Day) -> list[int]:
    return [day.received, day.ready, day.issued, day.refused]
