"""A workshop in virtual time: a clock that is moved, a messenger that fails, processes that die.

The services, the relay and the delivery are the product's own, on a real database. A kill is an
exception that nothing catches, at a seeded place: what was not committed is rolled back, and
nothing of that process goes on until it is started again.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.db import OperationalError, connection

from botapp import delivery, notices
from botapp.dialogs.markup import plain
from botapp.models import OutgoingMessage
from botapp.testing import run_now
from botapp.transport.port import Message, RetryLater, TransportError
from history import relay
from history.jobs import Turn
from history.models import Lease, Outbox
from receipts.models import Reminder
from receipts.services.reminders import firing
from receipts.tasks import fire_reminders
from workshop.lib import clock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
OPEN_END = datetime(9999, 1, 1, tzinfo=UTC)
JITTER = 15  # seconds after the full minute within which the beat's job begins


class Killed(BaseException):
    """kill -9: no handler of the product may catch it."""


@dataclass(frozen=True)
class Arrival:
    """A message that stood in somebody's chat: when it came (true time), what it says."""

    at: datetime
    chat: int
    text: str


@dataclass
class Messenger:
    """Keeps what arrived. Chats may be closed for a while, calls cut before or after arriving."""

    now: Callable[[], datetime]
    ledger: list[Arrival] = field(default_factory=list)
    closed: dict[int, datetime] = field(default_factory=dict)
    broken: str = ""  # calls are cut "before" or "after" they arrive, until then:
    broken_until: datetime = LONG_AGO
    cut_calls: Counter[str] = field(default_factory=Counter)
    away_until: datetime = LONG_AGO
    last_id: int = 0

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        until = self.closed.get(chat_id)
        if until is not None and self.now() < until:
            raise RetryLater((until - self.now()).total_seconds())
        if self.now() < self.away_until:
            raise TransportError("the messenger does not answer")
        cut = self.broken if self.now() < self.broken_until else ""
        self.cut_calls[cut] += 1
        if cut and self.broken_until == OPEN_END:
            self.broken_until = LONG_AGO
        if cut == "before":
            raise TransportError("cut before the call had left")
        self.ledger.append(Arrival(self.now(), chat_id, plain(message.html)))
        self.last_id += 1
        if cut == "after":
            error = TransportError("cut before the answer came")
            error.uncertain = True
            raise error
        return self.last_id

    def cut(self, how: str, until: datetime) -> None:
        """Break all calls of the next seconds, or (until OPEN_END) the next one alone."""
        self.broken, self.broken_until = how, until

    async def delete(self, chat_id: int, message_id: int) -> None:
        return None


@dataclass
class Process:
    """Alive, or down until somebody starts it again."""

    down_until: datetime = LONG_AGO

    def is_up(self, at: datetime) -> bool:
        return at >= self.down_until


