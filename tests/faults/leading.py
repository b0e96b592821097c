"""The leading scheduler is killed again and again; then every slot of the jobs is counted."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask

from analytics.models import Snapshot
from analytics.monitoring.reading import slot_of
from analytics.services import snapshots
from history.jobs.declaring import declared_jobs
from history.jobs.rows import columns_of, seed
from history.jobs.scheduler import LEASE
from history.jobs.schedules import Cron
from history.models import Event, Job, JobRun, Lease
from history.verify import verify
from tests.faults import beat_jobs, programs
from tests.faults.programs import Postgres, Program
from tests.faults.setup import Place, say, wait_until
from workshop.lib import clock

TAKEOVER = 20.0  # seconds, the goal
SETTLE = 60.0  # seconds, of a database that came back
STARTING = 240.0  # seconds, of programs on a machine with much else to do

SNAPSHOT = "analytics.take_snapshot"
MINUTE = timedelta(minutes=1)
EVERY_MINUTE = Cron("*")  # instead of every 15: as many slots as a takeover leaves room for
NEAR = 12.0  # seconds; so long a kill waits for a slot of the snapshots that is near


def prepare() -> None:
    """The table of the traces, the rows of the jobs and a first snapshot, before the counting.

    An installation without one takes it at once for the quarter of an hour that it lies in: no slot
    of the minutes that are counted here.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS faults_runs")
        cursor.execute(beat_jobs.TABLE)
    seed(declared_jobs())
    now = clock.now()
    for name, declared in declared_jobs().items():
        Job.objects.filter(name=name).update(done_slot=declared.when.latest(now))
    PeriodicTask.objects.filter(name=SNAPSHOT).update(**columns_of(EVERY_MINUTE, now))
    Job.objects.filter(name=SNAPSHOT).update(done_slot=EVERY_MINUTE.latest(now))
    snapshots.take(slot=slot_of(now), at=now)


@contextmanager
def running(group: Sequence[Program]) -> Iterator[None]:
    """The programs for the length of a block; at its end they end in order, the worker last.

    A worker killed in a run would leave a slot without its effect, which nobody makes good for.
    """
    for one in group:
        one.start()
    try:
        yield
    except BaseException:
        for one in group:
            one.end()
        raise
    for one in reversed(group):
        one.end(signal.SIGTERM)


def leader() -> int:
    """The process that holds the lease now; 0 when nobody does."""
    close_old_connections()
    row = Lease.objects.filter(name=LEASE, until__gte=Now()).first()
    return programs.pid_of(row.owner) if row else 0


def leading_of(group: Sequence[Program]) -> Program:
    """The one that leads, once one of them does: on a busy machine a lease may run out."""
    found: list[Program] = []

    def one_leads() -> bool:
        leads = leader()
        found[:] = [one for one in group if one.pid == leads]
        return bool(found)

    wait_until(one_leads, STARTING)
    return found[0]


