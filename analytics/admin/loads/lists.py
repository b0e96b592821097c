"""The rows behind a number of the present: receipts, polishing rounds, deeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Substr
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics import polishing_load
from analytics.accountability import Deed, deeds, of_one, undecided
from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.files import list_file
from analytics.admin.loads.pages import POLISHING, PRESENT, age_names
from analytics.master_load import handed
from analytics.periods import Kind, period
from analytics.places import Place
from analytics.workshop_now import EDGES, aged, here
from history.registry import kinds, payload_class
from history.render import line
from polishing.admin.lists import parts_in_words
from receipts.models import HoldReason, Metal, OperationType, Receipt
from staff.models import Employee
from staff.office.forms import is_id
from workshop.lib.documents import shown
from workshop.lib.export import Column

PAGE: Final = 50
View = Callable[[HttpRequest], HttpResponseBase]


@dataclass
class Behind:
    """A list while it is put together: its rows, and what they were narrowed to, in words."""

    request: HttpRequest
    rows: Any
    chosen: list[str] = field(default_factory=list)

    def get(self, key: str) -> str:
        return self.request.GET.get(key, "")

    def row(self, key: str, model: Any, path: str, nobody: str = "") -> None:
        """Only those of the row that the address names; ``0`` asks for those without one."""
        value = self.get(key)
        if not is_id(value):
            return
        if value == "0" and nobody:
            self.rows = self.rows.filter(**{f"{path}__isnull": True})
            self.chosen.append(nobody)
            return
        self.rows = self.rows.filter(**{path: value})
        found = model.objects.filter(pk=value).first()
        self.chosen.append(str(found) if found else _("not known"))

    def one_of(self, key: str, path: str, names: dict[str, str]) -> None:
        if self.get(key) in names:
            self.rows = self.rows.filter(**{path: self.get(key)})
            self.chosen.append(names[self.get(key)])

    def flag(self, key: str, path: str, name: str) -> None:
        if self.get(key) == "1":
            self.rows = self.rows.filter(**{path: True})
            self.chosen.append(name)


RECEIPTS: Final = (
    Column(lazy("Receipt"), "number"),
    Column(lazy("Watch"), lambda row: row.watch or row.description),
    Column(lazy("Where the watch is"), lambda row: Place(row.stands).label),
    Column(lazy("Master"), "master.short_name"),
    Column(lazy("Received at"), "received_at"),
    Column(lazy("Deadline"), "deadline"),
)
ROUNDS: Final = (
    Column(lazy("Receipt"), "receipt.number"),
    Column(lazy("Polisher"), "polisher.short_name"),
    Column(lazy("Who polished"), "polished_by.short_name"),
    Column(lazy("Parts"), parts_in_words),
    Column(lazy("Metal"), "metal.name"),
    Column(lazy("Sent"), "sent_at"),
    Column(lazy("Taken back at"), "returned_at"),
)
DEEDS: Final = (
    Column(lazy("Receipt"), "receipt_number"),
    Column(lazy("What happened"), lambda row: line(row).words),
    Column(lazy("Who"), lambda row: line(row).who),
    Column(lazy("Through"), lambda row: line(row).door),
    Column(lazy("When"), "occurred_at"),
)
UNDECIDED: Final = (
    Column(lazy("Receipt"), "return_case.receipt.number"),
    Column(lazy("Reason"), "reason_name"),
    Column(lazy("Affected operation type"), "affects_name"),
    Column(lazy("Who"), "actor_label"),
    Column(lazy("When"), "return_case.returned_at"),
)


def _guarded(view: View) -> View:
    """Whoever may not compare people is told so before anything is asked."""

    @wraps(view)
    def page(request: HttpRequest) -> HttpResponseBase:
        return frame.refused(request) or view(request)

    return page


@_guarded
def here_page(request: HttpRequest) -> HttpResponseBase:
    """Receipts of the workshop now."""
    asked = read(request, PRESENT)
    at = asked.at
    rows = Behind(request, here(at, asked.filters), list(asked.narrowed))
    bucket = rows.get("age")
    if is_id(bucket) and int(bucket) <= len(EDGES):
        rows.rows = rows.rows.filter(aged(int(bucket), at))
        rows.chosen.append(age_names()[int(bucket)])
    return _receipts(rows, asked, _("Receipts behind the number"))


@_guarded
def handed_page(request: HttpRequest) -> HttpResponseBase:
    """Receipts that masters have."""
    asked = read(request, PRESENT)
    rows = Behind(request, handed(asked.at, asked.filters), list(asked.narrowed))
    rows.row("who", Employee, "holder")
    rows.row("purpose", OperationType, "purpose", _("purpose not said"))
    rows.flag("unaccepted", "unaccepted", _("not accepted"))
    return _receipts(rows, asked, _("Receipts handed to masters"))


def _receipts(rows: Behind, asked: Asked, title: str) -> HttpResponseBase:
    rows.one_of("place", "stands", {place.value: str(place.label) for place in Place})
    rows.row("hold", HoldReason, "hold_reason")
    rows.flag("late", "late", _("overdue"))
    found = rows.rows.select_related("master", "watch").order_by("received_at", "pk")
    asked = replace(asked, period=period(Kind.TODAY, at=asked.at))
    return _answer(rows, asked, found, RECEIPTS, title, lambda row: row.pk, now=True)


@_guarded
def rounds_page(request: HttpRequest) -> HttpResponseBase:
    """Polishing rounds: out now, or taken back in the period."""
    asked = read(request, POLISHING)
    chosen = list(asked.narrowed)
    names = {
        polishing_load.DONE: _("taken back"),
        polishing_load.REWORK: _("reworks"),
        polishing_load.WITHOUT_WORK: _("came back without work"),
    }
    if is_out := request.GET.get("what") not in names:
        rows = Behind(
            request,
            polishing_load.rounds_out(asked.filters),
            [*chosen, _("at the polisher")],
        )
        parts = {"case": _("case"), "bracelet": _("bracelet"), "both": _("case and bracelet")}
        rows.one_of("parts", "parts_out", parts)
        rows.row("of_metal", Metal, "metal", _("metal not said"))
        rows.flag("difficult", "difficult", _("difficult"))
    else:
        rows = Behind(request, polishing_load.rounds_back(asked.period, asked.filters), chosen)
        rows.one_of("what", "how", names)
    rows.row("who", Employee, "who")
    found = rows.rows.select_related("receipt", "polisher", "polished_by", "metal").order_by(
        "sent_at" if is_out else "-returned_at", "pk"
    )
    title = _("Polishing rounds behind the number")
    return _answer(rows, asked, found, ROUNDS, title, lambda row: row.receipt_id, now=is_out)


@_guarded
def deeds_page(request: HttpRequest) -> HttpResponseBase:
    """What somebody waived, voided, undid, moved or left undecided."""
    asked = read(request, ("person",))
    what = request.GET.get("what", "")
    chosen = list(asked.narrowed)
    title = _("What people answer for")
    if what == Deed.UNDECIDED:
        items = Behind(
            request, undecided(asked.period, asked.filters), [*chosen, str(Deed.UNDECIDED.label)]
        )
        _whose(items)
        found = items.rows.select_related("return_case__receipt")
        found = found.order_by("-return_case__returned_at", "-pk")
        return _answer(
            items, asked, found, UNDECIDED, title, lambda row: row.return_case.receipt_id
        )
    rows = Behind(request, with_numbers(deeds(asked.period, asked.filters)), chosen)
    rows.one_of("what", "deed", {deed.value: str(deed.label) for deed in Deed})
    if (kind := rows.get("kind")) in kinds():
        rows.rows = rows.rows.filter(kind=kind)
        rows.chosen.append(str(payload_class(kind).label))
    _whose(rows)
    found = rows.rows.order_by("-occurred_at", "-pk")
    return _answer(rows, asked, found, DEEDS, title, lambda row: row.receipt_id)


def _whose(rows: Behind) -> None:
    if key := rows.get("who"):
        rows.rows = of_one(rows.rows, key)
        last = rows.rows.order_by("-pk").values_list("actor_label", flat=True).first()
        rows.chosen.append(last or _("not known"))


def with_numbers(events: QuerySet[Any]) -> QuerySet[Any]:
    """Events of receipts with ``receipt_id`` and the number that the receipt has now."""
    pk = Cast(Substr("stream", len("receipt:") + 1), BigIntegerField())
    numbers = Receipt.objects.filter(pk=OuterRef("receipt_id")).values("number")[:1]
    return events.annotate(receipt_id=pk).annotate(receipt_number=Subquery(numbers))


def _answer(
    behind: Behind,
    asked: Asked,
    rows: QuerySet[Any],
    columns: Sequence[Column],
    title: str,
    receipt: Callable[[Any], int],
    *,
    now: bool = False,
) -> HttpResponseBase:
    """The page of the list, or its file."""
    request = behind.request
    if told := list_file(request, asked, title, columns, rows):
        return told
    same = {key: str(value) for key, value in request.GET.items() if key not in {"page", "file"}}
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "at": asked.at if now else None,
        "head": [str(column.label) for column in columns],
        "rows": [
            (
                reverse("admin:receipts_receipt_change", args=[receipt(row)]),
                [shown(column.of(row)) for column in columns],
            )
            for row in page
        ],
        "chosen": behind.chosen,
        "kept_values": {k: v for k, v in same.items() if k not in asked.values},
        "kept": urlencode(same),
        "files": [(label, f"?{urlencode({**same, 'file': form})}") for label, form in frame.FILES],
        "page": page,
    }
    return frame.page(request, "loads/list", title, context)
