"""What the numbers tell by themselves. An event names the person and the days, never a figure:
what is told is counted again when it is sent, so that nothing taken back is held against anybody.
"""

from __future__ import annotations

from datetime import date

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import Ref, name


def quality_stream(employee_id: int) -> str:
    """Of its own: it changes nothing about the person, and is not to be found on his page."""
    return f"quality:{employee_id}"


@event_kind("quality.dropped", lazy("Quality outside its limits"), scope="analytics:people")
@frozen(slots=False)
class QualityDropped(Payload):
    """Works of [``first``, ``after``) came back more often than chance explains."""

    employee: Ref | None
    first: str
    after: str

    def words(self) -> str:
        return _("Quality outside its limits: %(name)s, from %(first)s") % {
            "name": name(self.employee),
            "first": date.fromisoformat(self.first).strftime("%d.%m.%Y"),
        }

    def overlaps(self, first: date, after: date) -> bool:
        """Whether some of its days were told already, by week or by month."""
        return date.fromisoformat(self.first) < after and first < date.fromisoformat(self.after)