def kill_leaders(
    place: Place, *, kills: int, seed: int, machines: bool, near: float = NEAR
) -> dict[str, Any]:
    """Two beats, on two machines or on one; the leading one is killed and started again.

    A kill waits for a slot of the snapshots that comes within ``near`` seconds.
    """
    rng, began = random.Random(seed), clock.now()
    names = ("east", "west") if machines else ("", "")
    beats = [
        programs.beat(place, f"beat-{number}", **({"FAULTS_MACHINE": name} if name else {}))
        for number, name in enumerate(names)
    ]
    takeovers: list[float] = []
    killed_at: list[datetime] = []
    with running([programs.worker(place, "worker"), *beats]):
        for number in range(kills):
            leading_of(beats)
            wait_until(lambda: _stands_by(beats), STARTING)
            mark = clock.now()
            wait_until(lambda: _newest_run() > mark, STARTING)  # noqa: B023  # used at once
            time.sleep(_until_slot(near) + rng.uniform(0.0, 1.5))
            victim = leading_of(beats)
            dead = victim.pid
            killed_at.append(clock.now())
            victim.end()
            killed = time.monotonic()
            wait_until(lambda: leader() not in {0, dead})  # noqa: B023  # used at once
            takeovers.append(time.monotonic() - killed)
            # Not before: on its own machine the new one would know at once that the old one died.
            victim.start()
            say(f"kill {number + 1} of {kills}: taken over after {takeovers[-1]:.1f} s")
        settle()
    return {
        "kills": kills,
        "takeover_seconds_longest": round(max(takeovers, default=0.0), 1),
        "takeover_seconds_median": round(sorted(takeovers)[len(takeovers) // 2], 1),
        **with_snapshots(count(began), began, killed_at),
    }


def _until_slot(near: float) -> float:
    """Seconds until just before the next slot of the snapshots, when it is near: worst for it."""
    now = clock.now()
    following = now.replace(second=0, microsecond=0) + MINUTE
    wait = (following - now).total_seconds() - 1.0
    return max(0.0, wait) if wait < near else 0.0


def _stands_by(beats: Sequence[Program]) -> bool:
    """One that still starts would make the other's takeover look slow."""
    leads = leader()
    return any(one.says("stands by") for one in beats if one.pid != leads)


def lead_twice(place: Place, *, seconds: float) -> dict[str, Any]:
    """Two beats that both believe to lead: the library's own, which knows no lease."""
    began = clock.now()
    beats = [programs.beat(place, f"stock-{n}", scheduler=programs.STOCK) for n in range(2)]
    workers = [programs.worker(place, f"worker-{n}") for n in range(2)]
    with running([*workers, *beats]):
        wait_until(lambda: bool(_newest_run() > began), STARTING)
        time.sleep(seconds)  # they work meanwhile, in other processes
        settle()
    return {"seconds": seconds, **count(began)}


def restart_database(place: Place, server: Postgres, *, restarts: int, seed: int) -> dict[str, Any]:
    """Beats and worker live on while their database goes away and comes back."""
    rng, began = random.Random(seed), clock.now()
    beats = [programs.beat(place, f"beat-{n}", FAULTS_MACHINE=f"m{n}") for n in range(2)]
    group = [programs.worker(place, "worker"), *beats]
    silences: list[float] = []
    ended = 0
    with running(group):
        for number in range(restarts):
            mark = clock.now()
            wait_until(lambda: _newest_run() > mark, STARTING)  # noqa: B023  # used at once
            time.sleep(rng.uniform(0.0, 1.0))
            server.stop()
            time.sleep(rng.uniform(0.0, 2.0))
            server.start()
            back, mark = time.monotonic(), clock.now()
            while not _newest_run() > mark:
                ended += sum(one.restart_if_gone() for one in group)
                time.sleep(0.05)
                if time.monotonic() - back > SETTLE * 2:
                    raise AssertionError("no job ran again")
            silences.append(time.monotonic() - back)
            say(f"restart {number + 1} of {restarts}: jobs again after {silences[-1]:.1f} s")
        settle()
    return {
        "restarts": restarts,
        "programs_that_ended": ended,
        "jobs_again_seconds_longest": round(max(silences, default=0.0), 1),
        **count(began, runs_once=False),
    }


def _newest_run() -> datetime:
    """When the newest run of the quick job began."""
    never = clock.now() - timedelta(days=1)
    try:
        close_old_connections()
        with connection.cursor() as cursor:
            cursor.execute("SELECT MAX(began) FROM faults_runs WHERE job = %s", [beat_jobs.NEWEST])
            (text,) = cursor.fetchone()
    except DatabaseError:
        return never
    return clock.from_iso(text) or never


def settle() -> None:
    """Every slot up to now has been run, and nothing is running."""
    mark = clock.now()

    def done() -> bool:
        rows = Job.objects.filter(name__in=[beat_jobs.EACH, beat_jobs.NEWEST])
        behind = timedelta(seconds=beat_jobs.EACH_SECONDS)
        rows_done = all(row.done_slot and row.done_slot >= mark - behind for row in rows)
        slot = Job.objects.get(name=SNAPSHOT).done_slot
        return rows_done and slot is not None and slot >= mark - MINUTE

    wait_until(done)


def count(began: datetime, *, runs_once: bool = True) -> dict[str, Any]:
    """Slots that were never run, and those run (or with an effect) more than once.

    ``runs_once``: nothing was broken off. A run that was is made good for where each slot counts;
    where the newest counts it may have left its trace and not its effect.
    """
    runs = _runs(began)
    per_slot = Counter((name, slot) for name, slot, _began in runs)
    traces = [slot for slot in per_slot if runs_once or slot[0] == beat_jobs.EACH]
    each = sorted(_moment(slot) for name, slot in traces if name == beat_jobs.EACH)
    step = timedelta(seconds=beat_jobs.EACH_SECONDS)
    wanted = round((each[-1] - each[0]) / step) + 1
    effects = Counter(
        (event.stream.removeprefix("faults:"), event.payload["slot"])
        for event in Event.objects.filter(kind="faults.ticked", recorded_at__gte=began)
    )
    times = sorted(_moment(at) for name, _slot, at in runs if name == beat_jobs.NEWEST)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    silence = max(gaps, default=timedelta()).total_seconds()
    repeated = sum(number - 1 for number in per_slot.values())
    return {
        "slots": len(per_slot),
        "lost": wanted - len(each) + sum(slot not in effects for slot in traces),
        "double": sum(number - 1 for number in effects.values()) + (repeated if runs_once else 0),
        "runs_repeated": repeated,
        "longest_silence_seconds": round(silence, 1),
        "runs_broken_off": JobRun.objects.filter(outcome=Job.LOST, started_at__gte=began).count(),
        "runs_failed": JobRun.objects.filter(outcome=Job.FAILED, started_at__gte=began).count(),
        "history_findings": len(list(verify())),
    }


def with_snapshots(
    result: dict[str, Any], began: datetime, killed_at: Sequence[datetime]
) -> dict[str, Any]:
    """The same, and the snapshots of the numbers: one for each minute from the first to the last.

    ``threatened``: minutes around whose beginning a leader was killed, or nobody led.
    """
    rows = Snapshot.objects.filter(taken_at__gte=began, slot__isnull=False)
    found = [(row.slot, row.taken_at) for row in rows if row.slot is not None]
    taken = {slot for slot, _at in found}
    wanted: set[datetime] = set()
    if taken:
        whole = round((max(taken) - min(taken)) / MINUTE)
        wanted = {min(taken) + MINUTE * n for n in range(whole + 1)}
    return result | {
        "lost": result["lost"] + len(wanted - taken),
        "double": result["double"] + len(found) - len(taken & wanted),
        "snapshots": len(found),
        "snapshot_slots": len(wanted),
        "snapshot_slots_threatened": sum(
            any(-2.0 <= (slot - at).total_seconds() <= TAKEOVER for at in killed_at)
            for slot in wanted
        ),
        "snapshot_late_seconds_longest": round(
            max(((at - slot).total_seconds() for slot, at in found), default=0.0), 1
        ),
    }


def _runs(began: datetime) -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT job, slot, began FROM faults_runs WHERE began >= %s", [clock.iso(began)]
        )
        return list(cursor.fetchall())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def sound(result: dict[str, Any], *, in_time: bool = True) -> bool:
    """The goal of every part; without ``in_time`` seconds are told and not judged."""
    quick = result.get("takeover_seconds_longest", 0.0) <= TAKEOVER and (
        "restarts" in result or result["longest_silence_seconds"] <= TAKEOVER
    )
    right = result["lost"] == result["double"] == result["history_findings"] == 0
    return right and (quick or not in_time)
