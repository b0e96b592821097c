"""The receipts behind a number: the members of its cohort, as many as the number says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics import escape
from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.files import links, table_file
from analytics.admin.narrowing import WATCHES
from analytics.deadlines import CURRENT, FIRST
from analytics.lengths import in_days, in_hours
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.cohorts import Cohort
from analytics.receipt_facts.derived import Derived, Length
from analytics.receipt_facts.loading import derived
from analytics.receipt_facts.reading import Known, known
from analytics.snapshots import snapshot
from receipts.models import HoldReason, OperationType, Receipt
from receipts.states import Status
from staff.office.forms import is_id
from workshop.lib import clock
from workshop.lib.export import AT_ONCE

PAGE = 50
Chosen = Mapping[str, Any]  # rows that narrow the list: type, reason, status
Build = Callable[[Asked, Known, Chosen], Cohort]


@dataclass(frozen=True)
class Kind:
    """A list: its name, whose page it belongs to, and who is on it."""

    label: str | Promise
    page: str
    cohort: Build


def _due(field: str) -> Build:
    return lambda asked, _found, _chosen: cohorts.due(asked.period, asked.at, field)


def _judged(field: str, verdict: Callable[[str], Cohort]) -> Build:
    return lambda asked, _found, _chosen: (
        cohorts.due(asked.period, asked.at, field) & verdict(field)
    )


def _ahead(field: str) -> Build:
    return lambda asked, _found, _chosen: cohorts.ahead(asked.period, asked.at, field)


def _checked(more: Cohort | None = None) -> Build:
    def build(asked: Asked, _found: Known, _chosen: Chosen) -> Cohort:
        whole = cohorts.first_checked(asked.period)
        return whole & more if more else whole

    return build


def _typed(hit: bool | None) -> Build:
    def build(asked: Asked, _found: Known, chosen: Chosen) -> Cohort:
        return cohorts.first_checked(asked.period) & cohorts.with_type(_pk(chosen, "type"), hit=hit)

    return build


def _status(asked: Asked, _found: Known, chosen: Chosen) -> Cohort:
    key = (str(chosen["status"]), _pk(chosen, "reason") or None)
    return cohorts.ready(asked.period) & cohorts.was_in(key)


def _exposed(days: int) -> Build:
    return lambda asked, _found, _chosen: (
        cohorts.issued(asked.period) & escape.exposed(asked.at, days)
    )


def _repeated(days: int) -> Build:
    def build(asked: Asked, found: Known, chosen: Chosen) -> Cohort:
        whole = _exposed(days)(asked, found, chosen)
        came_back = escape.repeats(found, found.chosen(whole.live))
        return whole & escape.repeated(came_back, asked.at, days)

    return build


def _moment(name: str) -> Build:
    return lambda asked, _found, _chosen: cohorts.happened(asked.period, name)


def _pk(chosen: Chosen, name: str) -> int:
    return chosen[name].pk if chosen.get(name) else 0


KINDS: Mapping[str, Kind] = {
    "ready": Kind(lazy("ready"), "lead", _moment("ready_at")),
    "repaired": Kind(
        lazy("handed out repaired"), "lead", lambda asked, _f, _c: cohorts.issued(asked.period)
    ),
    "status": Kind(lazy("was in this status"), "status", _status),
    "due_first": Kind(lazy("promised first"), "first", _due(FIRST)),
    "kept_first": Kind(lazy("kept"), "first", _judged(FIRST, cohorts.kept)),
    "missed_first": Kind(lazy("not kept"), "first", _judged(FIRST, cohorts.missed)),
    "ahead_first": Kind(lazy("still to come"), "first", _ahead(FIRST)),
    "due_now": Kind(lazy("deadline as it stands"), "now", _due(CURRENT)),
    "kept_now": Kind(lazy("kept"), "now", _judged(CURRENT, cohorts.kept)),
    "missed_now": Kind(lazy("not kept"), "now", _judged(CURRENT, cohorts.missed)),
    "ahead_now": Kind(lazy("still to come"), "now", _ahead(CURRENT)),
    "checked": Kind(lazy("first checked"), "check", _checked()),
    "passed": Kind(lazy("passed at once"), "check", _checked(cohorts.PASSED_AT_ONCE)),
    "failed": Kind(lazy("came back at once"), "check", _checked(cohorts.CAME_BACK_FIRST)),
    "reworked": Kind(lazy("came back at some time"), "check", _checked(cohorts.RETURNED)),
    "type": Kind(lazy("with this work"), "type", _typed(None)),
    "type_hit": Kind(lazy("this work came back"), "type", _typed(True)),
    "received": Kind(lazy("received"), "flow", _moment("received_at")),
    "issued": Kind(lazy("handed out"), "flow", _moment("issued_at")),
    "unrepaired": Kind(
        lazy("without repair"), "flow", lambda asked, _f, _c: cohorts.unrepaired(asked.period)
    ),
    "refused": Kind(lazy("refused"), "flow", _moment("refused_at")),
    **{
        f"exposed_{days}": Kind(lazy("with the customer long enough"), f"{days}", _exposed(days))
        for days in escape.WITHIN_DAYS
    },
    **{
        f"repeated_{days}": Kind(lazy("came back under warranty"), f"{days}", _repeated(days))
        for days in escape.WITHIN_DAYS
    },
}


Cell = Callable[[Derived], str]


def _length(of: Callable[[Derived], Length | None], words: Callable[[Length], str]) -> Cell:
    def cell(one: Derived) -> str:
        length = of(one)
        return "–" if length is None else words(length)

    return cell


def _when(name: str) -> tuple[Promise, Cell]:
    return _MOMENTS[name], lambda one: clock.show(getattr(one, name)) or "–"


def _verdict(one: Derived) -> str:
    if one.first_passed is None:
        return "–"
    return _("passed") if one.first_passed else _("came back")


_MOMENTS = {
    "received_at": lazy("received"),
    "ready_at": lazy("ready"),
    "issued_at": lazy("handed out"),
    "refused_at": lazy("refused"),
    "first_deadline": lazy("first promise"),
    "deadline": lazy("deadline as it stands"),
    "first_check_at": lazy("first check"),
}
_READY = (
    (lazy("to ready"), _length(lambda one: one.ready, lambda it: in_days(it.calendar))),
    (lazy("working time"), _length(lambda one: one.ready, lambda it: in_hours(it.worked))),
)
_ISSUED = (
    (lazy("to the hand-over"), _length(lambda one: one.issued, lambda it: in_days(it.calendar))),
    (lazy("working time"), _length(lambda one: one.issued, lambda it: in_hours(it.worked))),
)
_LEAD = (_when("received_at"), _when("ready_at"), *_READY, _when("issued_at"), *_ISSUED)
_DUE = (_when("received_at"), _when("first_deadline"), _when("deadline"), _when("ready_at"))
_CHECK = (
    _when("received_at"),
    _when("first_check_at"),
    (lazy("decision"), _verdict),
    (lazy("returns"), lambda one: str(one.returns)),
    _when("ready_at"),
)
_FLOW = (_when("received_at"), _when("ready_at"), _when("refused_at"), _when("issued_at"))
COLUMNS: Mapping[str, Sequence[tuple[Promise, Cell]]] = {
    "lead": _LEAD,
    "status": _LEAD,
    "first": _DUE,
    "now": _DUE,
    "check": _CHECK,
    "type": _CHECK,
}
"""What a list shows of its receipts, by its page; the others show the moments of the flow."""


def receipts_page(request: HttpRequest) -> HttpResponseBase:
    """The receipts that a number of whole watches counts."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, WATCHES)
    chosen = _chosen(request)
    what = request.GET.get("what", "")
    what = what if what in KINDS else "ready"
    if what == "status" and not chosen["status"]:
        what = "ready"
    columns = COLUMNS.get(KINDS[what].page, _FLOW)
    with snapshot():
        found = known(asked.period, at=asked.at, filters=asked.filters)
        members = cohorts.members(found, KINDS[what].cohort(asked, found, chosen))
        page: Any = Paginator(cast(Any, members), PAGE).get_page(request.GET.get("page"))
        title = _("Receipts behind the number")
        header = [_("Receipt"), _("Watch"), *(str(name) for name, _cell in columns)]
        lines = _lines(members, asked, columns)
        if told := table_file(request, asked, title, header, page.paginator.count, lines):
            return told
        rows = _rows(list(page.object_list), asked, columns)
    kept = {key: _value(row) for key, row in chosen.items() if row}
    context = {
        "asked": asked,
        "what": what,
        "kinds": [
            (key, kind.label) for key, kind in KINDS.items() if kind.page == KINDS[what].page
        ],
        "chosen": [*asked.narrowed, *(_name(key, row) for key, row in chosen.items() if row)],
        "kept_values": kept,
        "kept": asked.query(**kept),
        "page": page,
        "columns": [name for name, _cell in columns],
        "files": links(request),
        "rows": rows,
    }
    return frame.page(request, "receipts", title, context)


