"""Pages of a list: by the last row seen (keyset), or by offset with the true total when asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.dateparse import parse_datetime
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from workshop.lib.api.moments import is_reckonable
from workshop.lib.api.rows import Shape, read, refuse_unknown
from workshop.lib.compiled import Columns, Slots

USUAL: Final = 25
MOST: Final = 100
FARTHEST: Final = 100_000  # rows that an offset may skip; a cursor goes on for ever
PARAMETERS: Final = (
    "limit", "offset", "cursor", "count", "ordering", "fields", "expand", "format",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One allowed order: a column that is never null (or an annotation), then the id."""

    path: str
    descending: bool = False

    def expressions(self) -> list[OrderBy]:
        if self.path == "id":
            return [OrderBy(F("id"), descending=self.descending)]
        return [OrderBy(F(name), descending=self.descending) for name in (self.path, "id")]

    def after(self, value: Any, last: int) -> Q:
        """What comes after the row with this value and id."""
        step = "lt" if self.descending else "gt"
        if self.path == "id":
            return Q(**{f"id__{step}": last})
        further = Q(**{f"{self.path}__{step}": value}) | Q(**{f"id__{step}": last})
        return Q(**{f"{self.path}__{step}e": value}) & further


def order_of(asked: str | None, allowed: Mapping[str, str]) -> Order:
    """``?ordering=-deadline``; ``allowed`` maps public names to columns, the first is the usual."""
    text = next(iter(allowed)) if asked is None else asked
    bare = {name.lstrip("-"): path for name, path in allowed.items()}
    name = text.removeprefix("-")
    refuse_unknown("ordering", [name], bare)
    return Order(bare[name], text.startswith("-"))


class Pages:
    """What of a list is asked for: in which order, how many, from where. Checked, and no rows yet.

    Raises ValidationError naming the parameter.
    """

    def __init__(self, asked: Mapping[str, str], allowed: Mapping[str, str]) -> None:
        self.order = order_of(asked.get("ordering"), allowed)
        self.limit = _whole(asked.get("limit"), "limit", USUAL, least=1, most=MOST)
        self.offset = (
            _whole(asked["offset"], "offset", 0, most=FARTHEST) if "offset" in asked else None
        )
        self.counted = bool(_whole(asked.get("count"), "count", 0, most=1))

    def statement(self, rows: QuerySet[Any], shape: Shape, *, further: bool) -> Columns:
        """The columns of a page and of its place in the order, one row more than is shown.

        ``further``: what comes after a place, ``value`` and ``last``; else the first page.
        """
        slot = Slots({})
        page = rows.order_by(*self.order.expressions())
        if further:
            value = slot("value", _column(rows, self.order.path))
            page = page.filter(self.order.after(value, slot("last")))
        page = page.values_list(*shape.paths, self.order.path, "id")[: self.limit + 1]
        return Columns(lambda _slot: page, prepared=True)

    def place(self, rows: QuerySet[Any], cursor: str) -> dict[str, Any]:
        """The place that a cursor names, as the values of ``statement``."""
        try:
            value, last = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
            if not _is_id(last):
                raise ValueError(cursor)
            return {"value": _of_column(_column(rows, self.order.path), value), "last": last}
        except (ValueError, TypeError, KeyError, binascii.Error) as error:
            raise serializers.ValidationError(
                {"cursor": [_("This cursor is not ours: begin with the first page.")]},
                code="invalid",
            ) from error

    def answer(self, request: Request, found: Sequence[Any], shape: Shape) -> dict[str, Any]:
        """The rows of ``statement`` as an answer."""
        more = len(found) > self.limit
        cursor = _encode(found[self.limit - 1][-2:]) if more else None
        return {
            "results": shape.build_all(found[: self.limit]),
            "next": link(request, cursor=cursor) if cursor else None,
            "next_cursor": cursor,
        }

    def by_offset(self, request: Request, rows: QuerySet[Any], shape: Shape) -> dict[str, Any]:
        """A page by the number of rows before it, with the true total."""
        offset = self.offset or 0
        count = rows.order_by().count()
        page = rows.order_by(*self.order.expressions())
        following, former = offset + self.limit, max(0, offset - self.limit)
        return {
            "results": read(page[offset:following], shape),
            "count": count,
            "next": link(request, offset=following) if following < count else None,
            "previous": link(request, offset=former) if offset else None,
        }


def link(request: Request, **place: Any) -> str:
    """The address of the same question at another place."""
    asked = request.query_params.lists()
    kept = {name: values for name, values in asked if name not in {"cursor", "offset"}}
    query = urlencode(sorted({**kept, **place}.items()), doseq=True)
    return f"{request.scheme}://{request.get_host()}{escape_uri_path(request.path)}?{query}"


def _encode(place: Sequence[Any]) -> str:
    value, last = place
    text = {"at": value.isoformat()} if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([text, last], default=str)).decode()


def _column(rows: QuerySet[Any], path: str) -> Any:
    """The field that is ordered by; an annotation has the one of its result."""
    reckoned = rows.query.annotations.get(path)
    return reckoned.output_field if reckoned is not None else rows.model._meta.get_field(path)


def _of_column(column: Any, value: Any) -> Any:
    """The value as the column compares it; ValueError for one it never holds.

    A cursor is readable, so it also comes back rewritten, or from a list in another order.
    """
    if isinstance(column, models.DateTimeField):
        moment = parse_datetime(str(value["at"])) if isinstance(value, dict) else None
        if moment is not None and moment.tzinfo is not None and is_reckonable(moment):
            return moment
    elif isinstance(column, models.CharField | models.TextField):
        if isinstance(value, str) and "\x00" not in value:
            return value
    elif _is_id(value):
        return value
    raise ValueError(value)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _whole(text: str | None, name: str, usual: int, *, least: int = 0, most: int) -> int:
    if text is None:
        return usual
    if text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    told = _("A whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
    raise serializers.ValidationError({name: [told]}, code="invalid")
