"""The pages of the present and of what people answer for as documents."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from analytics import charts
from analytics.accountability import Deed, accountability
from analytics.master_load import MasterLoad, master_load
from analytics.places import Place
from analytics.polishing_load import polishing_load
from analytics.receipt_charts import buckets
from analytics.reports.drawings import bars_drawing, pareto_drawing
from analytics.reports.layout import document, present
from analytics.reports.question import Question
from analytics.reports.sheets import polisher_header, polisher_row
from analytics.returns import Bar
from analytics.workshop_now import EDGES, workshop_now
from history.registry import payload_class
from workshop.lib.documents import Document, Facts, Table
from workshop.lib.drawing import Drawing

POLISHER_WIDTHS = (24, 15, 18, 20, 17, 18, 14, 18, 20, 18)
APART = (Place.POLISHER, Place.QC, Place.HOLD, Place.WAITING, Place.REFUSED)


def now_document(asked: Question) -> Document:
    found = workshop_now(at=asked.at, filters=asked.filters)
    rows: list[list[Any]] = [
        [one.label, one.count, *one.ages, one.overdue, one.oldest] for one in found.groups
    ]
    rows.append([_("Workshop"), found.total, *found.ages, found.overdue, None])
    header = [_("Where"), _("Watches"), *_age_names(), _("Overdue"), _("Oldest since")]
    return present(
        _("In the workshop now"),
        asked,
        _numbered(_("Watches by where they are"), [(one.label, one.count) for one in found.groups]),
        Table(_("By where they are"), header, rows, (40, 17, 15, 15, 15, 15, 15, 15, 17, 18)),
    )


def _age_names() -> list[str]:
    """Ages in days; the edges belong to the younger bucket's end."""
    edges = [0, *EDGES]
    names = [f"{first}–{last}" for first, last in zip(edges, EDGES, strict=False)]
    return [_("%(days)s d") % {"days": name} for name in (*names, f"{EDGES[-1]}+")]


def _numbered(title: str, pairs: list[tuple[str, int]]) -> Drawing | None:
    """Bars with the numbers of the rows below them; no cumulative line: they are no shares."""
    if not any(count for _label, count in pairs):
        return None
    drawing = pareto_drawing(title, charts.pareto([Bar("", n, c, 0.0) for n, c in pairs]))
    shapes = [shape for shape in drawing.shapes if getattr(shape, "tone", "") not in {"sum", "dot"}]
    note = _("The numbers are those of the rows of the table.")
    return Drawing(title, drawing.width, drawing.height, shapes, note)


def masters_document(asked: Question) -> Document:
    found = master_load(at=asked.at, filters=asked.filters)
    kinds: list[tuple[int | None, str]] = list(found.purposes.items())
    if None in found.total.purposes:
        kinds.append((None, _("purpose not said")))
    rows = [_master(one, one.name) for one in found.people]
    benches = [_bench(one, one.name, kinds) for one in found.people]
    if rows:
        rows.append(_master(found.total, _("Workshop")))
        benches.append(_bench(found.total, _("Workshop"), kinds))
    header = [
        _("Master"),
        _("On the bench"),
        *(str(place.label) for place in APART),
        _("Watches"),
        _("Overdue"),
        _("Not accepted"),
        _("Oldest since"),
    ]
    wide = 142 // max(len(kinds), 1)
    widths = (40, *[wide] * (len(kinds) - 1), 142 - wide * max(len(kinds) - 1, 0))
    names, nothing = [name for _pk, name in kinds], _("no data")
    return present(
        _("Load of the masters"),
        asked,
        _numbered(_("Watches by master"), [(one.name, one.total) for one in found.people]),
        Table(
            _("By master"),
            header,
            rows,
            (24, 14, 19, 15, 19, 19, 16, 14, 15, 13, 14),
            empty=nothing,
        ),
        Table(
            _("On the bench by purpose"),
            [_("Master"), *names],
            benches,
            widths,
        )
        if kinds
        else None,
    )


def _master(one: MasterLoad, name: str) -> list[Any]:
    apart = [one.places.get(place, 0) for place in APART]
    return [name, one.bench, *apart, one.total, one.late, one.not_accepted, one.oldest]


def _bench(one: MasterLoad, name: str, kinds: list[tuple[int | None, str]]) -> list[Any]:
    return [name, *(one.purposes.get(pk, 0) for pk, _name in kinds)]


def polishing_document(asked: Question) -> Document:
    load = polishing_load(asked.period, at=asked.at, filters=asked.filters)
    rows = [polisher_row(one, one.name) for one in load.people]
    if rows:
        rows.append(polisher_row(load.total, _("Workshop")))
    out = [(one.name, one.open) for one in load.people]
    return document(
        _("Load of the polishers"),
        asked,
        _numbered(_("Out now, by polisher"), out),
        Table(_("By polisher"), polisher_header(), rows, POLISHER_WIDTHS, empty=_("no data")),
    )


def accountability_document(asked: Question) -> Document:
    found = accountability(asked.period, at=asked.at, filters=asked.filters)
    rows: list[list[Any]] = [
        [one.name or _("not known"), *(one.counts[deed] for deed in Deed), one.total]
        for one in found.people
    ]
    if rows:
        counts = [found.counts[deed] for deed in Deed]
        rows.append([_("Workshop"), *counts, sum(counts)])
    header = [_("Who"), *(str(deed.label) for deed in Deed), _("In all")]
    kinds = sorted(found.kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    voided = [[str(payload_class(kind).label), count] for kind, count in kinds]
    return document(
        _("What people answer for"),
        asked,
        _deeds_in_time(asked, found.per_bucket),
        Table(_("By who did it"), header, rows, (52, 22, 22, 22, 22, 22, 20), empty=_("no data")),
        Table(_("What was voided"), [_("Kind"), _("How often")], voided, (142, 40)),
        Facts(
            _("Items to decide now"),
            [(_("How many"), found.waiting), (_("Oldest since"), found.waiting_since)],
        ),
    )


def _deeds_in_time(asked: Question, per_bucket: Any) -> Drawing | None:
    sums = [sum(per_bucket[first].values()) for first, _after, _name in buckets(asked.period)]
    if not any(sums):
        return None
    ends = f"{asked.period.first:%d.%m.%Y}", f"{asked.period.last:%d.%m.%Y}"
    bars = charts.pareto([Bar("", "", number, 0.0) for number in sums])
    return bars_drawing(_("In time"), bars, ends)
