"""A seeded quarter of a workshop: watches with deadlines, people who come and go, and faults."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")
BEGIN = datetime(2026, 10, 1, 5, tzinfo=UTC)
DAYS = 91
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

USUAL = [time(18), time(18), time(18), time(18), time(12), time(12), time(15), time(10), time(9)]
USUAL += [time(11), time(0), time(23, 59)]

# Places where a process dies, or the connection is lost, the next time they are reached.
PLACES = ("fire", "fired", "expand", "claimed", "sent", "lost:fire", "lost:expand", "lost:sent")
OTHERS = (
    "worker", "bot", "database", "away", "closed", "cut before", "cut after",
    "clock +2 h", "clock -2 h", "cache", "connection", "join", "leave", "edits",
)  # fmt: skip
FAULTS = PLACES + OTHERS


@dataclass(frozen=True, order=True)
class Step:
    """Something that happens at a true moment."""

    at: datetime
    order: int
    what: str = field(compare=False)
    subject: int = field(compare=False, default=0)
    value: Any = field(compare=False, default=None)


def watches(rng: random.Random, count: int, days: int) -> list[Step]:
    """Per watch: taken in, deadlines, passes and returns; finished days after its deadline."""
    steps: list[Step] = []
    for number in range(count):
        at = BEGIN + rng.random() * (days - 1) * DAY
        deadline = _deadline(rng, at + 3 * HOUR)
        steps += [
            Step(at, 0, "take in", number),
            Step(at + MINUTE, 1, "deadline", number, deadline),
        ]
        fate = rng.random()
        now = at + 2 * MINUTE
        while fate < 0.15:  # moved, perhaps again
            now += rng.random() * (deadline - now) * 0.9
            deadline = _deadline(rng, now + 3 * HOUR)
            steps.append(Step(now, 2, "deadline", number, deadline))
            fate = rng.random()
        if fate < 0.55:
            end = now + rng.random() * (deadline - now)
        elif fate < 0.65:  # around a notice, to the second
            edge = rng.choice([deadline - HOUR, deadline, deadline + 5 * MINUTE])
            end = max(now, edge + rng.uniform(-90, 90) * timedelta(seconds=1))
        else:
            end = deadline + rng.random() ** 2 * 5 * DAY
        steps.append(Step(end, 3, "pass", number))
        if rng.random() < 0.15:
            again = end + rng.random() * 30 * HOUR
            steps += [
                Step(again, 4, "return", number),
                Step(again + rng.random() * 2 * DAY, 5, "pass", number),
            ]
    return steps


def _deadline(rng: random.Random, after: datetime) -> datetime:
    day = after.astimezone(MOSCOW).date() + timedelta(days=rng.randrange(1, 11))
    wall = rng.choice(USUAL) if rng.random() < 0.9 else time(rng.randrange(24), rng.randrange(60))
    return datetime.combine(day, wall, tzinfo=MOSCOW).astimezone(UTC)


def faults(rng: random.Random, count: int, days: int) -> list[Step]:
    """Each kind about equally often, most of them when notices are due."""
    steps = []
    for number in range(count):
        day = BEGIN.astimezone(MOSCOW).date() + timedelta(days=rng.randrange(1, days))
        wall = rng.choice([time(9, 59), time(10), time(11), time(16, 59), time(17), time(18, 5)])
        if rng.random() < 0.3:
            wall = time(rng.randrange(24), rng.randrange(60))
        at = datetime.combine(day, wall, tzinfo=MOSCOW).astimezone(UTC)
        at += timedelta(seconds=rng.uniform(-20, 60))
        what = FAULTS[number % len(FAULTS)]
        steps.append(Step(at, 9, f"fault:{what}", number, rng.random()))
    return steps
