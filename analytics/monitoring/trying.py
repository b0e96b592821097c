"""What a rule says to the present numbers: for trying it out, nothing fires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from analytics.models import AlertRule
from analytics.monitoring import alert_words
from analytics.monitoring.judging import exact, is_beyond, keys_of
from analytics.monitoring.sources import sources


@dataclass(frozen=True)
class Said:
    """One number as it is now; ``value`` is None when there is no data."""

    key: str
    value: Decimal | None
    beyond: bool
    words: str


def says_now(rule: AlertRule, *, at: datetime) -> list[Said]:
    """Each number that the rule speaks of, read at ``at`` from its own source alone.

    Empty when nobody measures it, or nothing is there to be measured.
    """
    own = [one for one in sources().values() if rule.metric in {m.code for m in one.metrics}]
    numbers = own[0].read(at) if own else {}
    return [_said(rule, key, exact(numbers[key])) for key in keys_of(rule, numbers)]


def _said(rule: AlertRule, key: str, value: Decimal | None) -> Said:
    if value is None:
        return Said(key, None, False, alert_words.title(key))
    beyond = is_beyond(rule.comparison, rule.threshold, value)
    told = alert_words.judged(key, value, rule.comparison, rule.threshold)
    return Said(key, value, beyond, told)


def sentences(rule: AlertRule, *, at: datetime) -> list[str]:
    """What the rule says to the present numbers, a line for each."""
    said = says_now(rule, at=at)
    return [sentence(one) for one in said] or [_("There is nothing to be judged now.")]


def sentence(one: Said) -> str:
    """«Overdue: 3 (alert when above 0): this is an alert»."""
    if one.value is None:
        return _("%(number)s: no data, no alert") % {"number": one.words}
    if one.beyond:
        return _("%(number)s: this is an alert") % {"number": one.words}
    return _("%(number)s: in order") % {"number": one.words}
