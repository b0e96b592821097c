"""Which numbers stand together and in which order: worked out from the catalogue alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from analytics.monitoring import alert_words
from analytics.monitoring.catalogue import SEPARATOR, Category, Metric, metrics
from analytics.monitoring.judging import exact
from analytics.monitoring.sources import Number


@dataclass(frozen=True)
class Panel:
    """The metrics of one category in the order in which they were announced."""

    category: Category
    metrics: tuple[Metric, ...]

    @property
    def code(self) -> str:
        return self.category.value

    @property
    def title(self) -> str:
        return str(self.category.label)


def layout() -> list[Panel]:
    """The panels of the pages, top down; a category without metrics has none."""
    found = metrics().values()
    panels = [
        Panel(category, tuple(one for one in found if one.category == category))
        for category in Category
    ]
    return [panel for panel in panels if panel.metrics]


def glance() -> list[Metric]:
    """The metrics that make up the state at a glance."""
    return [one for one in metrics().values() if one.status]


@dataclass(frozen=True)
class Shown:
    """One number in words. ``value`` None: no data, which is neither good nor bad."""

    key: str
    metric: Metric
    label: str
    value: Decimal | None
    words: str
    link: str
    short: str = ""  # the name of its label alone


NOTHING: Final = "–"


def shown(metric: Metric, numbers: Mapping[str, Number]) -> list[Shown]:
    """The numbers of a metric: one, or with labels all that were measured, in their order.

    The order of the labels is that of their names; one that has no name any more comes last.
    """
    if not metric.labelled:
        return [_shown(metric, metric.code, "", numbers)]
    begin, names = f"{metric.code}{SEPARATOR}", dict(metric.label_names())
    places = {name: place for place, name in enumerate(names)}
    labels = [key.removeprefix(begin) for key in numbers if key.startswith(begin)]
    labels.sort(key=lambda label: (places.get(label, len(names)), label))
    return [
        _shown(metric, begin + label, str(names.get(label, label)), numbers) for label in labels
    ]


def _shown(metric: Metric, key: str, short: str, numbers: Mapping[str, Number]) -> Shown:
    value = exact(numbers.get(key))
    words = NOTHING if value is None else alert_words.amount(value, metric.unit)
    label = f"{metric.label}: {short}" if short else str(metric.label)
    return Shown(key, metric, label, value, words, alert_words.link(key), short)
