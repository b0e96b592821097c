"""The state of the workshop and its programs at a glance: one data set, judged by the rules.

Numbers and causes come from the same snapshot, whose age is told: never alerts of one moment
beside numbers of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from analytics.models import AlertRule, Snapshot
from analytics.monitoring import alert_words
from analytics.monitoring.judging import Severity, breaches
from analytics.monitoring.reading import latest

STALE: Final = timedelta(minutes=35)
"""Two snapshots in a row are missing, and a little patience."""


class State(TextChoices):
    """The worst severity among the causes; without any it is ok, also before the first snapshot."""

    OK = "ok", _("Everything is in order")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


TONES: Final[Mapping[str, str]] = {
    State.OK: "success",
    State.WARNING: "warning",
    State.CRITICAL: "danger",
}
"""Colours of the office."""


@dataclass(frozen=True)
class Cause:
    """A number beyond the threshold of a rule. ``link``: the office's list behind it, or empty."""

    rule_id: int
    rule_key: str
    rule: str
    severity: str
    key: str
    value: Decimal
    threshold: Decimal
    comparison: str
    words: str
    link: str

    @property
    def tone(self) -> str:
        return TONES[State(self.severity)]

    @property
    def severity_label(self) -> str:
        return str(Severity(self.severity).label)


@dataclass(frozen=True)
class Status:
    """``data`` is what was judged, None before the first snapshot; ``age`` is its age."""

    at: datetime
    state: State
    causes: list[Cause]
    data: Snapshot | None
    age: timedelta | None

    @property
    def has_data(self) -> bool:
        return self.data is not None

    @property
    def stale(self) -> bool:
        """Nobody has looked for so long that it may be otherwise by now."""
        return self.age is not None and self.age > STALE

    @property
    def failed(self) -> list[str]:
        """Sources that could not be read: their numbers are missing in what was judged."""
        return list(self.data.failed) if self.data else []

    @property
    def tone(self) -> str:
        return TONES[self.state] if self.has_data else "plain"


def status(*, at: datetime) -> Status:
    """The newest snapshot, judged now by the rules that are active now.

    A rule that only follows from another one (``unless``) is no cause beside it. Critical causes
    first, then by name. Missing numbers are no causes. Two queries.
    """
    return judged(latest(), at=at)


def judged(data: Snapshot | None, *, at: datetime) -> Status:
    """The same of a data set that is at hand."""
    if data is None:
        return Status(at, State.OK, [], None, None)
    rules = list(AlertRule.objects.filter(active=True))
    found = breaches(rules, data.numbers)
    beyond = {one.rule.key for one in found}
    causes = [
        _cause(one.rule, one.key, one.value, one.threshold)
        for one in found
        if beyond.isdisjoint(one.rule.unless)
    ]
    causes.sort(key=lambda one: (one.severity != Severity.CRITICAL, one.rule, one.key))
    return Status(at, _worst(causes), causes, data, max(at - data.taken_at, timedelta()))


def _cause(rule: Any, key: str, value: Decimal, threshold: Decimal) -> Cause:
    return Cause(
        rule_id=rule.pk,
        rule_key=rule.key,
        rule=rule.name,
        severity=rule.severity,
        key=key,
        value=value,
        threshold=threshold,
        comparison=rule.comparison,
        words=alert_words.judged(key, value, rule.comparison, threshold),
        link=alert_words.link(key),
    )


def _worst(causes: Iterable[Cause]) -> State:
    found = {cause.severity for cause in causes}
    if Severity.CRITICAL in found:
        return State.CRITICAL
    return State.WARNING if found else State.OK
