"""The registry of metric sources: who measures what. Upper apps add theirs in ``ready()``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from analytics.monitoring import catalogue
from analytics.monitoring.catalogue import Metric
from analytics.snapshots import snapshot

Number = int | float | None
"""As it is kept: whole, or with at most three decimals; None is "no data", never zero."""

Measured = Mapping[str, Decimal | int | float | None]
Read = Callable[[datetime], Measured]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """``read(at)`` answers with a number for each key it announced: some queries, no writing."""

    name: str
    metrics: tuple[Metric, ...]
    read: Read

    @property
    def minutely(self) -> bool:
        return any(one.minutely for one in self.metrics)


@dataclass(frozen=True)
class Reading:
    """All numbers of one moment by key; ``failed`` names the sources that raised."""

    at: datetime
    numbers: dict[str, Number]
    failed: tuple[str, ...] = ()


_sources: dict[str, Source] = {}


def register_source(name: str, metrics: Sequence[Metric], read: Read) -> None:
    """Announce metrics and who reads them; ValueError when the name or a code is taken."""
    if name in _sources:
        raise ValueError(f"metric source {name} is registered twice")
    for one in metrics:
        catalogue.announce(one)
    _sources[name] = Source(name, tuple(metrics), read)


def sources() -> dict[str, Source]:
    return dict(_sources)


@contextmanager
def source(name: str, metrics: Sequence[Metric], read: Read) -> Iterator[None]:
    """A source for the length of a block (tests)."""
    register_source(name, metrics, read)
    try:
        yield
    finally:
        del _sources[name]
        for one in metrics:
            catalogue.withdraw(one.code)


def read_all(*, at: datetime, minutely: bool = False) -> Reading:
    """Every number at ``at``, from one look at the database.

    ``minutely`` reads only the sources that have minutely metrics, and answers with those alone. A
    source that raises is logged, its numbers are None: one broken count must not hide the others.
    A fixed number of queries, whatever is in the workshop.
    """
    numbers: dict[str, Number] = {}
    failed = []
    with snapshot():
        for one in _sources.values():
            if minutely and not one.minutely:
                continue
            wanted = [metric for metric in one.metrics if metric.minutely or not minutely]
            found = _read(one, at)
            if found is None:
                failed.append(one.name)
            numbers.update(_chosen(wanted, found or {}))
    return Reading(at, numbers, tuple(failed))


def _read(one: Source, at: datetime) -> Measured | None:
    """None when it raised. A savepoint keeps a refused query from spoiling those of the others."""
    try:
        with transaction.atomic():
            return one.read(at)
    except Exception:  # any bug of a source: told, its numbers are missing
        logger.exception("a source of numbers failed", extra={"part": one.name})
        return None


def _chosen(metrics: Sequence[Metric], found: Measured) -> dict[str, Number]:
    """The numbers of these metrics; one without a label that was not measured is None."""
    codes = {one.code for one in metrics}
    chosen = {
        name: plain(number)
        for name, number in found.items()
        if name.partition(catalogue.SEPARATOR)[0] in codes
    }
    return {one.code: None for one in metrics if not one.labelled} | chosen


def plain(number: Decimal | int | float | None) -> Number:
    """As JSON keeps it, the same on both databases."""
    if number is None or isinstance(number, int):
        return number
    rounded = round(float(number), 3)
    return int(rounded) if rounded.is_integer() else rounded
