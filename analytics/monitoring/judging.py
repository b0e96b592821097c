"""When a number is an alert, and when people are told of it: pure, no clock and no database.

A rule is judged for each of its keys by itself: a breach has to last before it fires, a value has
to come back further than it went before it is over, and people are told once, then again only
after the cooldown, until somebody says that he has seen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

Value = Decimal | int | float | None
Numbers = Mapping[str, Value]

MEMORY: Final = timedelta(minutes=45)
"""A breach that no reading has confirmed for so long begins anew: nobody was looking."""


class Comparison(TextChoices):
    """On which side of its threshold a number is a breach."""

    ABOVE = "above", _("above")
    BELOW = "below", _("below")
    EQUAL = "equal", _("equal to")


class Severity(TextChoices):
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


class Judged(Protocol):
    """What of a rule a single number is judged by."""

    @property
    def metric(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def comparison(self) -> str: ...
    @property
    def threshold(self) -> Decimal: ...


R = TypeVar("R", bound=Judged)


@dataclass(frozen=True)
class Breach(Generic[R]):
    """A number beyond the threshold of a rule, at this moment."""

    rule: R
    key: str
    value: Decimal
    threshold: Decimal


def breaches(rules: Iterable[R], numbers: Numbers) -> list[Breach[R]]:
    """Every number that is beyond the threshold of a rule now; None and absent ones never are."""
    return [
        Breach(rule, key, value, rule.threshold)
        for rule in rules
        for key in keys_of(rule, numbers)
        if (value := exact(numbers[key])) is not None
        and is_beyond(rule.comparison, rule.threshold, value)
    ]


def keys_of(rule: Judged, numbers: Numbers) -> Iterator[str]:
    """The keys of the numbers that the rule speaks of: one, or without a label all of them."""
    if rule.label:
        key = f"{rule.metric}:{rule.label}"
        if key in numbers:
            yield key
        return
    if rule.metric in numbers:
        yield rule.metric
    yield from sorted(key for key in numbers if key.startswith(f"{rule.metric}:"))


def exact(value: Value) -> Decimal | None:
    """A number as it is compared: what a float shows, not what it is made of."""
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(str(value))


def is_beyond(comparison: str, threshold: Decimal, value: Decimal) -> bool:
    if comparison == Comparison.ABOVE:
        return value > threshold
    if comparison == Comparison.BELOW:
        return value < threshold
    return value == threshold


# --- one rule and one key over time ---------------------------------------------------------------


@dataclass(frozen=True)
class Quiet:
    """Hours of the workshop's day in which people are left alone; may pass midnight."""

    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        now = local.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


@dataclass(frozen=True)
class Terms:
    """A rule as the state machine sees it.

    ``clear_at``: the value that ends an alert (None: the threshold itself). ``lasts``: so long the
    breach has to last before it fires. ``cooldown``: between two messages of the same alert.
    ``escalate_after``: so long after the first message, if nobody has acknowledged it.
    """

    comparison: str
    threshold: Decimal
    clear_at: Decimal | None = None
    lasts: timedelta = timedelta()
    cooldown: timedelta = timedelta(hours=1)
    escalate_after: timedelta | None = None
    quiet: Quiet | None = None

    def is_over(self, value: Decimal) -> bool:
        """Has the number come back far enough?"""
        border = self.threshold if self.clear_at is None else self.clear_at
        if self.comparison == Comparison.ABOVE:
            return value <= border
        if self.comparison == Comparison.BELOW:
            return value >= border
        return value != self.threshold


def memory(terms: Terms) -> timedelta:
    """So long a breach that has not fired yet is remembered without a reading."""
    return max(MEMORY, terms.lasts)


@dataclass(frozen=True)
class Mark:
    """What is remembered of one rule and one key.

    ``since`` and ``seen_at``: first and newest reading of a breach that has not fired yet;
    ``fired_at`` to ``escalated``: of the open alert. ``told_at``: the newest message that it is on.
    ``believed``: people were told that it is on, and not yet that it is over. ``owed``: it has
    fired in quiet hours and nobody was told.
    """

    since: datetime | None = None
    seen_at: datetime | None = None
    fired_at: datetime | None = None
    acknowledged: bool = False
    snoozed_until: datetime | None = None
    first_told_at: datetime | None = None
    escalated: bool = False
    told_at: datetime | None = None
    believed: bool = False
    owed: bool = False

    @property
    def is_open(self) -> bool:
        return self.fired_at is not None


class Act(Enum):
    """What a step asks for, in this order."""

    FIRE = "fire"
    RESOLVE = "resolve"
    TELL = "tell"
    ESCALATE = "escalate"
    TELL_OVER = "tell over"


def step(
    terms: Terms,
    mark: Mark,
    value: Decimal | None,
    *,
    at: datetime,
    local: datetime,
    gone: bool = False,
) -> Step:
    """One reading; ``local`` is ``at`` in the workshop's zone.

    None as value: nothing is known, only time passes. ``gone``: what the number counted does not
    exist any more, so it cannot be a breach either.
    """
    acts: list[Act] = []
    if gone or value is not None:
        mark = _ended(terms, mark, value, acts) if mark.is_open else _begun(terms, mark, value, at)
        if not mark.is_open and mark.since is not None and at - mark.since >= terms.lasts:
            acts.append(Act.FIRE)
            mark = _alert(mark, at)
    is_quiet = terms.quiet is not None and terms.quiet.holds(local)
    return Step(_told(terms, mark, acts, at, is_quiet), tuple(acts))


@dataclass(frozen=True)
class Step:
    mark: Mark
    acts: tuple[Act, ...]


def _alert(mark: Mark, fired_at: datetime | None) -> Mark:
    """A new alert, or none any more: what was said about the one before does not hold for it."""
    return replace(
        mark,
        since=None,
        seen_at=None,
        fired_at=fired_at,
        acknowledged=False,
        snoozed_until=None,
        first_told_at=None,
        escalated=False,
    )


def _begun(terms: Terms, mark: Mark, value: Decimal | None, at: datetime) -> Mark:
    if value is None or not is_beyond(terms.comparison, terms.threshold, value):
        return replace(mark, since=None, seen_at=None)
    lost = mark.seen_at is None or at - mark.seen_at > memory(terms)
    return replace(mark, since=at if lost or mark.since is None else mark.since, seen_at=at)


def _ended(terms: Terms, mark: Mark, value: Decimal | None, acts: list[Act]) -> Mark:
    if value is not None and not terms.is_over(value):
        return mark
    acts.append(Act.RESOLVE)
    return _alert(mark, None)


def _told(terms: Terms, mark: Mark, acts: list[Act], at: datetime, is_quiet: bool) -> Mark:
    if not mark.is_open:
        if is_quiet or not (mark.believed or mark.owed):
            return mark
        acts.append(Act.TELL_OVER)
        return replace(mark, believed=False, owed=False)
    snoozed = mark.snoozed_until is not None and at < mark.snoozed_until
    if mark.acknowledged or snoozed:
        return mark
    cooled = mark.told_at is None or at - mark.told_at >= terms.cooldown
    if is_quiet:
        return replace(mark, owed=mark.owed or (cooled and mark.first_told_at is None))
    if cooled:
        acts.append(Act.TELL)
        first = mark.first_told_at or at
        mark = replace(mark, told_at=at, first_told_at=first, believed=True, owed=False)
    first_told, wait = mark.first_told_at, terms.escalate_after
    due = wait is not None and first_told is not None and at - first_told >= wait
    if due and not mark.escalated:
        acts.append(Act.ESCALATE)
        mark = replace(mark, escalated=True)
    return mark