def _lines(
    members: Any, asked: Asked, columns: Sequence[tuple[Promise, Cell]]
) -> Callable[[int], Iterator[list[Any]]]:
    """The first rows of the list for its file, some hundred at a time."""

    def lines(most: int) -> Iterator[list[Any]]:
        for begin in range(0, most, AT_ONCE):
            ids = list(members[begin : min(begin + AT_ONCE, most)])
            for receipt, cells in _rows(ids, asked, columns):
                yield [receipt.number, str(receipt.watch or receipt.description), *cells]
            if len(ids) < AT_ONCE:
                break

    return lines


def _rows(
    ids: list[int], asked: Asked, columns: Sequence[tuple[Promise, Cell]]
) -> list[tuple[Receipt, list[str]]]:
    """The receipts of a page with their cells; their facts are derived, whatever is stored."""
    receipts = Receipt.objects.select_related("watch").in_bulk(ids)
    facts = {one.id: one for one in derived(ids, at=asked.at)}
    return [
        (receipts[pk], [cell(facts[pk]) for _title, cell in columns]) for pk in ids if pk in facts
    ]


def _chosen(request: HttpRequest) -> dict[str, Any]:
    status = request.GET.get("status", "")
    return {
        "type": _row(request, "type", OperationType),
        "status": status if status in Status.values else "",
        "reason": _row(request, "reason", HoldReason),
    }


def _row(request: HttpRequest, key: str, model: Any) -> Any:
    value = request.GET.get(key, "")
    return model.objects.filter(pk=value).first() if is_id(value) else None


def _value(row: Any) -> str:
    return row if isinstance(row, str) else str(row.pk)


def _name(key: str, row: Any) -> str:
    return str(Status(row).label) if key == "status" else str(row)
