"""Which alerts a more exact notice speaks for: one message for one breach and person.

A failed backup, a webhook that stopped, a receipt over its limit, a drop of quality are told by
notices of their own, which name the thing; an alert says no more than that there is one. So its
first message is left out for whoever gets such a notice. What the alert adds still comes: that it
lasts (after its cooldown), that nobody has acknowledged it, that it is over; and all of it where
the rule's threshold is not "more than none", for then it says something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django_celery_beat.models import PeriodicTask

from analytics.models import Alert
from analytics.monitoring.catalogue import SEPARATOR
from analytics.monitoring.judging import Comparison
from botapp.models import OutgoingMessage
from botapp.notices import kind_of
from botapp.stay_notices import NOT_COLLECTED, OVER_LIMIT, template_of
from history.models import Job
from staff import roles
from staff.models import Employee
from staff.notice_kinds import wants

BEFORE: Final = timedelta(hours=2)
"""So long before the alert a notice may have told of the same: numbers are judged every 15 min."""


@dataclass(frozen=True)
class Direct:
    """The templates that tell of it. ``job`` will tell everybody with one of ``roles``."""

    templates: tuple[str, ...]
    roles: frozenset[str] = frozenset()
    job: str = ""


def _limit(*templates: str) -> Direct:
    return Direct(templates, frozenset({roles.INSPECTOR, roles.MANAGER}), "receipts.check_limits")


DIRECT: Final[Mapping[str, Direct]] = {
    "backups_failed": Direct(("backup_failed",)),
    "webhook_paused": Direct(("webhook_stopped",)),
    "inbound_failed": Direct(("input_failed",)),
    "quality_drops": Direct(("quality_drop",), frozenset({roles.MANAGER}), "analytics.tell_drops"),
    "overdue": Direct(("digest",), frozenset({roles.INSPECTOR}), "receipts.fire_reminders"),
    "over_limit": _limit(OVER_LIMIT, NOT_COLLECTED),
}


def speaks_for(alert: Alert, person: Employee) -> bool:
    """Does the person get a notice that tells the cause of this alert more exactly?"""
    direct = _direct(alert)
    if direct is None:
        return False
    wanted = [name for name in direct.templates if _wants(person, name)]
    return bool(wanted) and (_will_tell(direct, person) or _was_told(alert, person, wanted))


def _direct(alert: Alert) -> Direct | None:
    if alert.comparison != Comparison.ABOVE or alert.threshold != 0:
        return None
    code, _separator, label = alert.key.partition(SEPARATOR)
    return _limit(template_of(label)) if code == "over_limit_at" else DIRECT.get(code)


def _wants(person: Employee, template: str) -> bool:
    kind = kind_of(template)
    return kind is None or wants(person, kind)


def _will_tell(direct: Direct, person: Employee) -> bool:
    """It is told by a job that is switched on, has run, and did not fail."""
    return (
        bool(direct.roles & person.roles)
        and PeriodicTask.objects.filter(name=direct.job, enabled=True).exists()
        and Job.objects.filter(name=direct.job, last_outcome=Job.DONE).exists()
    )


def _was_told(alert: Alert, person: Employee, templates: list[str]) -> bool:
    since = alert.fired_at - alert.rule.terms.lasts - BEFORE
    rows = OutgoingMessage.objects.filter(
        employee=person, template__in=templates, event__recorded_at__gte=since
    )
    return bool(rows.exclude(state=OutgoingMessage.DEAD).exists())
