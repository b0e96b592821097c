"""What all pages of numbers share: who may read them, the site's frame."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from analytics.policies import ensure_may_compare_people
from staff.office.pages import actor_of
from workshop.lib.errors import NotAllowed


def page(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    whole = {**admin.site.each_context(request), "title": title, **context}
    name = f"office/analytics/{template}.html"
    return TemplateResponse(request, name, whole, status=status)


def refused(request: HttpRequest) -> HttpResponse | None:
    """The page that says so to whoever may not compare people; None for the others."""
    try:
        ensure_may_compare_people(actor_of(request))
    except NotAllowed as error:
        return page(request, "refused", _("Analytics"), {"error": error.text()}, error.status)
    return None
