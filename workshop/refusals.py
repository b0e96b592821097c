"""Pages that refuse: in plain words, in the frame of the office for who works there, with a way on.

They tell nothing of the inside; what a bug was stands in the log.
"""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from workshop.lib.asked_list import WrongFilter


def refused(
    request: HttpRequest, status: int, title: str, text: str, *, instead: str = ""
) -> HttpResponse:
    """The page; ``instead`` is the address that does without what was wrong."""
    context = {"title": title, "text": text, "instead": instead, "back": _back(request)}
    if not _in_office(request):
        return render(request, "refused.html", context, status=status)
    request.current_app = admin.site.name
    frame = admin.site.each_context(request)
    return render(request, "office/refused.html", {**frame, **context}, status=status)


def wrong_filter(request: HttpRequest, error: WrongFilter) -> HttpResponse:
    """A list was asked for what it has not."""
    asked = request.GET.copy()
    asked.pop(error.name, None)
    instead = f"{request.path}?{asked.urlencode()}" if asked else request.path
    return refused(request, 400, _("The address is not right"), error.told, instead=instead)


def _in_office(request: HttpRequest) -> bool:
    """Has the page of the office around it a reader? Early refusals know no account yet."""
    inside = request.path_info.startswith(reverse("admin:index"))
    return inside and hasattr(request, "user") and admin.site.has_permission(request)


def _back(request: HttpRequest) -> str:
    """The page before, when it is one of ours and another than this one read again."""
    before = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        before, {request.META.get("HTTP_HOST", "")}, require_https=request.is_secure()
    )
    again = request.method == "GET" and before.endswith(request.get_full_path())
    return before if ours and not again else ""