class Machine:
    """Worker, bot and database of one workshop, and the true time."""

    def __init__(self, begin: datetime, rng: random.Random) -> None:
        self.true = begin
        self.skews: list[tuple[datetime, datetime, timedelta]] = []
        self.rng = rng
        self.worker, self.bot, self.database = Process(), Process(), Process()
        self.messenger = Messenger(lambda: self.true)
        # Where a process dies when it gets there, and until when: afterwards it died idle.
        self.kill_at, self.kill_until = "", LONG_AGO
        self.hits: Counter[str] = Counter()
        self.lapse_at: list[datetime] = []
        self.waits: dict[str, datetime] = {}  # recipients whose chat asked to wait
        self.deaths: list[tuple[datetime, datetime]] = []  # from when to when something was down

    # --- the clock ------------------------------------------------------------------------------

    def shows(self, true: datetime) -> datetime:
        """What the machine's clock shows at a true moment."""
        for start, end, skew in self.skews:
            if start <= true < end:
                return true + skew
        return true

    def now(self) -> datetime:
        """What the product reads from its clock."""
        return self.shows(self.true)

    def first_showing(self, wanted: datetime, since: datetime) -> datetime:
        """The first true moment from ``since`` on at which the clock shows ``wanted`` or later."""
        candidates = [since, wanted]
        for start, end, skew in self.skews:
            candidates += [start, end, wanted - skew]
        fits = [at for at in candidates if at >= since and self.shows(at) >= wanted]
        return min(fits)

    def to_true(self, shown: datetime) -> datetime:
        """When the present clock will show this, if it is left alone."""
        return shown - (self.shows(self.true) - self.true)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The product asks this clock, and meets the faults at their places."""
        genuine_plan, genuine_expand = firing._plan_next, notices.expand

        def plan_next(*args: Any, **kwargs: Any) -> None:
            genuine_plan(*args, **kwargs)
            self._reach("fire")  # everything is written, nothing committed

        def expand(event: Any) -> None:
            genuine_expand(event)
            self._reach("expand")

        with (
            mock.patch.object(clock, "now", self.now),
            mock.patch.object(firing, "_plan_next", plan_next),
            mock.patch.dict("history.registry._consumers", {notices.CONSUMER: expand}),
        ):
            yield

    def _reach(self, place: str) -> None:
        if self._strikes(place):
            raise Killed
        if self._strikes(f"lost:{place}"):
            raise OperationalError("the connection was lost")

    def _strikes(self, place: str) -> bool:
        if self.kill_at != place or self.true > self.kill_until:
            return False
        self.kill_at = ""
        self.hits[place] += 1
        return True

    def strike(self, place: str, until: datetime) -> None:
        """From now on the process dies at this place; when it does not get there, it dies idle."""
        self._idle_death()
        self.kill_at, self.kill_until = place, until

    def _idle_death(self) -> None:
        if self.kill_at and self.true > self.kill_until:
            self.kill_at = ""
            for process in (self.worker, self.bot):
                self._down(process, 20 * SECOND)

    def _down(self, process: Process, length: timedelta) -> None:
        process.down_until = max(process.down_until, self.true + length)
        self.deaths.append((self.true, self.true + length))

    # --- one step -------------------------------------------------------------------------------

    def beat(self) -> None:
        """The job of a full minute, as a worker runs it."""
        if not (self.worker.is_up(self.true) and self.database.is_up(self.true)):
            return
        now = self.shows(self.true)
        try:
            fire_reminders(Turn("receipts.fire_reminders", now.replace(second=0), now))
        except Killed:
            self._down(self.worker, 20 * SECOND)
        except OperationalError:
            self._down(self.database, 3 * MINUTE)
        if self._strikes("fired"):
            self._down(self.bot, 45 * SECOND)

    def deliver(self) -> None:
        """Relay and send what is due, until nothing is or the process dies."""
        if not (self.bot.is_up(self.true) and self.database.is_up(self.true)):
            return
        if any(at <= self.true for at in self.lapse_at):
            self.lapse_at = [at for at in self.lapse_at if at > self.true]
            OutgoingMessage.objects.filter(state="claimed").update(lease_until=LONG_AGO)
        now = self.now()
        waiting = Outbox.objects.filter(done_at__isnull=True, next_attempt_at__lte=now)
        try:
            if waiting.exists():
                relay.relay_outbox()
            self._send_all()
        except Killed:
            # As after a real kill: leases are not given back, they run out.
            Lease.objects.update(until=LONG_AGO)
            self._down(self.bot, 5 * SECOND)
            self.lapse_at.append(self.true + delivery.LEASE + SECOND)
        except OperationalError:
            self._down(self.database, 2 * MINUTE)
            self.lapse_at.append(self.true + 2 * MINUTE)

    def _send_all(self) -> None:
        while True:
            self.waits = {who: at for who, at in self.waits.items() if at > self.true}
            due = [one.recipient for one in delivery.due(skip=list(self.waits))]
            ready = delivery.claim(delivery.new_token(), recipients=due) if due else []
            if not ready:
                return
            for one in ready:
                self._reach("claimed")
                result = run_now(delivery.send(self.messenger, one))  # type: ignore[arg-type]
                self._reach("sent")
                delivery.record([result])
                if result.retry is not None:
                    self.waits[one.row.recipient] = self.true + result.retry

    # --- time passes ----------------------------------------------------------------------------

    def next_moment(self, limit: datetime) -> datetime:
        """When something may happen next: a due notice, a message to be tried again, a start."""
        found = [limit]
        due = Reminder.objects.filter(fate="planned").order_by("due_at").values_list("due_at")
        if first := due.first():
            at = max(self.to_true(first[0]), self.true + SECOND)
            found.append(self._beat_after(at))
        unsent = OutgoingMessage.objects.filter(state__in=["waiting", "failed"]).order_by("due_at")
        if row := unsent.values_list("due_at").first():
            found.append(max(self.to_true(row[0]), self.true + SECOND))
        if self.kill_at and self.kill_until < OPEN_END:
            found.append(max(self.kill_until, self.true) + SECOND)
        waiting = Outbox.objects.filter(done_at__isnull=True).order_by("next_attempt_at")
        if row := waiting.values_list("next_attempt_at").first():
            found.append(max(self.to_true(row[0]), self.true + SECOND))
        ups = [one.down_until for one in (self.worker, self.bot, self.database)]
        edges = [edge for start, end, _skew in self.skews for edge in (start, end)]
        found += [
            at for at in (*ups, *edges, *self.lapse_at, *self.waits.values()) if at > self.true
        ]
        return min(found)

    def _beat_after(self, at: datetime) -> datetime:
        """The next full minute, and how long its job takes to begin."""
        minute = at.replace(second=0, microsecond=0)
        begin = minute + timedelta(seconds=random.Random(minute.timestamp()).randrange(JITTER))
        if begin < at:
            minute += MINUTE
            begin = minute + timedelta(seconds=random.Random(minute.timestamp()).randrange(JITTER))
        return begin

    def run_until(self, limit: datetime) -> None:
        """Let the machine work up to a true moment."""
        while self.true < limit:
            moment = self.next_moment(limit)
            self.true = moment
            self._idle_death()
            if moment == self._beat_after(moment):
                self.beat()
            self.deliver()

    def flush_cache(self) -> None:
        cache.clear()

    def cut_connection(self) -> None:
        """The database closes our connection; the next query opens another."""
        connection.close()
