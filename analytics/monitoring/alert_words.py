"""Alerts in words: what a number counts, its value with its unit, and why it is an alert."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.monitoring import catalogue
from analytics.monitoring.catalogue import Metric, Unit
from analytics.monitoring.judging import Comparison

if TYPE_CHECKING:
    from analytics.models import Alert, AlertRule

MINUTE: Final = Decimal(60)
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def title(key: str) -> str:
    """What the number counts: «Watches by status: In work». An unknown key as it is."""
    code, _separator, label = key.partition(catalogue.SEPARATOR)
    try:
        found = catalogue.metric(code)
    except LookupError:
        return key
    return f"{found.label}: {_label_name(found, label)}" if label else str(found.label)


def _label_name(found: Metric, label: str) -> str:
    return str(found.label_names().get(label, label))


def unit_of(key: str) -> str:
    """The unit of a key; that of plain counts when nobody knows it any more."""
    try:
        return catalogue.metric(key.partition(catalogue.SEPARATOR)[0]).unit
    except LookupError:
        return Unit.COUNT


def amount(value: Decimal, unit: str) -> str:
    """A number with its unit, seconds as people say them: «6 min»."""
    if unit == Unit.SECONDS:
        return _seconds(value)
    shown = _shown(value)
    texts = {
        Unit.HOURS.value: _("%(value)s h"),
        Unit.DAYS.value: _("%(value)s d"),
        Unit.PERCENT.value: _("%(value)s %%"),
        Unit.GIGABYTES.value: _("%(value)s GB"),
    }
    return texts.get(str(unit), "%(value)s") % {"value": shown}


def _seconds(value: Decimal) -> str:
    size = abs(value)
    if size < 2 * MINUTE:
        return _("%(value)s s") % {"value": _shown(value, 0)}
    if size < 2 * HOUR:
        return _("%(value)s min") % {"value": _shown(value / MINUTE, 0)}
    if size < 2 * DAY:
        return _("%(value)s h") % {"value": _shown(value / HOUR, 1)}
    return _("%(value)s d") % {"value": _shown(value / DAY, 1)}


def _shown(value: Decimal, places: int = 2) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    plain = rounded.to_integral_value() if rounded == rounded.to_integral_value() else rounded
    return str(number_format(plain.normalize() if plain else Decimal(0), use_l10n=True))


def threshold_words(comparison: str, threshold: Decimal, unit: str) -> str:
    """«alert when above 5 min»."""
    values = {"value": amount(threshold, unit)}
    if comparison == Comparison.ABOVE:
        return _("alert when above %(value)s") % values
    if comparison == Comparison.BELOW:
        return _("alert when below %(value)s") % values
    return _("alert when equal to %(value)s") % values


def condition(rule: AlertRule) -> str:
    """The rule in one line: number, threshold, how long."""
    key = catalogue.key(rule.metric, rule.label)
    texts = {
        Comparison.ABOVE.value: _("%(number)s: above %(value)s"),
        Comparison.BELOW.value: _("%(number)s: below %(value)s"),
        Comparison.EQUAL.value: _("%(number)s: equal to %(value)s"),
    }
    values = {"number": title(key), "value": amount(rule.threshold, unit_of(key))}
    told = texts[rule.comparison] % values
    if rule.lasts_minutes:
        told += ", " + _("for %(minutes)s min") % {"minutes": rule.lasts_minutes}
    return told


def cause(alert: Alert, *, newest: bool = False) -> str:
    """Why it fired: «The bot is silent: 7 min (alert when above 5 min)»; or its newest value."""
    value = alert.last_value if newest else alert.value
    return judged(alert.key, value, alert.comparison, alert.threshold)


def judged(key: str, value: Decimal, comparison: str, threshold: Decimal) -> str:
    """A number and its threshold in words."""
    unit = unit_of(key)
    shown = f"{title(key)}: {amount(value, unit)}"
    return f"{shown} ({threshold_words(comparison, threshold, unit)})"


def waits(left: timedelta) -> str:
    """When a breach becomes an alert: «alert in 7 min if it lasts»."""
    if not left:
        return _("alert with the next numbers if it lasts")
    minutes = -(-left // timedelta(minutes=1))
    short = _("%(value)s min") % {"value": minutes}
    span = short if minutes < 120 else _seconds(60 * Decimal(minutes))
    return _("alert in %(span)s if it lasts") % {"span": span}


def link(key: str) -> str:
    """The address of the office's list behind the number; empty when there is none."""
    code, _separator, label = key.partition(catalogue.SEPARATOR)
    try:
        found = catalogue.metric(code)
    except LookupError:
        return ""
    return found.link(label) if found.link is not None else ""
