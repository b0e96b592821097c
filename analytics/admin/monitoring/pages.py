"""The pages of monitoring; whoever may see snapshots may read them."""

from __future__ import annotations

import math
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics.admin.monitoring import numbers
from analytics.admin.monitoring.numbers import SPANS, metric_of, span_of
from analytics.monitoring import program_words, risk_words
from analytics.monitoring.alert_people import open_alerts
from analytics.monitoring.risk import Level, RiskFocus, risk_focus
from analytics.monitoring.status import status
from analytics.policies import ensure_may_capture
from analytics.services.snapshots import capture
from analytics.system_state import system_state
from history.commands import CommandKey
from staff.office.forms import new_key
from staff.office.pages import actor_of
from workshop.lib import clock
from workshop.lib.errors import NotAllowed, WorkshopError

PAGE: Final = 50
LONGEST_KEY: Final = 60


def _ensure_reader(request: HttpRequest) -> None:
    if not request.user.has_perm("analytics.view_snapshot"):
        raise PermissionDenied


def _page(request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
    whole = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"office/monitoring/{name}.html", whole)


def overview_page(request: HttpRequest) -> HttpResponse:
    """The state with its causes, and all numbers of the same snapshot."""
    _ensure_reader(request)
    found, span = status(at=clock.now()), span_of(request.GET.get("span", ""))
    context = {
        "found": found,
        "age": program_words.length(found.age) if found.age is not None else "",
        "span": span,
        "spans": SPANS,
        "panels": numbers.panels(found, span),
        "may_capture": _may_capture(request),
        "key": new_key(),
    }
    return _page(request, "overview", _("State and numbers"), context)


def series_page(request: HttpRequest, code: str) -> HttpResponse:
    """The course of one metric, a chart for each of its labels."""
    _ensure_reader(request)
    metric = metric_of(code)
    if metric is None:
        raise Http404
    at, span = clock.now(), span_of(request.GET.get("span", ""))
    context = {
        "metric": metric,
        "span": span,
        "spans": SPANS,
        "charts": numbers.charts(metric, span, at),
    }
    return _page(request, "series", str(metric.label), context)


def programs_page(request: HttpRequest) -> HttpResponse:
    """Who runs, since when, and when it was heard of last; what waits; alerts that are open."""
    _ensure_reader(request)
    state = system_state(at=clock.now())
    context = {
        "programs": program_words.told(state),
        "facts": program_words.facts(state, open_alerts().count()),
        "at": state.at,
    }
    return _page(request, "programs", _("Programs"), context)


def risks_page(request: HttpRequest) -> HttpResponse:
    """Receipts in danger, page by page, of all levels or of one."""
    if not request.user.has_perm("receipts.view_receipt"):
        raise PermissionDenied
    asked = request.GET.get("page", "")
    number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1
    level = request.GET.get("level", "")
    level = level if level in Level.values else ""
    found = risk_focus(at=clock.now(), level=level, first=PAGE * (number - 1), most=PAGE)
    count = found.levels[level] if level else found.total
    context = {
        "found": found,
        "level": level,
        "levels": _levels(found),
        "rows": [
            (row, risk_words.tone(row), risk_words.reasons(row, found.at)) for row in found.rows
        ],
        "number": number,
        "pages": max(1, math.ceil(count / PAGE)),
    }
    return _page(request, "risks", _("What is in danger"), context)


def _levels(found: RiskFocus) -> list[tuple[str, str, int]]:
    levels = [(one.value, str(one.label), found.levels[one]) for one in Level]
    return [("", _("all"), found.total), *levels]


@require_POST
def capture_page(request: HttpRequest) -> HttpResponse:
    """Take a snapshot now; a second press of the same button is the same snapshot."""
    actor = actor_of(request)
    key = request.POST.get("command_key", "").replace("\x00", "")[:LONGEST_KEY]
    command = CommandKey(f"admin:{actor.id}", f"monitoring-capture:{key or new_key()}")
    try:
        taken = capture(actor=actor, command=command).object
    except WorkshopError as error:
        messages.error(request, error.text())
    else:
        when = {"when": clock.show(taken.taken_at)}
        messages.success(request, _("The numbers of %(when)s were taken.") % when)
    return HttpResponseRedirect(reverse("monitoring"))


def _may_capture(request: HttpRequest) -> bool:
    try:
        ensure_may_capture(actor_of(request))
    except NotAllowed:
        return False
    return True
