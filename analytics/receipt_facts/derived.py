"""What the numbers say of one receipt, worked out from its rows and events. Pure: no database.

Decisions that were taken back leave nothing. Moments are those of the events, never before the one
before them (clocks of several machines differ). Lengths are whole seconds between moments cut to
whole seconds, so that the parts of a time add up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receipts.states import Status

Worked = Callable[[datetime, datetime], timedelta]
"""Working time between two moments."""


@dataclass(frozen=True, slots=True)
class Step:
    """A standing decision that changed the status, and why the watch waits since."""

    at: datetime
    status: str
    hold_reason: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A deadline that was set or cleared, and the first promise as it stood after that."""

    at: datetime
    deadline: datetime | None
    first: datetime | None


@dataclass(frozen=True, slots=True)
class Check:
    """A decision of quality control; ``hit``: the types of work that came back with it."""

    id: int
    at: datetime
    passed: bool
    hit: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """Rows and events of one receipt that count: nothing void, nothing taken back, in order."""

    id: int
    received_at: datetime
    void: bool = False
    steps: Sequence[Step] = ()
    promises: Sequence[Promise] = ()
    checks: Sequence[Check] = ()
    returned: Sequence[datetime] = ()
    works: Sequence[tuple[int, datetime]] = ()  # type, performed at


@dataclass(frozen=True, slots=True)
class Span:
    """A stay in one status; ``until`` None: it lasts."""

    status: str
    since: datetime
    until: datetime | None
    hold_reason: int | None = None


Key = tuple[str, int | None]  # status, reason of a hold


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds between two moments, and how many of them were working time."""

    seconds: int
    working: int

    @property
    def calendar(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    @property
    def worked(self) -> timedelta:
        return timedelta(seconds=self.working)


@dataclass(frozen=True, slots=True)
class Derived:
    """The facts of a receipt at a moment; the fields of :class:`analytics.models.ReceiptFact`."""

    id: int
    received_at: datetime
    void: bool
    last_at: datetime
    refused_at: datetime | None = None
    ready_at: datetime | None = None
    issued_at: datetime | None = None
    ready: Length | None = None
    issued: Length | None = None
    first_deadline: datetime | None = None
    deadline: datetime | None = None
    first_check_at: datetime | None = None
    first_passed: bool | None = None
    returns: int = 0
    times: Mapping[Key, Length] = field(default_factory=dict)
    types: Mapping[int, bool] = field(default_factory=dict)

    @property
    def repaired_at(self) -> datetime | None:
        """When a repaired watch was handed out."""
        return self.issued_at if self.refused_at is None else None


def derive(source: Source, worked: Worked, at: datetime | None = None) -> Derived:
    """The facts as they stand now, or stood at ``at``: nothing that happened later is looked at."""

    def known(moment: datetime) -> bool:
        return at is None or moment <= at

    stays = list(spans(source.received_at, [one for one in source.steps if known(one.at)]))
    refused_at, ready_at, issued_at = _outcome(stays)
    checks = [one for one in source.checks if known(one.at)]
    first = min(checks, key=lambda one: (one.at, one.id), default=None)
    promises = [one for one in source.promises if known(one.at)]
    returned = [moment for moment in source.returned if known(moment)]
    moments = [source.received_at, stays[-1].since, *returned]
    moments += [one.at for one in source.steps if known(one.at)]
    moments += [*(one.at for one in checks), *(one.at for one in promises)]
    measured = Measure(worked)
    issued = issued_at if refused_at is None else None
    return Derived(
        id=source.id,
        received_at=source.received_at,
        void=source.void,
        last_at=max(moments),
        refused_at=refused_at,
        ready_at=ready_at,
        issued_at=issued_at,
        ready=measured.length(source.received_at, ready_at) if ready_at else None,
        issued=measured.length(source.received_at, issued) if issued else None,
        first_deadline=promises[-1].first if promises else None,
        deadline=promises[-1].deadline if promises else None,
        first_check_at=first.at if first else None,
        first_passed=first.passed if first else None,
        returns=len(returned),
        times=measured.times(stays, ready_at) if ready_at else {},
        types=_types(source, first) if first else {},
    )


def spans(received_at: datetime, steps: Sequence[Step]) -> Iterator[Span]:
    """The stays in statuses without a gap; the last one lasts."""
    status, since, reason = Status.RECEIVED.value, received_at, None
    for step in steps:
        if step.status == status:
            continue
        until = max(step.at, since)
        yield Span(status, since, until, reason)
        status, since, reason = step.status, until, step.hold_reason
    yield Span(status, since, None, reason)


def _outcome(stays: Sequence[Span]) -> tuple[datetime | None, datetime | None, datetime | None]:
    """(refused, ready, issued) at: the last of each, as far as the watch has not left it again."""
    issued = stays[-1].since if stays[-1].status == Status.ISSUED else None
    done = stays[:-1] if issued else stays
    if not done:
        return None, None, issued
    last = done[-1]
    refused = last.since if last.status == Status.REFUSED else None
    ready = last.since if last.status == Status.READY else None
    return refused, ready, issued


def _types(source: Source, first: Check) -> dict[int, bool]:
    """The types of the works done before the first check; whether one of theirs came back."""
    done = {kind for kind, performed_at in source.works if performed_at <= first.at}
    return {kind: kind in first.hit for kind in sorted(done)}


@dataclass(frozen=True, slots=True)
class Measure:
    """Lengths in whole seconds."""

    worked: Worked

    def length(self, start: datetime, end: datetime) -> Length:
        first, last = start.replace(microsecond=0), end.replace(microsecond=0)
        return Length(
            int((last - first).total_seconds()), int(self.worked(first, last).total_seconds())
        )

    def times(self, stays: Sequence[Span], ready_at: datetime) -> dict[Key, Length]:
        """All stays before the watch was ready for good, by status and reason; no empty one."""
        found: dict[Key, Length] = {}
        for stay in stays:
            if stay.until is None or stay.until > ready_at or stay.since == stay.until:
                continue
            key, more = (stay.status, stay.hold_reason), self.length(stay.since, stay.until)
            before = found.get(key, Length(0, 0))
            found[key] = Length(before.seconds + more.seconds, before.working + more.working)
        return found
