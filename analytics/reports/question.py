"""The question a file answers: period, moment, filters; and how it stands on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period, previous
from analytics.quality import FINAL_AFTER
from workshop.lib import clock


@dataclass(frozen=True)
class Question:
    """``narrowed`` tells the filters in words; empty for the whole workshop."""

    period: Period
    at: datetime
    filters: Filters = EVERYTHING
    narrowed: str = ""

    @property
    def before(self) -> Period | None:
        return previous(self.period, at=self.at)

    @property
    def days(self) -> str:
        """The period as people write it."""
        first, last = self.period.first, self.period.last
        return f"{first:%d.%m.%Y}" if first == last else f"{first:%d.%m.%Y} – {last:%d.%m.%Y}"

    @property
    def subtitle(self) -> str:
        return " · ".join(filter(None, [self.days, self.narrowed]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know before he compares."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.period.is_partial(self.at):
            when = clock.show(self.at)
            yield _("Partial: the period still runs, counted up to %(when)s.") % {"when": when}
        if self.period.end + FINAL_AFTER > self.at:
            yield _("Not final: works of the last 14 days may still come back.")

    def head(self, title: str) -> str:
        """The line at the top of every page."""
        return " · ".join([settings.WORKSHOP_NAME, title, self.subtitle])
