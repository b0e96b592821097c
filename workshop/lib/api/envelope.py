"""The body of every refusal: code, text, fields, what is possible instead, request id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from workshop.lib.correlation import request_id

PREFIX: Final = "/api/"


def envelope(
    code: str,
    detail: str,
    *,
    fields: Mapping[str, Any] | None = None,
    allowed: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """The body of a refusal. ``allowed``: verbs that the present status permits."""
    return {
        "code": code,
        "detail": detail,
        "field_errors": dict(fields or {}),
        "allowed": list(allowed),
        "request_id": request_id(),
        **more,
    }


def plain_refusal(status_code: int, code: str, detail: str) -> HttpResponse:
    """The envelope outside of the framework's views: unknown addresses, bugs."""
    return JsonResponse(
        envelope(code, detail), status=status_code, json_dumps_params={"ensure_ascii": False}
    )


def concerns(request: HttpRequest) -> bool:
    """Is this an address of the API?"""
    return request.path_info.startswith(PREFIX)
