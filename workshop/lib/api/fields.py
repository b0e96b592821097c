"""Values of writing requests, bounded to what the database can hold."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from workshop.lib.errors import RuleViolation

LARGEST_ID: Final = 2**63 - 1
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
# Python strips four control characters that other languages do not take for blanks.
NOT_BLANK: Final = r"[^\s\x1c-\x1f]"
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class WholeField(serializers.IntegerField):
    """A JSON integer; not a text or a fraction that looks like one."""

    def to_internal_value(self, data: Any) -> int:
        # 5.0 is an integer in JSON Schema, and in JavaScript.
        if type(data) is not int and not (isinstance(data, float) and data.is_integer()):
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class IdField(WholeField):
    """The id of a row. One that does not exist is the service's answer, not the shape's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class YesNoField(serializers.BooleanField):
    """``true`` or ``false`` of JSON; not a word or a number that may mean it."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return data


class AmountField(serializers.DecimalField):
    """A decimal as text, so that no client rounds it: ``"12500.00"``."""

    def __init__(self, digits: int, places: int, *, negative: bool = True, **kwargs: Any) -> None:
        super().__init__(digits, places, **kwargs)
        sign = "-?" if negative else ""
        self.pattern = f"^{sign}[0-9]{{1,{digits - places}}}([.][0-9]{{1,{places}}})?$"

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not re.search(self.pattern, data):
            self.fail("invalid")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """An ISO 8601 instant; without an offset it is meant in the workshop's time zone."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment: datetime = super().to_internal_value(value)
            inside = EARLIEST <= moment <= LATEST
        except OverflowError:
            inside = False
        if not inside:
            raise _out_of_range(self)
        return moment.astimezone(UTC)


class DayField(serializers.DateField):
    """A day of the workshop's calendar: ``2026-12-31``."""

    def to_internal_value(self, value: Any) -> date:
        if isinstance(value, str) and not _DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        day: date = super().to_internal_value(value)
        if not EARLIEST.year <= day.year < LATEST.year:
            raise _out_of_range(self)
        return day


def _out_of_range(field: serializers.Field[Any, Any, Any, Any]) -> RuleViolation:
    """Right in shape: the description of the API cannot forbid it."""
    return RuleViolation(
        "api.out_of_range", _("A moment from 1970 to 2200."), field=str(field.field_name)
    )


class TextField(serializers.CharField):
    """Text that may be left out or empty; its length is the service's matter."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("allow_blank", not kwargs["required"])
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
