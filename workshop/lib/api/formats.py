"""JSON in and out: strict when it is read, quick when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from typing import IO, Any, ClassVar, Final

import orjson
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MEDIA_TYPE: Final = "application/json"
DEEPEST: Final = 20
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def dumps(value: Any) -> bytes:
    """JSON as the API writes it: instants in UTC with Z, decimals as text."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | Promise):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class JsonRenderer(BaseRenderer):
    media_type = MEDIA_TYPE
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dumps(data)


class Negotiation(DefaultContentNegotiation):
    """Nearly every program takes anything or JSON, and a view speaks one form: no need to weigh."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if accepted in {"*/*", MEDIA_TYPE} and len(renderers) == 1 and "format" not in request.GET:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class JsonParser(BaseParser):
    """Refuses what no service can store: NUL and lone surrogates, and nesting without end."""

    media_type = MEDIA_TYPE

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError(_("The request is too large."))
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("The request is no JSON.")) from error
        if not isinstance(value, dict):
            raise ParseError(_("A JSON object is expected."))
        _ensure_storable(value, DEEPEST)
        return value


def _ensure_storable(value: Any, depth: int) -> None:
    if depth == 0:
        raise ParseError(_("The request is nested too deeply."))
    if isinstance(value, str):
        if "\x00" in value:
            raise ParseError(_("The text contains characters that cannot be stored."))
    elif isinstance(value, dict):
        for key, inner in value.items():
            _ensure_storable(key, depth)
            _ensure_storable(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _ensure_storable(inner, depth - 1)


class FileParser(MultiPartParser):
    """A form with one file, bounded before anything of it is read."""

    largest: ClassVar[int]  # bytes of the file
    beside: ClassVar[int] = 64 * 1024  # bytes of everything else

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        sent = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(sent) > self.largest + self.beside:
            raise ParseError(_("The request is too large."))
        try:
            found = super().parse(stream, media_type, parser_context)
        except ParseError as error:  # in English, and with the library's own reasons
            raise ParseError(_("The form cannot be read.")) from error
        _ensure_storable(found.data.dict(), DEEPEST)
        return found


class BinaryRenderer(BaseRenderer):
    """For views that answer with a file; refusals are JSON all the same."""

    media_type = "*/*"
    format = "file"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if renderer_context:
            renderer_context["response"]["Content-Type"] = MEDIA_TYPE
        return dumps(data)
