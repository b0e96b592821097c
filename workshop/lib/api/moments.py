"""Moments in questions, bounded to what every database and every time zone can reckon with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import django_filters as filters
from django import forms

EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 29, tzinfo=UTC)


def is_reckonable(moment: datetime) -> bool:
    """Not so near an end of the calendar that another zone's clock would be beyond it."""
    return EARLIEST <= moment <= LATEST


class MomentFormField(filters.fields.IsoDateTimeField):
    """An ISO 8601 instant; without an offset it is meant in the workshop's time zone."""

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment: datetime | None = super().to_python(value)
            good = moment is None or is_reckonable(moment)
        except OverflowError:
            good = False
        if not good:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        # PostgreSQL reckons with no offset of 16 hours and more.
        return moment.astimezone(UTC) if moment else None


class MomentFilter(filters.IsoDateTimeFilter):
    """What every list compares its moments with."""

    field_class = MomentFormField
