"""What a writing request says of its body, before anything of it is read.

The framework takes a body without a length, and an empty one of any type, for ``{}``: a wish could
be silently without effect.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.request import Request


class LengthRequired(APIException):
    """A body in pieces: Django reads as much as the head announces, which is nothing."""

    status_code = 411
    default_detail = _("Send the length of the body: Content-Length.")
    default_code = "length_required"


def ensure_readable(request: Request) -> None:
    """LengthRequired for a body without its length, UnsupportedMediaType for a type that the view
    does not read. No type and no body is the empty object.
    """
    has_body = request.META.get("CONTENT_LENGTH") not in {None, "", "0"}
    if not has_body and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise LengthRequired
    declared = request.content_type
    if not declared and not has_body:
        return
    asked: Any = request  # the stubs let both be absent, as before the view begins
    if asked.negotiator.select_parser(request, asked.parsers) is None:
        raise UnsupportedMediaType(declared)
