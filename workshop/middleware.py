"""What pages need and programs do not; the content security policy of a page.

A request of the API that brings a key is answered for that key alone: it has no session, no
account, no messages and no form. Those steps cost it more than reading its list does.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.signals import got_request_exception
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from workshop.lib import tracing
from workshop.lib.correlation import (
    HEADER,
    caused_by,
    facts,
    new_id,
    note,
    passed_on,
    request_id,
)
from workshop.lib.slow import watched

API: Final = "/api/v1/"
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
LONGEST_SHOWN: Final = 10  # digits: so many in an address may be a phone
logger = logging.getLogger(__name__)

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


class RequestMiddleware:
    """The id that ties a request to what it causes, and one line per request when it is over.

    The id is ours; one that a proxy has given is taken over where ``TRUSTED_PROXY_COUNT`` says that
    there is a proxy. Every answer names it in ``X-Request-ID``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_tell_bug, dispatch_uid="workshop.bugs")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        given = request.headers.get(HEADER) if settings.TRUSTED_PROXY_COUNT else None
        with caused_by(passed_on(given) or new_id(), channel=_door(request)):
            with watched("request", lambda: _route(request)), tracing.door("request") as span:
                response = self.get_response(request)
                span.rename(_route(request))
                span.note(code=response.status_code)
                _tell(request, response, 1000 * (time.perf_counter() - began))
            response.headers.setdefault(HEADER, request_id())
            if isinstance(response, StreamingHttpResponse):
                _bind_stream(response)
        return response


def _tell(request: HttpRequest, response: HttpResponseBase, took: float) -> None:
    code = response.status_code
    _note_user(request)
    if code >= 500 and getattr(request, "_told", False):
        return
    level = logging.INFO if code < 400 else logging.WARNING if code < 500 else logging.ERROR
    if code == 200 and request.path_info.startswith("/health/"):
        level = logging.DEBUG  # a probe every few seconds says nothing while it succeeds
    told = {"code": code, "request": shown(request), "duration_ms": round(took)}
    logger.log(level, "request finished", extra=told)


def _tell_bug(request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Receiver of ``got_request_exception``: with what no middleware sees."""
    error = sys.exc_info()[1]
    if request is None or error is None:
        return
    _note_user(request)
    request._told = True  # type: ignore[attr-defined]
    told = {"code": 500, "request": shown(request)}
    logger.error("request failed", exc_info=error, extra=told)


def _note_user(request: HttpRequest) -> None:
    """Who is signed in, where somebody has asked: looking would open the session."""
    user = getattr(request, "_cached_user", None)
    if user is not None and user.pk is not None and "actor" not in facts():
        note(actor=f"user:{user.pk}")


def _bind_stream(response: StreamingHttpResponse) -> None:
    # The server sends a file itself.
    if not response.is_async and not isinstance(response, FileResponse):
        parts: Any = response.streaming_content
        response.streaming_content = _with_facts(parts, facts())


def _with_facts(parts: Iterable[Any], kept: Mapping[str, Any]) -> Iterator[Any]:
    """What is made while it is sent belongs to the request still."""
    more = {name: value for name, value in kept.items() if name != "request_id"}
    with caused_by(str(kept["request_id"]), **more):
        yield from parts


def _door(request: HttpRequest) -> str:
    path = request.path_info
    if path.startswith("/api/"):
        return "api"
    return "admin" if path.startswith("/admin/") else "web"


def _route(request: HttpRequest) -> str:
    """The pattern of the address, without what a person put into it."""
    method = request.method if request.method in METHODS else "?"  # it may be any word
    found = request.resolver_match
    return f"{method} /{found.route}" if found else f"{method} ?"


def shown(request: HttpRequest) -> str:
    """The pattern of the address with the ids in it; whatever else stands there is left out."""
    told = _route(request)
    found = request.resolver_match
    for name, value in (found.kwargs if found else {}).items():
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) < LONGEST_SHOWN:
            told = re.sub(rf"<(\w+:)?{name}>", text, told)
    return told


class SessionMiddleware(ForPages, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(ForPages, auth.AuthenticationMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        who: Any = SimpleLazyObject(lambda: _who(request))
        request.user = who


def _who(request: HttpRequest) -> Any:
    """As Django finds the person, but the session keeps its key when ``SECRET_KEY`` was turned.

    Django would replace the key and forget the former one at once: whatever else the browser has on
    its way in that moment would be signed out. The keys of our sessions owe nothing to the secret.
    """
    session: Any = request.session
    session.cycle_key = lambda: None
    try:
        return auth.get_user(request)
    finally:
        del session.cycle_key


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
