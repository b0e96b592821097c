"""What an address of the numbers may be asked: period, people, types, brand, metal.

A wrong value is a 400 that names the parameter; a parameter without a meaning here is one, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from analytics.facts import first_day
from analytics.filters import Filters
from analytics.periods import Kind, Period, period
from workshop.lib import clock
from workshop.lib.api import rows as plain
from workshop.lib.api.fields import LARGEST_ID, NOT_BLANK
from workshop.lib.errors import RuleViolation

DAY: Final = "day"  # what the dashboard calls today
MOST_IDS: Final = 50
LONGEST_BRAND: Final = 100
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID: Final = re.compile("[0-9]{1,19}")
Read = Callable[[str], Any]


@dataclass(frozen=True)
class Question:
    """An understood question. ``period`` is None where only the present is asked for."""

    at: datetime
    filters: Filters
    period: Period | None = None


@dataclass(frozen=True)
class Parameter:
    """One parameter: how it is read, and how the description tells it."""

    name: str
    read: Read
    schema: Mapping[str, Any]
    told: str
    several: bool = False

    def described(self) -> OpenApiParameter:
        schema = dict(self.schema)
        if self.several:
            return OpenApiParameter(
                self.name, schema, description=self.told, explode=False, style="form"
            )
        return OpenApiParameter(self.name, schema, description=self.told)


def _invalid(message: str) -> serializers.ValidationError:
    return serializers.ValidationError([message], code="invalid")


def _id(text: str) -> int:
    if not _ID.fullmatch(text) or not 0 < int(text) <= LARGEST_ID:
        raise _invalid(str(serializers.IntegerField.default_error_messages["invalid"]))
    return int(text)


def _ids(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) > MOST_IDS:
        raise _invalid(_("Not more than %(count)s.") % {"count": MOST_IDS})
    return tuple(dict.fromkeys(_id(part) for part in parts))


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise _invalid(_("A day from 1970 to 2199 as YYYY-MM-DD."))
    if not 1970 <= found.year < 2200:  # right in shape: no description can forbid it
        raise RuleViolation("api.out_of_range", _("A day from 1970 to 2199 as YYYY-MM-DD."))
    return found


_brand: Final = serializers.CharField(max_length=LONGEST_BRAND)


def _one_of(kinds: Sequence[str]) -> Read:
    def read(text: str) -> str:
        if text not in kinds:
            raise _invalid(_("One of these: %(names)s.") % {"names": ", ".join(kinds)})
        return text

    return read


def _period(kinds: Sequence[str]) -> Parameter:
    schema = {"type": "string", "enum": list(kinds), "default": Kind.MONTH.value}
    return Parameter("period", _one_of(kinds), schema, "A period of the workshop's calendar.")


_ID_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
_IDS_SCHEMA: Final = {
    "type": "array",
    "items": _ID_SCHEMA,
    "minItems": 1,
    "maxItems": MOST_IDS,
}
_DAY_SCHEMA: Final = {"type": "string", "format": "date"}

PERIOD: Final = (
    _period([kind.value for kind in Kind]),
    Parameter("from", _day, _DAY_SCHEMA, "First day; only with `period=custom` or without it."),
    Parameter("to", _day, _DAY_SCHEMA, "Last day, included."),
)
DASHBOARD_PERIOD: Final = (_period([DAY, Kind.WEEK.value, Kind.MONTH.value]),)
EMPLOYEE: Final = Parameter(
    "employee", _ids, _IDS_SCHEMA, "Ids of employees; needs the scope `analytics:people`.", True
)
TYPE: Final = Parameter("type", _ids, _IDS_SCHEMA, "Ids of operation types.", True)
BRAND: Final = Parameter(
    "brand",
    _brand.run_validation,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_BRAND, "pattern": NOT_BLANK},
    "Brand as it is written on the watch's card.",
)
METAL: Final = Parameter("metal", _id, _ID_SCHEMA, "Id of a metal.")
FILTERS: Final = (EMPLOYEE, TYPE, BRAND, METAL)


def understood(asked: Mapping[str, str], known: Sequence[Parameter]) -> Question:
    """The question in ``asked``.

    Raises ValidationError (400) with a message per parameter; RuleViolation (422) for a period
    whose parameters do not go together, which no description can forbid.
    """
    values = values_of(asked, known)
    at = clock.now()
    filters = Filters(
        values.get("employee", ()),
        values.get("type", ()),
        values.get("brand", ""),
        values.get("metal"),
    )
    timed = any(one.name == "period" for one in known)
    return Question(at, filters, _asked_period(values, at) if timed else None)


def values_of(asked: Mapping[str, str], known: Sequence[Parameter]) -> dict[str, Any]:
    """Each parameter that was sent, read; refused as :func:`understood` says."""
    plain.refuse_repeated(asked)
    plain.refuse_unknown("query", asked, [one.name for one in known])
    values, wrong = {}, {}
    for one in known:
        if one.name in asked:
            try:
                values[one.name] = one.read(asked[one.name])
            except serializers.ValidationError as error:
                wrong[one.name] = error.detail
            except RuleViolation as error:
                raise RuleViolation(error.code, error.message, field=one.name) from None
    if wrong:
        raise serializers.ValidationError(wrong)
    return values


def _asked_period(values: Mapping[str, Any], at: datetime) -> Period:
    first, last = values.get("from"), values.get("to")
    dated = first is not None or last is not None
    kind = values.get("period") or (Kind.CUSTOM if dated else Kind.MONTH)
    kind = Kind.TODAY if kind == DAY else Kind(kind)
    if dated and kind != Kind.CUSTOM:
        name = "from" if first is not None else "to"
        raise RuleViolation("analytics.only_custom", _("Only with period=custom."), field=name)
    beginning = first_day() if kind == Kind.ALL else None
    return period(kind, at=at, first=first, last=last, beginning=beginning)
