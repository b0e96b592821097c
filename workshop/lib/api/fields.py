"""Values of writing requests, bounded to what the database can hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LARGEST_ID: Final = 2**63 - 1
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_OUT_OF_RANGE: Final = _("A moment from 1970 to 2200.")


class IdField(serializers.IntegerField):
    """The id of a row. One that does not exist is the service's answer, not the shape's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool | float):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class MomentField(serializers.DateTimeField):
    """An ISO 8601 instant; without an offset it is meant in the workshop's time zone."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment: datetime = super().to_internal_value(value)
            inside = EARLIEST <= moment <= LATEST
        except OverflowError:
            inside = False
        if not inside:
            raise serializers.ValidationError(_OUT_OF_RANGE, code="out_of_range")
        return moment


class DayField(serializers.DateField):
    """A day of the workshop's calendar."""

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not EARLIEST.year <= day.year < LATEST.year:
            raise serializers.ValidationError(_OUT_OF_RANGE, code="out_of_range")
        return day


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
