"""What pages need and programs do not; the content security policy of a page.

A request of the API that brings a key is answered for that key alone: it has no session, no
account, no messages and no form. Those steps cost it more than reading its list does.
"""

import logging
import uuid
from typing import Any, Final

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django_structlog.middlewares import request as structlog_middlewares

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


class RequestMiddleware(structlog_middlewares.RequestMiddleware):
    """One line per request, the finished one: that it began is worked out for DEBUG only."""

    async_capable = False  # the site is served over WSGI: no need to ask each time

    def __call__(self, request: HttpRequest) -> Any:
        self.prepare(request)
        response: Any = self.get_response(request)
        self.handle_response(request, response)
        return response

    def prepare(self, request: HttpRequest) -> None:
        if _logger.isEnabledFor(logging.DEBUG):
            super().prepare(request)
        else:
            structlog.contextvars.bind_contextvars(request_id=str(uuid.uuid4()))
            self.bind_user_id(request)


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
