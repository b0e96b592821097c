"""Whether the numbers should be measured now, though no slot is due.

A new installation has no snapshot before its first slot. And the first one after a standstill is
taken while programs are still starting: it calls them silent until the next slot, although they
have reported long since.
"""

from __future__ import annotations

from django_celery_beat.models import PeriodicTask

from analytics.models import AlertRule, Snapshot
from analytics.monitoring.judging import Numbers, breaches
from analytics.monitoring.sources import Reading

JOB = "analytics.take_snapshot"


def is_first(newest: Snapshot | None) -> bool:
    """Nothing was ever measured, and the job that does it is switched on."""
    return newest is None and _is_on()


def has_recovered(newest: Snapshot | None, now: Reading) -> bool:
    """A minutely number was beyond a rule's threshold in the newest snapshot and is not any more.

    Comes to an end by itself: the snapshot that follows has the number as it is now.
    """
    if newest is None or newest.taken_at >= now.at:
        return False
    rules = list(AlertRule.objects.filter(active=True))
    known = {key: value for key, value in now.numbers.items() if value is not None}
    before = {key: newest.numbers.get(key) for key in known}
    return bool(_beyond(rules, before) - _beyond(rules, known)) and _is_on()


def _beyond(rules: list[AlertRule], numbers: Numbers) -> set[tuple[int, str]]:
    return {(one.rule.pk, one.key) for one in breaches(rules, numbers)}


def _is_on() -> bool:
    return PeriodicTask.objects.filter(name=JOB, enabled=True).exists()
