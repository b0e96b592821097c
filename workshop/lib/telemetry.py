"""The numbers that each program tells of itself: all instruments, in one place.

Labels are words of the program (routes, verbs, screens, jobs), never what a person has sent. Each
instrument has room for ``most`` sets of labels; whatever comes after them counts as ``other``, so
that there is a bound on the series whatever happens. Durations are in seconds.

Prometheus reads them (``workshop.lib.scraping``); docs/observability.md lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.metrics import disable_created_metrics

NAMESPACE: Final = "repassage"
OTHER: Final = "other"
QUICK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# A second series for each, of no use to anybody here.
disable_created_metrics()  # type: ignore[no-untyped-call]
registry: Final = CollectorRegistry()

M = TypeVar("M", Counter, Gauge, Histogram, Summary)


@dataclass(frozen=True)
class Described:
    """What the documentation says of a metric; ``series`` at most, ``suffixes`` of its samples."""

    name: str
    kind: str
    labels: tuple[str, ...]
    about: str
    series: int
    suffixes: tuple[str, ...] = ("",)


CATALOGUE: Final[dict[str, Described]] = {}


def _describe(one: Described) -> None:
    if one.name in CATALOGUE:
        raise ValueError(f"two metrics are called {one.name}")
    CATALOGUE[one.name] = one


class _Instrument(Generic[M]):
    """Children by label values: found in a dictionary of our own, which also keeps their number."""

    made_of: ClassVar[Any]
    suffixes: ClassVar[tuple[str, ...]] = ("",)

    def __init__(
        self, name: str, about: str, labels: Sequence[str] = (), *, most: int = 1, **options: Any
    ) -> None:
        full = f"{NAMESPACE}_{name}"
        self._metric: M = self.made_of(full, about, tuple(labels), registry=registry, **options)
        self._most, self._width = most, len(labels)
        self._children: dict[tuple[str, ...], M] = {}
        series = most * len(self.suffixes) + most * len(options.get("buckets", ()))
        _describe(Described(full, self._metric._type, tuple(labels), about, series, self.suffixes))

    def _of(self, values: tuple[str, ...]) -> M:
        found = self._children.get(values)
        if found is None:
            # One place is kept for the others.
            if values and len(self._children) >= self._most - 1:
                values = (OTHER,) * self._width
            found = self._metric.labels(*values) if values else self._metric
            self._children[values] = found
        return found


class Counted(_Instrument[Counter]):
    """How often something happened."""

    made_of = Counter
    suffixes = ("_total",)

    def add(self, *values: str, amount: float = 1) -> None:
        if settings.METRICS:
            self._of(values).inc(amount)


class Timed(_Instrument[Histogram]):
    """How long something took, in classes of durations: percentiles can be reckoned."""

    made_of = Histogram
    suffixes = ("_bucket", "_count", "_sum")

    def note(self, seconds: float, *values: str) -> None:
        if settings.METRICS:
            self._of(values).observe(seconds)


class Summed(_Instrument[Summary]):
    """How often, and how long all together: two series, an average can be reckoned."""

    made_of = Summary
    suffixes = ("_count", "_sum")

    def note(self, seconds: float, *values: str) -> None:
        if settings.METRICS:
            self._of(values).observe(seconds)


class Level(_Instrument[Gauge]):
    """How much there is now; over several processes the sum of those that live."""

    made_of = Gauge

    def __init__(self, name: str, about: str, labels: Sequence[str] = (), *, most: int = 1) -> None:
        super().__init__(name, about, labels, most=most, multiprocess_mode="livesum")

    def set(self, value: float, *values: str) -> None:
        if settings.METRICS:
            self._of(values).set(value)


@dataclass(frozen=True)
class Reading:
    """A number that stands in the database and is read when somebody asks for it."""

    gauge: Read
    value: float
    labels: tuple[str, ...] = ()


class Read:
    """Describes numbers of the database; a reader (``METRICS_READERS``) gives their values."""

    def __init__(self, name: str, about: str, labels: Sequence[str] = (), *, most: int = 1) -> None:
        self.name, self.about = f"{NAMESPACE}_{name}", about
        self.labels, self.most = tuple(labels), most
        _describe(Described(self.name, "gauge", self.labels, about, most))

    def of(self, value: float, *labels: str) -> Reading:
        return Reading(self, value, labels)


# --- the site -----------------------------------------------------------------------------------

requests = Counted("http_requests", "Requests answered.", ("route", "method", "status"), most=440)
request_seconds = Timed(
    "http_request_duration_seconds",
    "Time to the answer, by part of the site (api, office, site, static, health).",
    ("area",),
    most=6,
    buckets=QUICK,
)
route_seconds = Counted(
    "http_route_seconds",
    "Time spent on the requests of a route, all together.",
    ("route",),
    most=240,
)
refusals = Counted(
    "limiter_refusals",
    "Requests and inputs refused because there were too many.",
    ("limiter",),
    most=6,
)

# --- the bot ------------------------------------------------------------------------------------

updates = Counted(
    "bot_updates",
    "Attempts at updates: done, dropped, failed, given_up, left.",
    ("kind", "outcome"),
    most=40,
)
update_seconds = Timed(
    "bot_update_seconds",
    "From an update's arrival in the inbox to the end of its step.",
    most=1,
    buckets=SLOW,
)
step_seconds = Timed(
    "bot_step_duration_seconds",
    "One step: its transaction, by kind of input.",
    ("kind",),
    most=8,
    buckets=QUICK,
)
screen_seconds = Summed(
    "bot_screen_seconds", "The same by the screen that the step led to.", ("screen",), most=110
)
calls = Counted("telegram_calls", "Calls of the Bot API.", ("method", "outcome"), most=60)
call_seconds = Timed(
    "telegram_call_duration_seconds", "The calls but for the long poll.", most=1, buckets=SLOW
)
notices = Counted("notices", "Attempts to deliver a notice by Telegram.", ("outcome",), most=8)

# --- commands, events, jobs ---------------------------------------------------------------------

commands = Counted(
    "commands",
    "Verbs by what came of them: done, already, replayed, refused, failed.",
    ("verb", "outcome"),
    most=350,
)
relayed = Counted("outbox_events", "Events passed on by the relay.", ("outcome",), most=3)
job_runs = Counted("job_runs", "Runs of periodic jobs.", ("task", "outcome"), most=120)
job_seconds = Summed("job_seconds", "How long the runs took.", ("task",), most=40)
wakes = Counted("scheduler_wakes", "Jobs that the leading scheduler has sent to the workers.")
leads = Level("scheduler_leads", "1 in the scheduler that leads.")
attempts = Counted("webhook_attempts", "Calls of receivers of webhooks.", ("outcome",), most=16)
attempt_seconds = Timed(
    "webhook_duration_seconds", "How long these calls took.", most=1, buckets=SLOW
)

# --- the database -------------------------------------------------------------------------------

statements = Summed("database_statement_seconds", "Statements of this program.")
slow_statements = Counted(
    "slow_queries",
    "Statements over SLOW_QUERY_MS, by the function that asked.",
    ("query",),
    most=50,
)
pool = Level(
    "database_pool",
    "Connections of the pool: used, idle, max; waiting = who waits for one.",
    ("state",),
    most=5,
)

# --- what stands in the database, told by the site ----------------------------------------------

QUEUE_DEPTH = Read("queue_depth", "Rows that wait; counted up to 10 000.", ("queue",), most=8)
QUEUE_AGE = Read(
    "queue_oldest_age_seconds", "How long the oldest row has been due.", ("queue",), most=8
)
HEARTBEAT_AGE = Read(
    "heartbeat_age_seconds", "Since a program's last sign of life.", ("program",), most=12
)
JOB_FAILURES = Read(
    "job_failures_in_a_row", "Failed runs since the last good one.", ("task",), most=40
)
JOB_OVERDUE = Read(
    "job_overdue_seconds",
    "How long a slot of the job has been waiting to be run.",
    ("task",),
    most=40,
)
RECEIPTS = Read("receipts", "Receipts in the workshop by status.", ("status",), most=10)
GIVEN_UP = Read(
    "messages_given_up", "Messages that nobody sends any more by themselves.", ("queue",), most=3
)
CONNECTIONS = Read(
    "database_connections", "Connections to the database by what they do.", ("state",), most=8
)
CONNECTIONS_MOST = Read("database_connections_max", "As many as the server lets in.")
DISK_FREE = Read(
    "disk_free_bytes",
    "Room on each disk that is written to; what lies on one disk stands under its first name.",
    ("disk",),
    most=5,
)
READERS_FAILED = Read("readers_failed", "Readers of these numbers that failed, or did not answer.")
BUILD = Read("build_info", "1, with the version that runs.", ("version",))
