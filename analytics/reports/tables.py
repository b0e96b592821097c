"""The tables of a report: quality, returns, output; each figure as its selector gave it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.intervals import Proportion
from analytics.output import Output
from analytics.periods import DAY
from analytics.quality import NONE, PersonQuality, Quality, QualityReport
from analytics.responsible import Responsible
from analytics.returns import OTHERS, Bar, Returns
from workshop.lib.documents import Facts, Table

QUALITY_WIDTHS: Final = (24, 22, 19, 21, 20, 20, 12, 15, 29)
MOST_TYPES: Final = 6
"""Types that stand side by side on paper; of more each has a line of its own."""

Row = list[Any]


def percent(share: float | None) -> Decimal | str:
    """In per cent with one digit; without cases "no data", never 0."""
    return _("no data") if share is None else Decimal(f"{100 * share:.1f}")


def interval(good: Proportion) -> str:
    """The 95 % interval in per cent; empty without cases."""
    found = good.interval
    if found is None:
        return ""
    low, high = (number_format(Decimal(f"{100 * end:.1f}")) for end in found)
    return f"{low}–{high}"


# --- quality -----------------------------------------------------------------------------------


def quality_header() -> list[str]:
    return [
        _("Who"),
        _("Operation type"),
        _("Quality, %"),
        _("Interval (95 %), %"),
        _("Checked"),
        _("Returned works"),
        _("Waiting for QC"),
        _("Works"),
        _("Remark"),
    ]


def quality_row(who: str, what: str, cell: Quality) -> Row:
    """Without works there is "no data"; fewer than 20 checked ones are said to be too few."""
    few = cell.checked and not cell.good.enough
    remarks = [
        _("too few to judge (%(n)s)") % {"n": cell.checked} if few else "",
        _("returns: %(n)s") % {"n": cell.returns} if cell.returns > cell.returned else "",
        _("own reworks: %(n)s") % {"n": cell.own_reworks} if cell.own_reworks else "",
    ]
    return [
        who,
        what,
        percent(cell.good.share),
        interval(cell.good),
        cell.checked,
        cell.returned,
        cell.waiting,
        cell.works,
        ", ".join(filter(None, remarks)),
    ]


def person_rows(one: PersonQuality, types: dict[int, str]) -> Iterator[Row]:
    """A line for each kind of work he did, and all of them together."""
    for key, name in types.items():
        if key in one.by_type:
            yield quality_row(one.name, name, one.by_type[key])
    if len(one.by_type) != 1:
        yield quality_row(one.name, _("All works"), one.total)


def quality_table(report: QualityReport) -> Table:
    """People in alphabetical order, the whole workshop last."""
    rows = [row for one in report.people for row in person_rows(one, report.types)]
    if rows:
        by_type = report.by_type
        rows += [
            quality_row(_("Workshop"), name, by_type.get(key, NONE))
            for key, name in report.types.items()
        ]
        rows.append(quality_row(_("Workshop"), _("All works"), report.total))
    return Table(
        _("By employee"),
        quality_header(),
        rows,
        QUALITY_WIDTHS,
        empty=_("No data: no works in this period."),
    )


def assembler_table(report: QualityReport) -> Table:
    """The counters of the whole watch and of later visits: they enter no percentage."""
    rows = [
        [one.name, one.as_assembler, one.from_customer]
        for one in report.people
        if one.as_assembler or one.from_customer
    ]
    return Table(
        _("Whole watch: returns as assembler"),
        [_("Who"), _("Returns"), _("Came back from the customer")],
        rows,
        (90, 42, 50),
    )


# --- returns -----------------------------------------------------------------------------------


def returns_facts(found: Returns, before: Returns | None) -> Facts:
    columns = found.columns
    return Facts(
        _("Returns from QC"),
        [
            (_("Returns"), found.cases),
            (_("Returns in the previous period"), before.cases if before else None),
            (_("Receipts with a return"), found.receipts),
            (_("Reasons in all"), columns.total),
            (_("… hit a work"), columns.hit_a_work),
            (_("… responsible without such a work"), columns.without_a_work),
            (_("… not our fault"), columns.not_ours),
            (_("… undecided"), columns.undecided),
        ],
    )


def bar_name(bar: Bar) -> str:
    return _("others") if bar.key == OTHERS else bar.label or _("not known")


def pareto_table(title: str, bars: list[Bar]) -> Table:
    rows = [
        [number, bar_name(bar), bar.count, percent(bar.cumulative)]
        for number, bar in enumerate(bars, start=1)
    ]
    header = ["№", title, _("Reasons"), _("Cumulative, %")]
    return Table(title, header, rows, (12, 110, 30, 30), empty=_("no data"))


def pareto_tables(found: Returns) -> list[Table]:
    return [
        pareto_table(_("By reason"), found.by_reason),
        pareto_table(_("By operation type"), found.by_type),
        pareto_table(_("By brand"), found.by_brand),
        pareto_table(_("By calibre"), found.by_calibre),
    ]


def responsible_table(people: list[Responsible]) -> Table:
    """Who answers for the reasons, in alphabetical order; no percentage."""
    rows = [[one.name, one.hit_a_work, one.without_a_work, one.total] for one in people]
    header = [_("Responsible"), _("hit a work"), _("responsible without such a work"), _("Reasons")]
    return Table(_("By responsible"), header, rows, (72, 36, 44, 30), empty=_("no data"))


# --- output ------------------------------------------------------------------------------------


def output_table(made: Output) -> Table:
    """Most works first: the only number in which people are ranked."""
    ranked = made.top(len(made.people))
    if len(made.types) > MOST_TYPES:
        return _long_output(made, ranked)
    header = [_("Who"), *made.types.values(), _("All works")]
    rows = [
        [made.people[pk], *(made.by_person[pk].get(key, 0) for key in made.types), total]
        for pk, total in ranked
    ]
    if rows:
        rows.append([_("Workshop"), *_sums(made), made.total])
    wide = 116 // max(len(made.types), 1)
    widths = (40, *[wide] * len(made.types), 142 - wide * len(made.types))
    return Table(
        _("By employee"), header, rows, widths, empty=_("No data: no works in this period.")
    )


def _long_output(made: Output, ranked: list[tuple[int, int]]) -> Table:
    rows: list[Row] = []
    for pk, total in ranked:
        cells, name = made.by_person[pk], made.people[pk]
        rows += [[name, kind, cells[key]] for key, kind in made.types.items() if key in cells]
        rows.append([name, _("All works"), total])
    sums = zip(made.types.values(), _sums(made), strict=True)
    rows += [[_("Workshop"), name, number] for name, number in sums]
    rows.append([_("Workshop"), _("All works"), made.total])
    return Table(_("By employee"), [_("Who"), _("Operation type"), _("Works")], rows, (70, 82, 30))


def _sums(made: Output) -> list[int]:
    return [sum(cells.get(key, 0) for cells in made.by_person.values()) for key in made.types]


def buckets_table(made: Output) -> Table:
    """Works in time, the empty days and months, too."""
    firsts = sorted(made.per_bucket)
    rows = [[first, made.per_bucket[first]] for first in firsts]
    return Table(
        _("Works in time"), [_("From the day"), _("Works")], rows if made.total else [], (120, 62)
    )


def days_of(first: Any, after: Any) -> str:
    """A bucket as people write it."""
    last = after - DAY
    return f"{first:%d.%m.%Y}" if first == last else f"{first:%d.%m.%Y} – {last:%d.%m.%Y}"
