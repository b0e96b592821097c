"""Lists of the API as files: ``?format=csv`` and ``?format=xlsx``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from workshop.lib.api.formats import dumps
from workshop.lib.api.pages import order_of
from workshop.lib.api.rows import Shape
from workshop.lib.errors import RuleViolation
from workshop.lib.export import (
    CSV,
    FOR_PROGRAMS,
    TYPES,
    Sheet,
    file_name,
    steps,
    write_csv,
    write_xlsx,
)

if TYPE_CHECKING:
    from workshop.lib.api.views import ListView

MOST: Final = 10_000
"""Rows of one answer; more are asked for by POST /exports/."""

# They ask for a page of JSON, and mean nothing for a file.
OF_PAGES: Final = frozenset({"limit", "offset", "cursor", "count", "expand"})


def file_of(view: ListView) -> FileResponse:
    """The whole list as a file. Raises RuleViolation ``exports.too_long`` above :data:`MOST`."""
    form = view.request.query_params["format"]
    if form not in TYPES:
        told = _now("Known: %(known)s.") % {"known": ", ".join(TYPES)}
        raise ValidationError({"format": [told]}, code="unknown")
    refuse_pages(view)
    sheet, rows = sheet_of_view(view)
    if rows.order_by()[: MOST + 1].count() > MOST:
        raise RuleViolation(
            "exports.too_long",
            _("More than %(most)s rows: narrow the filters, or ask for a file by POST /exports/."),
            field="format",
            params={"most": MOST},
        )
    target = TemporaryFile()  # noqa: SIM115  # closed with the answer
    if form == CSV:
        write_csv(target, sheet, style=FOR_PROGRAMS)
    else:
        write_xlsx(target, sheet)
    target.seek(0)
    name = file_name(sheet.title, form)
    return FileResponse(target, as_attachment=True, filename=name, content_type=TYPES[form])


def refuse_pages(view: ListView) -> None:
    """Raises RuleViolation ``exports.of_pages`` for a parameter that asks for a page."""
    if wrong := sorted(OF_PAGES & set(view.request.query_params)):
        raise RuleViolation(
            "exports.of_pages", _("It does not go together with a file."), field=wrong[0]
        )


def sheet_of_view(view: ListView) -> tuple[Sheet, QuerySet[Any]]:
    """The table of the view's list, with its filters, order and fields; and its rows."""
    rows = view.filtered(view.rows())
    order = order_of(view.request.query_params.get("ordering"), view.orders)
    shape = view.shape()
    ordered = rows.order_by(*order.expressions())
    found = chain.from_iterable(steps(ordered.values_list("pk", *shape.paths)))
    cells = ([_cell(value) for value in _values(shape, row[1:])] for row in found)
    return Sheet(view.resource or "list", list(_names(shape, "")), cells), rows


def _names(shape: Shape, prefix: str) -> Iterator[str]:
    """``number``, ``master.name``: as they stand in the JSON."""
    for name, _index in shape.leaves:
        yield f"{prefix}{name}"
    for name, _key, inner in shape.nested:
        yield from _names(inner, f"{prefix}{name}.")


def _values(shape: Shape, row: Sequence[Any]) -> Iterator[Any]:
    for _name, index in shape.leaves:
        yield row[index]
    for _name, _key, inner in shape.nested:
        yield from _values(inner, row)


def _cell(value: Any) -> Any:
    """What is no single value stands as JSON."""
    return dumps(value).decode() if isinstance(value, dict | list) else value
