"""Notices fall due while one part after the other is killed, flushed or restarted.

Every fault is met by people at work: watches are handed to masters and deadlines come near before,
during and after it. Then nothing may be missing: every hand-over and every due reminder has told
each of its people, once in the rows, and the simulator has the messages.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections

from botapp.models import OutgoingMessage
from history.commands import CommandKey
from history.models import Job, JobRun, Outbox
from history.verify import verify
from receipts.models import Reminder
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.registration import register_receipt
from staff.services.jobs import reschedule_job
from tests.cast import Cast
from tests.faults import leading, programs
from tests.faults.beat_jobs import Ticked
from tests.faults.programs import Postgres, Program, Redis
from tests.faults.setup import WAIT, Place, Simulator, say
from workshop.lib.actor import system_actor

FAULTS = ("worker", "beat", "bot", "flush", "redis", "postgres")
PATIENCE = 90.0  # seconds after a fault, the goal
EACH_TIME = 3  # hand-overs, and as many deadlines
NEAR = timedelta(hours=1)  # a deadline tells one hour before


@dataclass
class Falling:
    """One run: its parts, what people did, and how long each fault was felt."""

    place: Place
    simulator: Simulator
    cast: Cast
    server: Postgres | None
    redis: Redis | None
    rng: random.Random
    began: datetime
    bot: Program = field(init=False)
    worker: Program = field(init=False)
    beats: list[Program] = field(init=False)
    assigned: list[int] = field(default_factory=list)  # event ids
    timed: list[int] = field(default_factory=list)  # receipt ids
    number: int = 0
    felt: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        more = {"FAULTS_BROKER": ""}
        if self.redis is not None:
            more = {"CELERY_BROKER_URL": self.redis.url, "REDIS_URL": self.redis.url}
        self.worker = programs.worker(self.place, "worker", **more)
        self.beats = [programs.beat(self.place, f"beat-{n}", **more) for n in range(2)]
        self.bot = programs.bot(self.place, self.simulator.origin)

    # --- people ---------------------------------------------------------------------------

    def work(self) -> None:
        """Hand-overs, and deadlines whose reminder falls due in a few seconds."""
        igor = self.cast.actor("igor")
        for _number in range(EACH_TIME):
            self.number += 1
            name = f"F-{self.number}"
            receipt = self._insist(register_receipt, "new", number=name, actor=igor).object
            master = self.cast.maxim if self.number % 2 else self.cast.mark
            done = self._insist(
                assign, "assign", receipt_id=receipt.pk, master_id=master.pk, actor=igor
            )
            event = done.command.events.order_by("ordinal").first()
            self.assigned.append(event.pk)
            at = datetime.now(tz=self.began.tzinfo) + NEAR
            deadline = at + timedelta(seconds=self.rng.uniform(3, 12))
            self._insist(
                change_deadline, "time", receipt_id=receipt.pk, deadline=deadline, actor=igor
            )
            self.timed.append(receipt.pk)

    def _insist(self, service: Callable[..., Any], step: str, **values: Any) -> Any:
        """As a person does who sees an error: the same press again, under the same key."""
        key = CommandKey("faults", f"{self.number}:{step}")
        deadline = time.monotonic() + WAIT
        while True:
            try:
                close_old_connections()
                return service(command=key, **values)
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    # --- faults ---------------------------------------------------------------------------

    def strike(self, fault: str) -> None:
        """People work, the fault comes, people go on; then everything must have arrived."""
        self.work()
        time.sleep(self.rng.uniform(0.0, 0.5))
        with self._suffering(fault):
            if fault != "postgres":
                self.work()
        over = time.monotonic()
        self.work()
        last = time.monotonic()
        self.arrived()
        seconds = round(time.monotonic() - over, 1)
        self.felt.append({"fault": fault, "all_arrived_after": seconds})
        say(f"{fault}: all arrived {seconds} s after it, {time.monotonic() - last:.1f} s at most")

    @contextmanager
    def _suffering(self, fault: str) -> Iterator[None]:
        if fault == "worker":
            with _dead(self.worker):
                yield
        elif fault == "beat":
            leads = leading.leader()
            with _dead(next((one for one in self.beats if one.pid == leads), self.beats[0])):
                yield
        elif fault == "bot":
            with _dead(self.bot):
                yield
        elif fault == "flush" and self.redis is not None:
            self.redis.flush()
            yield
        elif fault == "redis" and self.redis is not None:
            self.redis.stop()
            yield
            self.redis.start()
        elif fault == "postgres" and self.server is not None:
            self.server.stop()
            time.sleep(self.rng.uniform(1.0, 3.0))
            yield
            self.server.start()

    def arrived(self) -> None:
        """Until nothing waits any more; what a supervisor restarts is restarted."""
        deadline = time.monotonic() + WAIT
        while True:
            for one in (self.worker, *self.beats, self.bot):
                one.restart_if_gone()
            try:
                close_old_connections()
                open_ends = self.open_ends()
            except DatabaseError:
                open_ends = {"database": 1}
            if not any(open_ends.values()):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"not arrived: {open_ends}")
            time.sleep(0.1)

    def open_ends(self) -> Mapping[str, int]:
        told = set(
            OutgoingMessage.objects.filter(
                event_id__in=self.assigned, template="assignment"
            ).values_list("event_id", flat=True)
        )
        reminders = Reminder.objects.filter(receipt_id__in=self.timed, kind="deadline_hour")
        late = reminders.exclude(fate=Reminder.Fate.CANCELLED)
        events = Outbox.objects.filter(done_at__isnull=True)
        return {
            # The jobs of the run tick on to its end: theirs tell nobody anything.
            "events": events.exclude(event__kind=Ticked.kind).count(),
            "hand-overs": len(set(self.assigned) - told),
            "reminders": late.exclude(fate=Reminder.Fate.FIRED).count(),
            "messages": OutgoingMessage.objects.exclude(state=OutgoingMessage.SENT).count(),
        }


@contextmanager
def _dead(program: Program) -> Iterator[None]:
    program.end()
    yield
    program.start()


def run_falling(run: Falling, *, rounds: int, faults: tuple[str, ...]) -> dict[str, Any]:
    """Every fault in turn, as often as ``rounds`` says; the counts of the goal."""
    system = system_actor("faults")
    job = Job.objects.get(name="receipts.fire_reminders")
    reschedule_job(job_id=job.pk, every=5, actor=system)  # not to wait a minute each time
    client = run.simulator.client
    for person in (run.cast.maxim, run.cast.mark, run.cast.igor, run.cast.ivan, run.cast.anna):
        client.add_person(person.telegram_id or 0, person.short_name, started=True)
    with leading.running([run.worker, *run.beats, run.bot]):
        run.work()
        run.arrived()
        for _round in range(rounds):
            for fault in faults:
                run.strike(fault)
        leading.settle()
    return count(run)


def count(run: Falling) -> dict[str, Any]:
    """What is missing, what is there twice, and how long it took."""
    missing = sum(run.open_ends().values())
    rows = OutgoingMessage.objects.filter(state=OutgoingMessage.SENT)
    delivered = {
        (entry["chat_id"], entry["message_id"])
        for entry in run.simulator.client.ledger(method="sendMessage")
        if entry["status"] == 200
    }
    # A digest is removed from the chat by the next one, and its row then names no message.
    replaced = rows.filter(message_id=None).exclude(replace_key="").count()
    unseen = [
        row.pk
        for row in rows.exclude(message_id=None).select_related("employee")
        if row.employee is not None and (row.employee.telegram_id, row.message_id) not in delivered
    ]
    nowhere = rows.filter(message_id=None, replace_key="").count()
    ticks = leading.count(run.began, runs_once=False)
    return {
        "faults": len(run.felt),
        "hand_overs": len(run.assigned),
        "reminders": len(run.timed),
        "messages": rows.count(),
        "replaced_digests": replaced,
        "lost": missing + len(unseen) + nowhere + ticks["lost"],
        "lost_slots": ticks["lost"],
        "double": ticks["double"],
        "all_arrived_seconds_longest": max(one["all_arrived_after"] for one in run.felt),
        "felt": run.felt,
        "slots": ticks["slots"],
        "runs_repeated": ticks["runs_repeated"],
        "runs_broken_off": JobRun.objects.filter(outcome=Job.LOST).count(),
        "history_findings": len(list(verify())),
        "duplicates": len(delivered) - rows.count(),
        "marked_as_possible_duplicates": rows.filter(possible_duplicate=True).count(),
    }


def sound(result: Mapping[str, Any], *, in_time: bool = True) -> bool:
    """The goal; without ``in_time`` seconds are told and not judged."""
    right = result["lost"] == result["double"] == result["history_findings"] == 0
    return right and (not in_time or result["all_arrived_seconds_longest"] <= PATIENCE)
