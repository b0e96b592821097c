"""What a page of numbers was asked: period, people; and the form that asks it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from analytics.admin import narrowing
from analytics.admin.narrowing import FIELDS
from analytics.facts import first_day
from analytics.filters import EVERYTHING, Filters
from analytics.periods import LABELS, Kind, Period, period
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
    filters: Filters = EVERYTHING
    narrowed: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def choices(self) -> list[tuple[str, object]]:
        return [(kind.value, label) for kind, label in LABELS.items()]

    @property
    def selects(self) -> list[tuple[str, object, str, list[tuple[str, str]]]]:
        """Fields that narrow it: name, label, what is chosen, and the choices (none: a text)."""
        return [
            (name, FIELDS[name].label, self.values.get(name, ""), FIELDS[name].options())
            for name in self.fields
        ]

    @property
    def wrong(self) -> list[tuple[object, str]]:
        """Errors with the label of their field; an empty one speaks for itself."""
        labels: dict[str, object] = {"from": _("from"), "to": _("to")}
        labels.update((name, one.label) for name, one in FIELDS.items())
        return [(labels.get(name, ""), text) for name, text in self.errors.items()]

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


def read(request: HttpRequest, fields: tuple[str, ...] = ()) -> Asked:
    """The question of the address; a wrong one is answered for this month, with its error.

    ``fields``: what this page can be narrowed to; other parameters are not its own.
    """
    at = clock.now()
    narrowed = narrowing.read(request, fields)
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
            beginning=first_day() if values["period"] == Kind.ALL else None,
        )
    except RuleViolation as error:
        errors.setdefault(error.field, str(error))
        asked = period(Kind.MONTH, at=at)
    return Asked(
        asked,
        at,
        {**values, **narrowed.values},
        {**errors, **narrowed.errors},
        narrowed.filters,
        narrowed.words,
        fields,
    )
