"""What the site counts of every request, and the address where all numbers are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from workshop.lib import scraping, telemetry

METHODS: Final = {"GET": "GET", "HEAD": "GET", "POST": "POST"}
AREAS: Final = {"admin": "office", "api": "api", "health": "health"}
UNKNOWN: Final = "unknown"
STATIC: Final = "static"


class MetricsMiddleware:
    """Outermost: an answer of any other middleware is counted too, and those who read the numbers
    ask for this machine by a name that nobody else may use.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.METRICS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == scraping.PATH:
            return _told(request)
        began = time.perf_counter()
        response = self.get_response(request)
        _count(request, response.status_code, time.perf_counter() - began)
        return response


def _told(request: HttpRequest) -> HttpResponse:
    why = scraping.refusal(request)
    if why is None and request.method not in ("GET", "HEAD"):
        why = HTTPStatus.METHOD_NOT_ALLOWED
    if why is not None:
        return HttpResponse(why.phrase, status=why, content_type="text/plain")
    text = scraping.everything()
    head = {
        "Content-Type": scraping.CONTENT_TYPE,
        "Content-Length": str(len(text)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(text, headers=head)


def _count(request: HttpRequest, code: int, took: float) -> None:
    route = _route(request)
    method = METHODS.get(request.method or "", telemetry.OTHER)
    telemetry.requests.add(route, method, f"{code // 100}xx")
    telemetry.route_seconds.add(route, amount=took)
    area = STATIC if route == STATIC else AREAS.get(route.partition("/")[0], "site")
    telemetry.request_seconds.note(took, area)


def _route(request: HttpRequest) -> str:
    """The pattern of the address, never the address: anybody may ask for anything."""
    found = request.resolver_match
    if found is not None:
        return found.route or "/"
    return STATIC if request.path_info.startswith(settings.STATIC_URL) else UNKNOWN
