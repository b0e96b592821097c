"""The one envelope of every refusal: code, text, fields, what is possible instead, request id."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from workshop.lib.api.bodies import LengthRequired
from workshop.lib.api.envelope import envelope
from workshop.lib.errors import Duplicate, IllegalTransition, WorkshopError

_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.ParseError, "request.unreadable"),
    (exceptions.NotAuthenticated, "access.key_missing"),
    (exceptions.AuthenticationFailed, "access.key_wrong"),
    (exceptions.PermissionDenied, "access.not_allowed"),
    (exceptions.NotFound, "request.not_found"),
    (exceptions.MethodNotAllowed, "request.method_not_allowed"),
    (exceptions.NotAcceptable, "request.not_acceptable"),
    (exceptions.UnsupportedMediaType, "request.unsupported_media_type"),
    (LengthRequired, "request.length_required"),
    (exceptions.Throttled, "request.too_many"),
)
NON_FIELD: Final = "non_field_errors"
AGAIN_AFTER: Final = 5  # seconds

logger = logging.getLogger(__name__)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None: a bug, which Django answers with 500 and logs."""
    answer = _answer(error)
    if answer is not None:
        set_rollback()
    return answer


def _answer(error: Exception) -> Response | None:
    if isinstance(error, WorkshopError):
        return Response(_of_workshop(error), status=error.status)
    if isinstance(error, exceptions.ValidationError):
        return Response(_of_shape(error), status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, BadRequest | SuspiciousOperation):
        error = exceptions.ParseError(_("The request cannot be read."))
    elif isinstance(error, OperationalError | InterfaceError):
        return _without_database()
    if not isinstance(error, exceptions.APIException):
        return None
    return _of_framework(error)


def _without_database() -> Response:
    """Nothing was written: the same request under the same key may come again."""
    logger.exception("the database does not answer the API")
    told = envelope("server.unavailable", _("The database does not answer. Try again shortly."))
    answer = Response(told, status=status.HTTP_503_SERVICE_UNAVAILABLE)
    answer["Retry-After"] = str(AGAIN_AFTER)
    return answer


def _of_workshop(error: WorkshopError) -> dict[str, Any]:
    text = error.text()
    fields = {error.field: [{"code": error.code, "detail": text}]} if error.field else {}
    allowed = error.allowed if isinstance(error, IllegalTransition) else ()
    more = {"existing_id": error.existing_id} if isinstance(error, Duplicate) else {}
    return envelope(error.code, text, fields=fields, allowed=allowed, **more)


def _of_shape(error: exceptions.ValidationError) -> dict[str, Any]:
    fields = error.get_full_details()
    if not isinstance(fields, dict):
        fields = {NON_FIELD: fields}
    told = {name: _flat(found) for name, found in fields.items()}
    return envelope("request.invalid", _("The request has wrong or missing values."), fields=told)


def _flat(found: Any) -> Any:
    """``message`` of DRF becomes ``detail``; the nesting of lists and objects stays."""
    if isinstance(found, dict) and set(found) == {"message", "code"}:
        return [{"code": found["code"], "detail": str(found["message"])}]
    if isinstance(found, dict):
        return {str(name): _flat(inner) for name, inner in found.items()}
    if isinstance(found, list) and all(_is_plain(one) for one in found):
        return [{"code": one["code"], "detail": str(one["message"])} for one in found]
    return [_flat(one) for one in found]


def _is_plain(found: Any) -> bool:
    return isinstance(found, dict) and set(found) == {"message", "code"}


def _of_framework(error: exceptions.APIException) -> Response:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "request.refused")
    detail, more = str(error.detail), {}
    if header := getattr(error, "auth_header", ""):
        more["WWW-Authenticate"] = header
    wait = getattr(error, "wait", None)
    if wait is not None:
        seconds = max(1, math.ceil(wait))
        # The framework fills its text in before it looks for a translation, and finds none.
        detail = _("Too many requests: try again in %(seconds)s s.") % {"seconds": seconds}
        more["Retry-After"] = str(seconds)
    return Response(envelope(code, detail), status=error.status_code, headers=more)
