"""To which people, types of work, brand and metal a page of numbers is narrowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from analytics.filters import EVERYTHING, Filters
from receipts.models import Metal, OperationType
from staff.models import Employee
from staff.office.forms import is_id

LONGEST: Final = 100
"""Letters of a brand."""


@dataclass(frozen=True)
class Choice:
    """A field of the form: what can be chosen, and how it is refused."""

    label: Promise
    unknown: Promise | str = ""
    rows: QuerySet[Any] | None = None

    def options(self) -> list[tuple[str, str]]:
        rows = self.rows.all() if self.rows is not None else []
        return [(str(row.pk), str(row)) for row in rows]


FIELDS: Final[Mapping[str, Choice]] = {
    "person": Choice(
        _("Employee"), _("There is no such employee."), Employee.objects.order_by("full_name", "pk")
    ),
    "type": Choice(
        _("Operation type"), _("There is no such operation type."), OperationType.objects.all()
    ),
    "brand": Choice(_("Brand")),
    "metal": Choice(_("Metal"), _("There is no such metal."), Metal.objects.all()),
}
"""By the names that the lists behind a number use, so that a link may replace a choice."""

WORKS: Final = tuple(FIELDS)
"""What a page about works may be narrowed to."""

WATCHES: Final = ("brand", "metal")
"""What a page about whole watches may be narrowed to."""


@dataclass(frozen=True)
class Narrowed:
    """What was chosen: the texts as entered, the filters, in words, and what was wrong."""

    values: Mapping[str, str] = field(default_factory=dict)
    filters: Filters = EVERYTHING
    words: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


def read(request: HttpRequest, fields: tuple[str, ...]) -> Narrowed:
    """The filters of the address. What does not exist narrows nothing, and is told."""
    values = {name: request.GET.get(name, "").replace("\0", "").strip() for name in fields}
    rows: dict[str, Any] = {}
    errors = {}
    for name, value in values.items():
        if not value or name == "brand":
            continue
        known = FIELDS[name].rows
        row = known.filter(pk=value).first() if known is not None and is_id(value) else None
        if row is None:
            errors[name] = str(FIELDS[name].unknown)
        else:
            rows[name] = row
    brand = values.get("brand", "")
    if len(brand) > LONGEST:
        errors["brand"] = _now("At most %(count)s characters.") % {"count": LONGEST}
        brand = ""
    filters = Filters(
        employees=(rows["person"].pk,) if "person" in rows else (),
        types=(rows["type"].pk,) if "type" in rows else (),
        brand=brand,
        metal=rows["metal"].pk if "metal" in rows else None,
    )
    words = (*map(str, rows.values()), *filter(None, [brand]))
    return Narrowed(values, filters, words, errors)
