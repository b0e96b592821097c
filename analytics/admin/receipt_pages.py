"""Pages of numbers about whole watches: lead time, deadlines, first pass and escapes, flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics import receipt_charts
from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.narrowing import WATCHES
from analytics.deadlines import Kept, deadlines
from analytics.escape import escape_rate
from analytics.first_pass import first_pass_yield
from analytics.flow import Day, Flow, flow
from analytics.intervals import Proportion
from analytics.lead_time import Lead, LeadTime, lead_time
from analytics.lengths import in_days, in_hours
from analytics.periods import DAY, Kind, previous
from analytics.snapshots import snapshot
from analytics.spreads import Spread
from analytics.statuses import InStatus, statuses
from receipts.states import Status
from workshop.lib import clock

MOST_DAYS = 45
"""Columns of the histogram; longer ones are summed up in the last."""


@dataclass(frozen=True)
class Share:
    """A proportion for the page: per cent, and its interval as a strip of 100 units."""

    of: Proportion

    @property
    def percent(self) -> float | None:
        return None if self.of.share is None else 100 * self.of.share

    @property
    def strip(self) -> tuple[float, float, float] | None:
        """From, width and middle of the interval, in per cent."""
        if self.of.interval is None or self.percent is None:
            return None
        low, high = self.of.interval
        return round(100 * low, 1), round(100 * (high - low), 1), round(self.percent, 1)


def _page(
    request: HttpRequest,
    template: str,
    title: str,
    count: Callable[[Asked], dict[str, Any]],
) -> HttpResponse:
    if refused := frame.refused(request):
        return refused
    asked = read(request, WATCHES)
    with snapshot():  # all numbers of a page agree, whatever is written meanwhile
        counted = count(asked)
    return frame.page(request, template, title, {"asked": asked, **counted})


def lead_time_page(request: HttpRequest) -> HttpResponse:
    """How long repairs take, and where the time goes."""
    return _page(request, "lead_time", _("Lead time"), _lead_time)


def _lead_time(asked: Asked) -> dict[str, Any]:
    found = lead_time(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    earlier = lead_time(before, at=asked.at, filters=asked.filters) if before else None
    spent = statuses(asked.period, at=asked.at, filters=asked.filters)
    return {
        "found": found,
        "rows": [
            _lead_row(asked, _("received → ready"), "ready", found.ready, earlier),
            _lead_row(asked, _("received → handed out"), "repaired", found.issued, earlier),
        ],
        "collecting": _spread(spent.collecting),
        "waited": asked.query(what="repaired"),
        "drawing": receipt_charts.stacked(_histogram(found), [""]),
        "statuses": [_status_row(asked, row) for row in spent.statuses],
        "whole": in_days(spent.whole) if spent.whole else "",
    }


def _lead_row(
    asked: Asked, label: str, what: str, lead: Lead, earlier: LeadTime | None
) -> dict[str, Any]:
    before = None if earlier is None else earlier.ready if what == "ready" else earlier.issued
    return {
        "label": label,
        "n": lead.n,
        "link": asked.query(what=what),
        "calendar": _spread(lead.calendar),
        "working": (in_hours(lead.working.median), in_hours(lead.working.p90)),
        "before": _spread(before.calendar) if before and before.n else None,
    }


def _spread(spread: Spread) -> tuple[str, str]:
    return in_days(spread.median), in_days(spread.p90)


def _status_row(asked: Asked, row: InStatus) -> dict[str, Any]:
    label = str(Status(row.status).label)
    return {
        "label": f"{label}: {row.reason}" if row.reason else label,
        "n": row.calendar.n,
        "link": asked.query(what="status", status=row.status, reason=str(row.hold_reason_id or "")),
        "calendar": _spread(row.calendar),
        "working": (in_hours(row.working.median), in_hours(row.working.p90)),
        "percent": 100 * (row.share or 0),
    }


def _histogram(found: LeadTime) -> list[receipt_charts.Row]:
    """Receipts by full days to ready, without a gap; the last column holds what took longer."""
    if not found.days:
        return []
    last = min(max(found.days), MOST_DAYS)
    rows = [(_("%(days)s d") % {"days": day}, [found.days.get(day, 0)]) for day in range(last)]
    rest = sum(number for day, number in found.days.items() if day >= last)
    text = _("%(days)s d and more") if max(found.days) > last else _("%(days)s d")
    return [*rows, (text % {"days": last}, [rest])]


def deadlines_page(request: HttpRequest) -> HttpResponse:
    """Deadlines kept by the workshop; nobody is named."""
    return _page(request, "deadlines", _("Deadlines kept"), _deadlines)


def _deadlines(asked: Asked) -> dict[str, Any]:
    found = deadlines(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    earlier = deadlines(before, at=asked.at, filters=asked.filters) if before else None
    first = found.first.per_bucket
    columns = [
        (name, [first[day].part, first[day].whole - first[day].part])
        for day, _after, name in _begun(asked)
    ]
    return {
        "rows": [
            _kept_row(
                asked,
                _("first promise"),
                "first",
                found.first,
                earlier.first if earlier else None,
            ),
            _kept_row(
                asked,
                _("deadline as it stands"),
                "now",
                found.current,
                earlier.current if earlier else None,
            ),
        ],
        "drawing": receipt_charts.stacked(columns, [_("kept"), _("not kept")]),
    }


def _kept_row(
    asked: Asked, label: str, which: str, found: Kept, earlier: Kept | None
) -> dict[str, Any]:
    return {
        "label": label,
        "share": Share(found.kept),
        "before": Share(earlier.kept) if earlier else None,
        "cells": [
            (number, asked.query(what=f"{what}_{which}"))
            for what, number in (
                ("due", found.kept.whole),
                ("kept", found.kept.part),
                ("missed", found.kept.whole - found.kept.part),
                ("ahead", found.ahead),
            )
        ],
    }


def first_pass_page(request: HttpRequest) -> HttpResponse:
    """What quality control lets go at once, and what comes back to it from the customer."""
    return _page(request, "first_pass", _("First-pass yield"), _first_pass)


def _first_pass(asked: Asked) -> dict[str, Any]:
    found = first_pass_yield(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    escapes = escape_rate(asked.period, at=asked.at, filters=asked.filters)
    columns = [
        (name, [bucket.part, bucket.whole - bucket.part])
        for day, _after, name in _begun(asked)
        for bucket in [found.per_bucket[day]]
    ]
    return {
        "found": found,
        "passed": Share(found.passed),
        "reworked": Share(found.reworked),
        "rolled": None if found.rolled is None else 100 * found.rolled,
        "before": Share(first_pass_yield(before, at=asked.at, filters=asked.filters).passed)
        if before
        else None,
        "types": [
            (
                one.name,
                Share(one.good),
                asked.query(what="type", type=str(one.type_id)),
                one.good.whole - one.good.part,
                asked.query(what="type_hit", type=str(one.type_id)),
            )
            for one in found.by_type
        ],
        "links": {
            what: asked.query(what=what) for what in ("checked", "passed", "failed", "reworked")
        },
        "failed": found.passed.whole - found.passed.part,
        "drawing": receipt_charts.stacked(columns, [_("passed at once"), _("came back")]),
        "escapes": [
            (
                days,
                Share(one),
                asked.query(what=f"exposed_{days}"),
                asked.query(what=f"repeated_{days}"),
            )
            for days, one in escapes.within.items()
        ],
        "issued": escapes.issued,
    }


def flow_page(request: HttpRequest) -> HttpResponse:
    """What came in and what went out."""
    return _page(request, "flow", _("Flow of receipts"), _flow)


def _flow(asked: Asked) -> dict[str, Any]:
    found = flow(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    days = [(*bucket, found.per_bucket[bucket[0]]) for bucket in _begun(asked)]
    return {
        "found": found,
        "cards": _flow_cards(
            asked, found, flow(before, at=asked.at, filters=asked.filters) if before else None
        ),
        "columns": [_("received"), _("ready"), _("handed out"), _("refused")],
        "rows": [(name, _flow_cells(asked, first, after, day)) for first, after, name, day in days],
        "drawing": receipt_charts.lines(
            [(name, [day.received, day.ready, day.issued]) for _f, _a, name, day in days],
            [_("received"), _("ready"), _("handed out")],
        ),
    }


def _begun(asked: Asked) -> Iterator[tuple[date, date, str]]:
    """The buckets of the period that have begun, with their names; the running one says so."""
    for first, after, name in receipt_charts.buckets(asked.period):
        if clock.day_start(first) > asked.at:
            return
        running = clock.day_start(after) > asked.at
        yield first, after, f"{name} · {_('still running')}" if running else name


def _flow_cells(asked: Asked, first: date, after: date, day: Day) -> list[tuple[int, str]]:
    """The numbers of a bucket, and the questions that list their receipts."""
    bucket = {"period": Kind.CUSTOM.value, "from": f"{first:%d.%m.%Y}"}
    bucket["to"] = f"{after - DAY:%d.%m.%Y}"
    return [
        (getattr(day, what), asked.query(**bucket, what=what))
        for what in ("received", "ready", "issued", "refused")
    ]


def _flow_cards(asked: Asked, found: Flow, earlier: Flow | None) -> list[dict[str, Any]]:
    names = {
        "received": _("received"),
        "ready": _("ready"),
        "issued": _("handed out"),
        "refused": _("refused"),
    }
    cards = [
        {
            "label": label,
            "number": getattr(found.total, what),
            "link": asked.query(what=what),
            "before": getattr(earlier.total, what) if earlier else None,
        }
        for what, label in names.items()
    ]
    without = {
        "label": _("of them without repair"),
        "number": found.unrepaired,
        "link": asked.query(what="unrepaired"),
        "before": earlier.unrepaired if earlier else None,
    }
    return [*cards[:3], without, *cards[3:]]
