"""What all pages of numbers share: who may read them, the site's frame."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from analytics.policies import ensure_may_compare_people
from analytics.reports.files import PDF, XLSX
from analytics.reports.pages import PAGES
from staff.office.pages import actor_of
from workshop.lib.errors import NotAllowed

FILES = (("Excel", XLSX), ("PDF", PDF))


def page(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    shared = {**admin.site.each_context(request), "title": title, "files": _files(request)}
    whole = {**shared, **context}
    name = f"office/analytics/{template}.html"
    return TemplateResponse(request, name, whole, status=status)


def _files(request: HttpRequest) -> list[tuple[str, str]]:
    """Name and address of the files that the page has, for the same question."""
    name = request.resolver_match.url_name if request.resolver_match else None
    name = (name or "").removeprefix("numbers-")
    if name not in PAGES:
        return []
    asked = urlencode({key: str(value) for key, value in request.GET.items() if value})
    return [
        (label, f"{reverse('numbers-file', args=[name, form])}?{asked}") for label, form in FILES
    ]


def refused(request: HttpRequest) -> HttpResponse | None:
    """The page that says so to whoever may not compare people; None for the others."""
    try:
        ensure_may_compare_people(actor_of(request))
    except NotAllowed as error:
        return page(request, "refused", _("Analytics"), {"error": error.text()}, error.status)
    return None
