"""The rows behind a number: works, and reasons of returns, each with its receipt."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics import facts
from analytics.admin import frame
from analytics.admin.asked import Asked, read
from receipts.models import OperationType, ReturnReason
from staff.models import Employee
from staff.office.forms import is_id

PAGE = 50
WORKS = {
    "works": (lazy("works"), Q(own_rework=False)),
    "checked": (lazy("checked"), Q(own_rework=False, checked=True)),
    "returned": (lazy("returned"), Q(own_rework=False, hit=True)),
    "waiting": (lazy("waiting for QC"), Q(own_rework=False, checked=False)),
    "own": (lazy("own reworks"), Q(own_rework=True)),
}
ITEMS = {
    "all": (lazy("all"), Q()),
    "hit": (lazy("hit a work"), facts.HIT_A_WORK),
    "without": (lazy("responsible without such a work"), facts.WITHOUT_A_WORK),
    "not_ours": (lazy("not our fault"), facts.NOT_OURS),
    "undecided": (lazy("undecided"), facts.UNDECIDED),
}
WATCH = "return_case__receipt__watch"


def works_page(request: HttpRequest) -> HttpResponse:
    """The works behind a number of the page of quality."""
    if refused := frame.refused(request):
        return refused
    asked = read(request)
    person, kind = _row(request, "person", Employee), _row(request, "type", OperationType)
    rows = facts.operations(asked.period.start, asked.period.end)
    if person is not None:
        rows = rows.filter(employee=person)
    if kind is not None:
        rows = rows.filter(type=kind)
    rows = rows.select_related("receipt", "employee", "type").order_by("-performed_at", "-pk")
    chosen = {"person": person, "type": kind}
    return _list(request, asked, "works", _("Works behind the number"), rows, WORKS, chosen)


def items_page(request: HttpRequest) -> HttpResponse:
    """The reasons behind a number of the page of returns."""
    if refused := frame.refused(request):
        return refused
    asked = read(request)
    reason, kind = _row(request, "reason", ReturnReason), _row(request, "type", OperationType)
    rows = facts.items_of_returns(asked.period.start, asked.period.end)
    if reason is not None:
        rows = rows.filter(reason=reason)
    if kind is not None:
        rows = rows.filter(affects=kind)
    texts = {key: request.GET[key][:80] for key in ("brand", "calibre") if key in request.GET}
    for key, text in texts.items():
        known = Q(**{f"{WATCH}__{key}": text})
        rows = rows.filter(known if text else known | Q(**{f"{WATCH}__isnull": True}))
    rows = rows.select_related("return_case__receipt", "responsible").order_by(
        "-return_case__returned_at", "-pk"
    )
    chosen = {"reason": reason, "type": kind, **texts}
    return _list(request, asked, "items", _("Returns behind the number"), rows, ITEMS, chosen)


def _list(
    request: HttpRequest,
    asked: Asked,
    template: str,
    title: str,
    rows: QuerySet[Any],
    kinds: dict[str, tuple[Any, Q]],
    chosen: dict[str, Any],
) -> HttpResponse:
    what = request.GET.get("what", "")
    what = what if what in kinds else next(iter(kinds))
    kept = {
        key: str(value.pk if isinstance(value, Model) else value)
        for key, value in chosen.items()
        if value is not None
    }
    context = {
        "asked": asked,
        "what": what,
        "kinds": [(key, label) for key, (label, _condition) in kinds.items()],
        "chosen": [str(value) or _("not known") for value in chosen.values() if value is not None],
        "kept_values": kept,
        "kept": asked.query(**kept),
        "page": Paginator(rows.filter(kinds[what][1]), PAGE).get_page(request.GET.get("page")),
    }
    return frame.page(request, template, title, context)


def _row(request: HttpRequest, key: str, model: Any) -> Any:
    value = request.GET.get(key, "")
    return model.objects.filter(pk=value).first() if is_id(value) else None
