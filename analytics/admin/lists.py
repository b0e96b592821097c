"""The rows behind a number: works, and reasons of returns, each with its receipt."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics import facts
from analytics.admin import frame, narrowing
from analytics.admin.asked import Asked, read
from analytics.admin.files import list_file
from receipts.models import ReturnReason
from staff.office.forms import is_id
from workshop.lib.export import Column

PAGE = 50
WORKS = {
    "works": (lazy("works"), Q(own_rework=False)),
    "checked": (lazy("checked"), Q(own_rework=False, checked=True)),
    "returned": (lazy("returned"), Q(own_rework=False, hit=True)),
    "waiting": (lazy("waiting for QC"), Q(own_rework=False, checked=False)),
    "own": (lazy("own reworks"), Q(own_rework=True)),
    "customer": (lazy("came back from the customer"), facts.came_back()),
}
ITEMS = {
    "all": (lazy("all"), Q()),
    "hit": (lazy("hit a work"), facts.HIT_A_WORK),
    "without": (lazy("responsible without such a work"), facts.WITHOUT_A_WORK),
    "not_ours": (lazy("not our fault"), facts.NOT_OURS),
    "undecided": (lazy("undecided"), facts.UNDECIDED),
}
WATCH = "return_case__receipt__watch"
COLUMNS = {
    "works": (
        Column(lazy("Receipt"), "receipt.number"),
        Column(lazy("Operation type"), "type.name"),
        Column(lazy("Who"), "employee.short_name"),
        Column(lazy("When"), "performed_at"),
    ),
    "items": (
        Column(lazy("Receipt"), "return_case.receipt.number"),
        Column(lazy("Reason"), "reason_name"),
        Column(lazy("Affected operation type"), "affects_name"),
        Column(
            lazy("Responsible"),
            lambda row: getattr(row.responsible, "short_name", row.get_responsibility_display()),
        ),
        Column(lazy("When"), "return_case.returned_at"),
    ),
}
"""What the file of a list holds: the columns of its page."""


def works_page(request: HttpRequest) -> HttpResponseBase:
    """The works behind a number of the page of quality."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, narrowing.WORKS)
    rows = facts.operations(asked.period.start, asked.period.end)
    rows = rows.filter(facts.chosen_operations(asked.filters))
    rows = rows.select_related("receipt", "employee", "type").order_by("-performed_at", "-pk")
    chosen: dict[str, Any] = {}
    return _list(request, asked, "works", _("Works behind the number"), rows, WORKS, chosen)


def items_page(request: HttpRequest) -> HttpResponseBase:
    """The reasons behind a number of the page of returns."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, narrowing.WORKS)
    reason = _row(request, "reason", ReturnReason)
    rows = facts.items_of_returns(asked.period.start, asked.period.end)
    rows = rows.filter(facts.chosen_items(asked.filters))
    if reason is not None:
        rows = rows.filter(reason=reason)
    asked_for = [key for key in ("brand", "calibre") if key in request.GET]
    texts = {key: request.GET[key].replace("\0", "")[:80] for key in asked_for}
    if asked.filters.brand:
        del texts["brand"]  # one that is known is a filter like the others
    for key, text in texts.items():
        known = Q(**{f"{WATCH}__{key}": text})
        rows = rows.filter(known if text else known | Q(**{f"{WATCH}__isnull": True}))
    rows = rows.select_related("return_case__receipt", "responsible").order_by(
        "-return_case__returned_at", "-pk"
    )
    chosen = {"reason": reason, **texts}
    return _list(request, asked, "items", _("Returns behind the number"), rows, ITEMS, chosen)


def _list(
    request: HttpRequest,
    asked: Asked,
    template: str,
    title: str,
    rows: QuerySet[Any],
    kinds: dict[str, tuple[Any, Q]],
    chosen: dict[str, Any],
) -> HttpResponseBase:
    what = request.GET.get("what", "")
    what = what if what in kinds else next(iter(kinds))
    rows = rows.filter(kinds[what][1])
    if told := list_file(request, asked, title, COLUMNS[template], rows):
        return told
    kept = {name: asked.values[name] for name in asked.fields if asked.values[name]} | {
        key: str(value.pk if isinstance(value, Model) else value)
        for key, value in chosen.items()
        if value is not None
    }
    context = {
        "asked": asked,
        "what": what,
        "kinds": [(key, label) for key, (label, _condition) in kinds.items()],
        "chosen": [
            *asked.narrowed,
            *(str(value) or _("not known") for value in chosen.values() if value is not None),
        ],
        "kept_values": kept,
        "kept": asked.query(**kept),
        "files": [
            (label, f"?{urlencode({'what': what, 'file': form})}&{asked.query(**kept)}")
            for label, form in frame.FILES
        ],
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
    }
    return frame.page(request, template, title, context)


def _row(request: HttpRequest, key: str, model: Any) -> Any:
    value = request.GET.get(key, "")
    return model.objects.filter(pk=value).first() if is_id(value) else None
