"""What a page of numbers was asked: period, people; and the form that asks it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Min
from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from analytics.periods import LABELS, Kind, Period, period
from receipts.models import Receipt
from workshop.lib import clock
from workshop.lib.admin import read_day
from workshop.lib.errors import RuleViolation


@dataclass(frozen=True)
class Asked:
    """The question. A wrong one keeps what was entered and says which field is wrong."""

    period: Period
    at: datetime
    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def choices(self) -> list[tuple[str, object]]:
        return [(kind.value, label) for kind, label in LABELS.items()]

    @property
    def partial(self) -> bool:
        return self.period.is_partial(self.at)

    @property
    def days(self) -> str:
        """The period as people write it."""
        first, last = self.period.first, self.period.last
        return f"{first:%d.%m.%Y}" if first == last else f"{first:%d.%m.%Y} – {last:%d.%m.%Y}"

    def query(self, **more: str) -> str:
        """The same question as a query string, with ``more``."""
        kept = {key: value for key, value in self.values.items() if value}
        return urlencode({**kept, **more})


def read(request: HttpRequest) -> Asked:
    """The question of the address; a wrong one is answered for this month, with its error."""
    at = clock.now()
    values = {key: request.GET.get(key, "").strip() for key in ("period", "from", "to")}
    values["period"] = values["period"] or Kind.MONTH.value
    errors = {}
    days = {}
    for key in ("from", "to"):
        days[key] = read_day(values[key]) if values[key] else None
        if values[key] and days[key] is None:
            errors[key] = str(_("Enter a day as 25.12.2026."))
    try:
        asked = period(
            values["period"],
            at=at,
            first=days["from"],
            last=days["to"],
            beginning=_beginning() if values["period"] == Kind.ALL else None,
        )
    except RuleViolation as error:
        errors.setdefault(error.field, str(error))
        asked = period(Kind.MONTH, at=at)
    return Asked(asked, at, values, errors)


def _beginning() -> date | None:
    first = Receipt.objects.valid().aggregate(first=Min("received_at"))["first"]
    return clock.local(first).date() if first else None
