"""What pages need and programs do not; the content security policy of a page.

A request of the API that brings a key is answered for that key alone: it has no session, no
account, no messages and no form. Those steps cost it more than reading its list does.
"""

import logging
import uuid
from collections.abc import Callable
from typing import Any, Final

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django_structlog.middlewares import request as structlog_middlewares

from workshop.lib.slow import watched

API: Final = "/api/v1/"
_logger = logging.getLogger(structlog_middlewares.__name__)

# The office theme evaluates its Alpine attributes and writes its colours into a <style> element
# (docs/adr/0003). Inline scripts stay forbidden there too.
OFFICE_ADDITIONS = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
}
# The viewers of the API's description style their elements; the second reads it in a worker.
VIEWER_ADDITIONS = {
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "worker-src": [SELF, "blob:"],
}


def brings_key(request: HttpRequest) -> bool:
    """Is this a program with a key of its own? Whether it is right is told by authentication,
    which tries nothing else then.
    """
    asked = request.META
    return request.path_info.startswith(API) and (
        "HTTP_X_API_KEY" in asked or asked.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
    )


class ForPages:
    """Lets programs pass by the middleware it is mixed into."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if brings_key(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class BoundedFormMiddleware:
    """A form that is too large is refused by what its head says, before anybody parses it: else
    every stranger could fill the disk with files that are on their way. The API has its own bound.

    What a server reads is never more than the length in the head. The body is passed by unkept, up
    to a bound, because a browser looks at no answer before it has sent all of it.
    """

    BESIDE: Final = 1024 * 1024  # bytes of everything but the file
    BLOCK: Final = 64 * 1024
    HEARD_OUT: Final = 8  # times the largest form

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        largest = settings.LARGEST_FILE + self.BESIDE
        if self._length(request) <= largest or request.path_info.startswith(API):
            return self.get_response(request)
        left = largest * self.HEARD_OUT
        while left > 0 and (block := request.read(self.BLOCK)):
            left -= len(block)
        most = settings.LARGEST_FILE // 1024 // 1024
        return render(request, "413.html", {"most": most}, status=413)

    @staticmethod
    def _length(request: HttpRequest) -> int:
        try:
            return int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:  # as Django takes it: there is no body
            return 0


class RequestMiddleware(structlog_middlewares.RequestMiddleware):
    """One line per request, the finished one: that it began is worked out for DEBUG only."""

    async_capable = False  # the site is served over WSGI: no need to ask each time

    def __call__(self, request: HttpRequest) -> Any:
        self.prepare(request)
        with watched("request", lambda: _route(request)):
            response: Any = self.get_response(request)
        self.handle_response(request, response)
        return response

    def prepare(self, request: HttpRequest) -> None:
        if _logger.isEnabledFor(logging.DEBUG):
            super().prepare(request)
        else:
            structlog.contextvars.bind_contextvars(request_id=str(uuid.uuid4()))
            self.bind_user_id(request)


def _route(request: HttpRequest) -> str:
    """The pattern of the address, without what a person put into it."""
    found = request.resolver_match
    return f"{request.method} {found.route if found else '?'}"


class SessionMiddleware(ForPages, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(ForPages, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(ForPages, messages.MessageMiddleware):
    pass


class ContentPolicyMiddleware(ForPages, CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only:
            return parts
        if request.path_info.startswith(reverse("admin:index")):
            parts.replace = {**OFFICE_ADDITIONS, **(parts.replace or {})}
        elif request.path_info in {reverse("swagger"), reverse("redoc")}:
            parts.replace = {**VIEWER_ADDITIONS, **(parts.replace or {})}
        return parts
