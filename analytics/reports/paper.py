"""The whole report on paper: its essentials, with the charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from django.utils.translation import gettext as _

from analytics.reports import tables
from analytics.reports.content import Content, active_receipts, content, summary_rows
from analytics.reports.layout import Part, document
from analytics.reports.pages import funnel_of, reasons_drawing, works_drawing
from analytics.reports.question import Question
from analytics.reports.sheets import active_header, active_row, polisher_header, polisher_row
from analytics.snapshots import snapshot
from workshop.lib.documents import Document, Facts, Table, shown, write_pdf

LISTED: Final = 60
"""Receipts on paper: those with the nearest deadlines."""


def write_paper(target: IO[bytes], asked: Question) -> None:
    """In the active language."""
    with snapshot():
        told = paper(content(asked))
    write_pdf(target, told)


def paper(found: Content) -> Document:
    return document(_("Report of the workshop"), found.asked, *_parts(found))


def _parts(found: Content) -> Iterator[Part | None]:
    yield Facts(
        _("Summary"), [(name, _compared(value, old)) for name, value, old in summary_rows(found)]
    )
    yield works_drawing(found.output, found.asked)
    yield tables.quality_table(found.quality)
    yield funnel_of(found.quality)
    yield tables.assembler_table(found.quality)
    yield _renamed(tables.output_table(found.output), _("Output"))
    yield reasons_drawing(found.returns)
    yield from tables.pareto_tables(found.returns)[:2]
    yield tables.responsible_table(found.responsible)
    yield _polishing(found)
    yield _deadlines(found)


def _compared(value: Any, old: Any) -> str:
    told = shown(value)
    if old in (None, ""):
        return told
    return _("%(value)s (before: %(old)s)") % {"value": told, "old": shown(old)}


def _renamed(table: Table, title: str) -> Table:
    return Table(title, table.header, table.rows, table.widths, table.empty, table.note)


def _polishing(found: Content) -> Table:
    load = found.polishing
    rows = [polisher_row(one, one.name) for one in load.people]
    if rows:
        rows.append(polisher_row(load.total, _("Workshop")))
    widths = (24, 15, 18, 20, 17, 18, 14, 18, 20, 18)
    return Table(_("Polishing"), polisher_header(), rows, widths, empty=_("no data"))


def _deadlines(found: Content) -> Table:
    # Where it stands says more than its status, and paper is narrow.
    rows = [_without_status(active_row(row)) for row in active_receipts(found.asked)[:LISTED]]
    rest = found.now.total - len(rows)
    note = _("and %(count)s more in the spreadsheet") % {"count": rest} if rest > 0 else ""
    widths = (20, 28, 26, 26, 30, 30, 22)
    title = _("Active receipts, the nearest deadline first")
    header = _without_status(active_header())
    return Table(title, header, rows, widths, empty=_("no data"), note=note)


def _without_status(row: Sequence[Any]) -> list[Any]:
    return [*row[:2], *row[3:]]
