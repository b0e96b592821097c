"""The whole report as a workbook: sheet by sheet, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics.places import Place
from analytics.polishing_load import HOWS, PolisherLoad, Turnaround
from analytics.reports import tables
from analytics.reports.content import (
    MOST_ROWS,
    Content,
    active_receipts,
    content,
    items_by_person,
    polishing_rounds,
    returned_items,
    summary_rows,
    works_by_person,
)
from analytics.reports.question import Question
from analytics.snapshots import snapshot
from polishing.events import part_names
from staff.models import Employee
from workshop.lib.books import Bars, Heading, Page, write_book
from workshop.lib.export import AT_ONCE

MOST_PEOPLE: Final = 150
"""Sheets of people; the tables hold all of them."""

Row = Sequence[Any]
EMPTY: Final[Row] = ()


def write_report(target: IO[bytes], asked: Question) -> None:
    """In the active language."""
    with snapshot():  # its lists are of the same moment as its numbers
        write_book(target, pages(content(asked)))


def pages(found: Content) -> Iterator[Page]:
    yield _summary(found)
    yield _people(found)
    yield from _person_pages(found)
    yield _reasons(found)
    yield _with_people(found.asked)
    yield _polishing(found)
    yield _active(found.asked)


def _summary(found: Content) -> Page:
    asked = found.asked
    head: list[Row] = [[_("Period"), asked.days]]
    head += [[note] for note in asked.notes]
    rows = [*head, EMPTY, Heading([_("Measure"), _("Value"), _("Previous period")])]
    rows += summary_rows(found)
    return Page(_("Summary"), [asked.head(_("Report"))], rows, (42, 16, 20))


def _people(found: Content) -> Page:
    quality = tables.quality_table(found.quality)
    made, assembled = tables.output_table(found.output), tables.assembler_table(found.quality)
    rows: list[Row] = list(quality.rows) or [[quality.empty]]
    rows += [EMPTY, Heading([_("Output")]), Heading(made.header), *made.rows]
    rows += [EMPTY, Heading([assembled.title]), Heading(assembled.header), *assembled.rows]
    return Page(quality.title, quality.header, rows, (24, 24, 12, 16, 12, 16, 14, 12, 28))


# --- one sheet for each person -------------------------------------------------------------------


class _Groups:
    """Rows in the order of people, handed out person by person; nothing is read twice."""

    def __init__(self, rows: Iterable[tuple[Any, ...]], order: Sequence[int]) -> None:
        self._rows = iter(rows)
        self._place = {pk: place for place, pk in enumerate(order)}
        self._next = next(self._rows, None)

    def of(self, person: int) -> Iterator[Row]:
        own = self._place[person]
        while self._next is not None and self._place.get(self._next[0], -1) <= own:
            row, self._next = self._next, next(self._rows, None)
            if row[0] == person:
                yield row[1:]


def _person_pages(found: Content) -> Iterator[Page]:
    """Alphabetical, as the lists are ordered: each list is read once for all of them."""
    items, works = items_by_person(found.asked), works_by_person(found.asked)
    known = {one.employee_id: one for one in found.quality.people}
    named = items.order_by().values_list("responsible", flat=True).distinct()
    people = Employee.objects.filter(pk__in={*known, *found.output.people, *named})
    names = dict(people.order_by("full_name", "pk").values_list("pk", "short_name")[:MOST_PEOPLE])
    returned = _Groups(items[:MOST_ROWS].iterator(), list(names))
    done = _Groups(works[:MOST_ROWS].iterator(), list(names))
    widths = (24, 24, 18, 18, 18, 18, 14, 12, 28)
    for pk, name in names.items():
        rows = _person_rows(found, known.get(pk), returned.of(pk), done.of(pk))
        yield Page(name, tables.quality_header(), rows, widths)


def _person_rows(
    found: Content, one: Any, returned: Iterator[Row], done: Iterator[Row]
) -> Iterator[Row]:
    if one is not None:
        yield from tables.person_rows(one, found.quality.types)
        yield [_("Whole watch: returns as assembler"), one.as_assembler]
    yield EMPTY
    yield Heading([_("Returns that name the person")])
    about = [_("Reason"), _("Affected operation type"), _("The work")]
    yield Heading([_("Receipt"), _("When"), *about])
    yield from returned
    yield EMPTY
    yield Heading([_("Works in the period")])
    yield Heading([_("Receipt"), _("Operation type"), _("When"), _("Remark")])
    for number, kind, at, own, checked, hit in done:
        yield [number, kind, at, _remark(own, checked, hit)]


def _remark(own: bool, checked: bool, hit: bool) -> str:
    if own:
        return _("own rework")
    if hit:
        return _("returned")
    return "" if checked else _("waiting for QC")


# --- returns, polishing, what is here ------------------------------------------------------------


def _reasons(found: Content) -> Page:
    first, *others = tables.pareto_tables(found.returns)
    others.append(tables.responsible_table(found.responsible))
    rows: list[Row] = list(first.rows) or [[first.empty]]
    for table in others:
        rows += [EMPTY, Heading(table.header), *(table.rows or [[table.empty]])]
    chart = Bars(names=1, numbers=2) if first.rows else None
    return Page(_("Returns by reason"), first.header, rows, (8, 40, 12, 16), chart)


def _with_people(asked: Question) -> Page:
    header = [
        _("Receipt"),
        _("Watch"),
        _("When"),
        _("Reason"),
        _("Affected operation type"),
        _("Responsible"),
        _("The work"),
        _("Assembler of record"),
        _("Comment"),
    ]
    rows = _bounded(returned_items(asked), _item_row)
    return Page(_("Returns with people"), header, rows, (14, 24, 18, 24, 20, 20, 24, 20, 40))


def _item_row(item: Any) -> Row:
    case, work = item.return_case, item.operation
    return [
        case.receipt.number,
        str(case.receipt.watch or ""),
        case.returned_at,
        item.reason_name,
        item.affects_name,
        item.responsible.short_name if item.responsible else item.get_responsibility_display(),
        work.performed_at if work and work.voided_at is None else None,
        case.assembler.short_name if case.assembler else "",
        "; ".join(filter(None, [case.comment, item.person_comment])),
    ]


def _polishing(found: Content) -> Page:
    load = found.polishing
    rows: list[Row] = [polisher_row(one, one.name) for one in load.people]
    rows.append(polisher_row(load.total, _("Workshop")))
    header = [_("Receipt"), _("Who polished"), _("Parts"), _("Metal"), _("Sent"), _("Came back")]
    rows += [EMPTY, Heading([_("Taken back in the period")]), Heading([*header, _("Result")])]
    listed = _bounded(polishing_rounds(found.asked), _round_row)
    widths = (24, 16, 16, 16, 18, 18, 18, 18, 18, 18)
    return Page(_("Polishing"), polisher_header(), _both(rows, listed), widths)


def _both(first: Iterable[Row], second: Iterable[Row]) -> Iterator[Row]:
    yield from first
    yield from second


def polisher_header() -> list[str]:
    return [
        _("Polisher"),
        _("Out now"),
        _("Difficult"),
        _("Oldest since"),
        _("Taken back"),
        _("Median, days"),
        _("90th percentile, days"),
        _("Median, working hours"),
        _("Reworks"),
        _("Without work"),
    ]


def polisher_row(one: PolisherLoad, name: str) -> Row:
    return [
        name,
        one.open,
        one.difficult,
        one.oldest,
        one.done.count,
        _days(one.done.median),
        _days(one.done.p90),
        _hours(one.done),
        one.reworks.count,
        one.without_work,
    ]


def _days(span: timedelta | None) -> Decimal | None:
    return None if span is None else Decimal(f"{span / timedelta(days=1):.1f}")


def _hours(found: Turnaround) -> Decimal | None:
    span = found.working_median
    return None if span is None else Decimal(f"{span / timedelta(hours=1):.1f}")


def _round_row(order: Any) -> Row:
    return [
        order.receipt.number,
        (order.polished_by or order.polisher).short_name,
        part_names(order.parts),
        order.metal.name if order.metal else "",
        order.sent_at,
        order.returned_at,
        _("rework") if order.how == HOWS[1] else order.get_result_display(),
    ]


def _active(asked: Question) -> Page:
    rows = _bounded(active_receipts(asked), active_row)
    return Page(_("Active receipts"), active_header(), rows, (14, 28, 18, 24, 20, 18, 18, 14))


def active_header() -> list[str]:
    return [
        _("Receipt"),
        _("Watch"),
        _("Status"),
        _("Where"),
        _("Master"),
        _("Taken in"),
        _("Deadline"),
        _("Overdue"),
    ]


def active_row(receipt: Any) -> Row:
    return [
        receipt.number,
        str(receipt.watch or receipt.description),
        receipt.get_status_display(),
        str(Place(receipt.stands).label),
        receipt.master.short_name if receipt.master else "",
        receipt.received_at,
        receipt.deadline,
        _("yes") if receipt.late else "",
    ]


def _bounded(rows: QuerySet[Any], row_of: Callable[[Any], Row]) -> Iterator[Row]:
    """At most :data:`MOST_ROWS`, some hundred in memory; what is left out is told."""
    ids = list(rows.values_list("pk", flat=True)[:MOST_ROWS])
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        found = {row.pk: row for row in rows.filter(pk__in=some).order_by()}
        yield from (row_of(found[pk]) for pk in some if pk in found)
    if len(ids) == MOST_ROWS and (rest := rows.order_by().count() - MOST_ROWS):
        yield [_("and %(count)s more that are left out here") % {"count": rest}]
