"""The catalogue of metrics: the single source of what is measured, in which unit, for what.

Sources announce their metrics while the apps load (``analytics.monitoring.sources``); API, office,
bot and the rules of alerts know no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SEPARATOR: Final = ":"
"""Between the code of a labelled metric and the label: ``open_by_status:in_work``."""


class Unit(TextChoices):
    """What a number counts; thresholds of rules are in the same unit."""

    COUNT = "count", _("pieces")
    SECONDS = "seconds", _("seconds")
    HOURS = "hours", _("hours")
    DAYS = "days", _("days")
    PERCENT = "percent", _("per cent")
    GIGABYTES = "gigabytes", _("gigabytes")


class Better(TextChoices):
    """Which direction is good news."""

    LOWER = "lower", _("the lower the better")
    HIGHER = "higher", _("the higher the better")
    NEITHER = "neither", _("neither")


class Category(TextChoices):
    """Where a metric stands on the pages."""

    RECEIPTS = "receipts", _("Watches in the workshop")
    DEADLINES = "deadlines", _("Deadlines and limits")
    QUALITY = "quality", _("Quality")
    POLISHING = "polishing", _("Polishing")
    DELIVERY = "delivery", _("Notices")
    PROGRAMS = "programs", _("Programs")
    BACKUP = "backup", _("Backup")
    INTEGRATIONS = "integrations", _("Integrations")


Link = Callable[[str], str]
Labels = Callable[[], Mapping[str, str]]


def _no_labels() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number, or with ``labelled`` a bounded set of them under ``code:label``.

    ``about`` is its definition, shown as a tooltip. ``alert``: rules may ask it; ``series``: worth
    a chart; ``status``: part of the state at a glance. ``minutely``: about delivery and life,
    read every minute for alerts too. ``link`` leads from a label ("" when it has none) to the list
    behind the number; ``label_names`` says each label in words, in the active language.
    """

    code: str
    category: Category
    label: Promise
    about: Promise
    unit: Unit = Unit.COUNT
    better: Better = Better.LOWER
    alert: bool = False
    series: bool = True
    status: bool = False
    labelled: bool = False
    minutely: bool = False
    link: Link | None = None
    label_names: Labels = _no_labels


_metrics: dict[str, Metric] = {}


def announce(metric: Metric) -> None:
    """Called by the registry of sources; ValueError for a code that is taken or not plain."""
    if metric.code in _metrics:
        raise ValueError(f"metric {metric.code} is announced twice")
    if not metric.code.isidentifier():
        raise ValueError(f"{metric.code!r} is no code of a metric")
    _metrics[metric.code] = metric


def withdraw(code: str) -> None:
    """Forget a metric again (tests)."""
    _metrics.pop(code, None)


def metrics() -> Mapping[str, Metric]:
    """All metrics by code, by category in the order of the pages, then as announced."""
    order = list(Category)
    found = sorted(_metrics.values(), key=lambda one: order.index(one.category))
    return MappingProxyType({one.code: one for one in found})


def metric(code: str) -> Metric:
    """The metric with this code; LookupError for one that nobody announced."""
    try:
        return _metrics[code]
    except KeyError:
        raise LookupError(f"unknown metric: {code}") from None


def key(code: str, label: str = "") -> str:
    """Under which a number stands in a reading."""
    return f"{code}{SEPARATOR}{label}" if label else code


def parted(name: str) -> tuple[Metric, str]:
    """Metric and label of a key.

    LookupError when nobody announced the metric, or a label is there or missing by mistake.
    """
    code, _separator, label = name.partition(SEPARATOR)
    found = metric(code)
    if found.labelled != bool(label):
        raise LookupError(f"unknown metric: {name}")
    return found, label
