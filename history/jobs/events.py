"""What people did to jobs: switched, given another schedule, started by hand."""

from __future__ import annotations

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.jobs import words
from history.jobs.schedules import schedule_from
from history.registry import Payload, event_kind


@event_kind("job.switched", lazy("Job switched on or off"))
@frozen(slots=False)
class JobSwitched(Payload):
    name: str
    enabled: bool

    def words(self) -> str:
        text = _("Job switched on: %(name)s") if self.enabled else _("Job switched off: %(name)s")
        return text % {"name": words.title(self.name)}


@event_kind("job.rescheduled", lazy("Schedule of a job changed"))
@frozen(slots=False)
class JobRescheduled(Payload):
    """Schedules as ``every 300`` (seconds) or the five fields of cron."""

    name: str
    old: str
    new: str

    def words(self) -> str:
        return _("Schedule of “%(name)s”: %(old)s → %(new)s") % {
            "name": words.title(self.name),
            "old": words.when(schedule_from(self.old)),
            "new": words.when(schedule_from(self.new)),
        }


@event_kind("job.asked", lazy("Job started by hand"))
@frozen(slots=False)
class JobAsked(Payload):
    name: str

    def words(self) -> str:
        return _("Job started by hand: %(name)s") % {"name": words.title(self.name)}
