"""Pages of a list: by the last row seen (keyset), or by offset with the true total when asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from workshop.lib.api.moments import is_reckonable
from workshop.lib.api.rows import Shape, read, refuse_unknown

USUAL: Final = 25
MOST: Final = 100
FARTHEST: Final = 100_000  # rows that an offset may skip; a cursor goes on for ever
PARAMETERS: Final = ("limit", "offset", "cursor", "count", "ordering", "fields", "expand")


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


def order_of(asked: str, allowed: Mapping[str, str]) -> Order:
    """``?ordering=-deadline``; ``allowed`` maps public names to columns, the first is the usual."""
    usual = next(iter(allowed))
    text = asked or usual
    bare = {name.lstrip("-"): path for name, path in allowed.items()}
    name = text.removeprefix("-")
    refuse_unknown("ordering", [name], bare)
    return Order(bare[name], text.startswith("-"))


class Pages:
    """One request for a page of ``rows``."""

    def __init__(self, request: Request, allowed: Mapping[str, str]) -> None:
        self.request = request
        asked = request.query_params
        self.order = order_of(asked.get("ordering", ""), allowed)
        self.limit = _whole(asked.get("limit", ""), "limit", USUAL, least=1, most=MOST)
        self.offset = (
            _whole(asked["offset"], "offset", 0, most=FARTHEST) if "offset" in asked else None
        )
        self.cursor = asked.get("cursor", "")

    def answer(self, rows: QuerySet[Any], shape: Shape) -> dict[str, Any]:
        """``results`` with ``next`` (and ``count`` where the total was asked for)."""
        page = rows.order_by(*self.order.expressions())
        if self.offset is not None:
            return self._by_offset(page, rows, shape)
        if self.cursor:
            page = page.filter(self.order.after(*self._place(rows)))
        found = self._read(page[: self.limit + 1], shape)
        more = len(found) > self.limit
        results = [item for item, _key in found[: self.limit]]
        cursor = _encode(found[self.limit - 1][1]) if more else None
        answer: dict[str, Any] = {
            "results": results,
            "next": self._link(cursor=cursor) if cursor else None,
            "next_cursor": cursor,
        }
        if self.request.query_params.get("count") in {"1", "true"}:
            answer["count"] = rows.order_by().count()
        return answer

    def _by_offset(self, page: QuerySet[Any], rows: QuerySet[Any], shape: Shape) -> dict[str, Any]:
        offset = self.offset or 0
        count = rows.order_by().count()
        results = read(page[offset : offset + self.limit], shape)
        following, former = offset + self.limit, max(0, offset - self.limit)
        return {
            "results": results,
            "count": count,
            "next": self._link(offset=following) if following < count else None,
            "previous": self._link(offset=former) if offset else None,
        }

    def _read(
        self, page: QuerySet[Any], shape: Shape
    ) -> list[tuple[dict[str, Any], tuple[Any, int]]]:
        """Rows with the place of each in the order, in the same query."""
        columns = (*shape.paths, self.order.path, "id")
        return [(shape.build(row), (row[-2], row[-1])) for row in page.values_list(*columns)]

    def _place(self, rows: QuerySet[Any]) -> tuple[Any, int]:
        try:
            value, last = orjson.loads(base64.urlsafe_b64decode(self.cursor.encode()))
            if not _is_id(last):
                raise ValueError(self.cursor)
            return _of_column(_column(rows, self.order.path), value), last
        except (ValueError, TypeError, KeyError, binascii.Error) as error:
            raise serializers.ValidationError(
                {"cursor": [_("This cursor is not ours: begin with the first page.")]},
                code="invalid",
            ) from error

    def _link(self, **changed: Any) -> str:
        url = self.request.build_absolute_uri()
        for name in ("cursor", "offset"):
            if name not in changed:
                url = remove_query_param(url, name)
        for name, value in changed.items():
            url = replace_query_param(url, name, value)
        return url


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


def _whole(text: str, name: str, usual: int, *, least: int = 0, most: int) -> int:
    if not text:
        return usual
    if text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    told = _("A whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
    raise serializers.ValidationError({name: [told]}, code="invalid")
