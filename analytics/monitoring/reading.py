"""Reading what was kept: the newest snapshot, the last ones, and numbers in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import TextChoices
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext_lazy as _

from analytics.models import DailyNumber, Snapshot
from analytics.monitoring import catalogue
from analytics.monitoring.sources import Number, plain
from analytics.snapshots import snapshot
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

SLOT: Final = timedelta(minutes=15)
"""Between two snapshots, as the job is set up."""

MOST_POINTS: Final = 2_000
MOST_SERIES: Final = 50
MOST_SNAPSHOTS: Final = 500


class Bucket(TextChoices):
    """How finely a series is drawn."""

    RAW = "raw", _("by quarters of an hour")
    HOUR = "hour", _("by hours")
    DAY = "day", _("by days")


@dataclass(frozen=True)
class Point:
    """One bucket of a series; without a number in it (``count`` 0) it is a gap, never zero.

    ``average`` weighs each snapshot alike, ``last`` is the newest of them.
    """

    start: datetime
    lowest: Number = None
    highest: Number = None
    average: Number = None
    last: Number = None
    count: int = 0


def latest() -> Snapshot | None:
    """The snapshot that was taken last; None before the first.

    Not the one with the latest moment: a clock that was ahead would rule until its time has come.
    """
    return Snapshot.objects.order_by("-id").first()


def history(limit: int) -> list[Snapshot]:
    """The snapshots of the latest moments, at most ``limit`` (and 500) of them, newest first."""
    wanted = max(0, min(limit, MOST_SNAPSHOTS))
    return list(Snapshot.objects.order_by("-taken_at", "-id")[:wanted])


def series(
    codes: Sequence[str], *, start: datetime, end: datetime, bucket: Bucket, at: datetime
) -> dict[str, list[Point]]:
    """Key → its points from ``start`` to ``end`` (or ``at``, when that is earlier), gaps included.

    A labelled metric without a label stands for all its labels. Raw buckets are the quarters of an
    hour in which snapshots are taken; hours and days are the workshop's. The first and the last
    bucket are whole. Days come from daily numbers where the snapshots are gone; finer buckets are
    gaps there. Raises RuleViolation ``monitoring.unknown_metric``, ``monitoring.too_many_series``,
    ``monitoring.range_reversed``, ``monitoring.too_many_points`` (a coarser bucket is needed).
    Two queries, and one for each kind of label that comes from a catalogue.
    """
    keys = _keys(codes)
    starts = _starts(bucket, start, end, at)
    found: dict[str, dict[datetime, _Tally]] = {key: {} for key in keys}
    if not starts:
        return {key: [] for key in keys}
    first, after = starts[0], _next(bucket, starts[-1])
    with snapshot():
        if bucket == Bucket.DAY:
            for day in _daily(keys, first, after):
                found[day.key][clock.day_start(day.day)] = _Tally.of(day)
        for taken_at, *numbers in _rows(keys, first, after):
            begin = FLOORS[bucket](taken_at)
            for key, number in zip(keys, numbers, strict=True):
                if number is not None:
                    found[key].setdefault(begin, _Tally()).add(number)
    return {
        key: [_point(one, tallies.get(one)) for one in starts] for key, tallies in found.items()
    }


def _keys(codes: Iterable[str]) -> list[str]:
    """The keys that are asked for, each once."""
    found = list(dict.fromkeys(key for name in codes for key in _keys_of(name)))
    if len(found) > MOST_SERIES:
        raise RuleViolation(
            "monitoring.too_many_series",
            _("No more than %(most)s series at once."),
            field="metrics",
            params={"most": MOST_SERIES},
        )
    return found


def _keys_of(name: str) -> list[str]:
    code, separator, label = name.partition(catalogue.SEPARATOR)
    found = catalogue.metrics().get(code)
    if found is not None and not found.labelled and not separator:
        return [name]
    if found is not None and found.labelled:
        labels = found.label_names()
        if not label:
            return [catalogue.key(code, one) for one in labels]
        if label in labels:
            return [name]
    raise RuleViolation(
        "monitoring.unknown_metric",
        _("There is no metric “%(name)s”."),
        field="metrics",
        params={"name": name[:120]},
    )


def _starts(bucket: Bucket, start: datetime, end: datetime, at: datetime) -> list[datetime]:
    """Where each bucket begins that has a moment of [start, end) before ``at``."""
    if end < start:
        raise RuleViolation(
            "monitoring.range_reversed", _("The end lies before the beginning."), field="to"
        )
    end = min(end, at)
    if (end - start) / LENGTHS[bucket] > MOST_POINTS:
        raise RuleViolation(
            "monitoring.too_many_points",
            _("More than %(most)s points: take a coarser bucket or a shorter time."),
            field="bucket",
            params={"most": MOST_POINTS},
        )
    found = []
    moment = FLOORS[bucket](start)
    while moment < end:
        found.append(moment)
        moment = _next(bucket, moment)
    return found


def slot_of(moment: datetime) -> datetime:
    """The quarter of an hour that a moment lies in."""
    return _EPOCH + (moment - _EPOCH) // SLOT * SLOT


def _hour(moment: datetime) -> datetime:
    return clock.local(moment).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _day(moment: datetime) -> datetime:
    return clock.day_start(clock.local(moment).date())


def _next(bucket: Bucket, start: datetime) -> datetime:
    """The beginning of the following bucket; a day may have 23 or 25 hours."""
    if bucket == Bucket.DAY:
        return clock.day_bounds(clock.local(start).date())[1]
    return start + LENGTHS[bucket]


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FLOORS: Final[dict[Bucket, Callable[[datetime], datetime]]] = {
    Bucket.RAW: slot_of,
    Bucket.HOUR: _hour,
    Bucket.DAY: _day,
}
LENGTHS: Final = {
    Bucket.RAW: SLOT,
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(days=1),
}


def _rows(keys: Sequence[str], first: datetime, after: datetime) -> Iterator[tuple[Any, ...]]:
    """(taken at, number of each key) of the snapshots of [first, after), the oldest first."""
    numbers = {f"n{place}": KeyTransform(key, "numbers") for place, key in enumerate(keys)}
    rows = Snapshot.objects.filter(taken_at__gte=first, taken_at__lt=after)
    return rows.order_by("taken_at", "id").values_list("taken_at", *numbers.values()).iterator()


def _daily(keys: Sequence[str], first: datetime, after: datetime) -> Iterable[DailyNumber]:
    days = (clock.local(first).date(), clock.local(after).date())
    return DailyNumber.objects.filter(key__in=keys, day__gte=days[0], day__lt=days[1])


@dataclass
class _Tally:
    """A bucket while it is added up; numbers come in the order of time."""

    lowest: float = 0
    highest: float = 0
    total: float = 0
    last: float = 0
    count: int = 0

    @classmethod
    def of(cls, day: DailyNumber) -> _Tally:
        return cls(
            float(day.lowest), float(day.highest), float(day.total), float(day.last), day.count
        )

    def add(self, number: float) -> None:
        self.lowest = min(self.lowest, number) if self.count else number
        self.highest = max(self.highest, number) if self.count else number
        self.total += number
        self.last = number
        self.count += 1


def _point(start: datetime, tally: _Tally | None) -> Point:
    if tally is None:
        return Point(start)
    return Point(
        start,
        plain(tally.lowest),
        plain(tally.highest),
        plain(tally.total / tally.count),
        plain(tally.last),
        tally.count,
    )
