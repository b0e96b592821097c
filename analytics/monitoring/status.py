"""The state of the workshop and its programs at a glance: one data set, judged by the rules.

Numbers and causes come from the same snapshot, whose age is told: never alerts of one moment
beside numbers of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from analytics.models import Alert, AlertRule, AlertWatch, Snapshot
from analytics.monitoring import alert_words
from analytics.monitoring.judging import Breach, Severity, breaches, memory
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
    """A number beyond the threshold of a rule. ``link``: the office's list behind it, or empty.

    ``alert_in``: so long it still has to last until its alert fires; None where that is on, or
    where the rule does not wait.
    """

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
    alert_in: timedelta | None = None

    @property
    def when(self) -> str:
        """When it becomes an alert, in words; empty where it is one, or fires at once."""
        return "" if self.alert_in is None else alert_words.waits(self.alert_in)

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
    first, then by name. Missing numbers are no causes. Two queries, two more while a cause has
    to last.
    """
    return judged(latest(), at=at)


def judged(data: Snapshot | None, *, at: datetime) -> Status:
    """The same of a data set that is at hand."""
    if data is None:
        return Status(at, State.OK, [], None, None)
    rules = list(AlertRule.objects.filter(active=True))
    found = breaches(rules, data.numbers)
    beyond = {one.rule.key for one in found}
    speaking = [one for one in found if beyond.isdisjoint(one.rule.unless)]
    waiting = _waiting(speaking, at)
    causes = [_cause(one, waiting.get((one.rule.pk, one.key))) for one in speaking]
    causes.sort(key=lambda one: (one.severity != Severity.CRITICAL, one.rule, one.key))
    return Status(at, _worst(causes), causes, data, max(at - data.taken_at, timedelta()))


def _waiting(found: Sequence[Breach[Any]], at: datetime) -> dict[tuple[int, str], timedelta]:
    """(rule, number) → how long it still has to last, of those that have not fired yet."""
    slow = {one.rule.pk: one.rule for one in found if one.rule.lasts_minutes}
    if not slow:
        return {}
    fired = set(Alert.objects.open().filter(rule__in=slow).values_list("rule_id", "key"))
    seen = {
        (row.rule_id, row.key): row.since
        for row in AlertWatch.objects.filter(rule__in=slow, since__isnull=False)
        if row.seen_at is not None and at - row.seen_at <= memory(slow[row.rule_id].terms)
    }
    left = {}
    for one in found:
        place = (one.rule.pk, one.key)
        if one.rule.pk in slow and place not in fired:
            passed = at - (seen.get(place) or at)
            left[place] = max(one.rule.terms.lasts - passed, timedelta())
    return left


def _cause(one: Breach[Any], alert_in: timedelta | None) -> Cause:
    rule, key, value, threshold = one.rule, one.key, one.value, one.threshold
    return Cause(
        rule_id=rule.pk,
        rule_key=rule.key,
        rule=rule.title,
        severity=rule.severity,
        key=key,
        value=value,
        threshold=threshold,
        comparison=rule.comparison,
        words=alert_words.judged(key, value, rule.comparison, threshold),
        link=alert_words.link(key),
        alert_in=alert_in,
    )


def _worst(causes: Iterable[Cause]) -> State:
    found = {cause.severity for cause in causes}
    if Severity.CRITICAL in found:
        return State.CRITICAL
    return State.WARNING if found else State.OK
