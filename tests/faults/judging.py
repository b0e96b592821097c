"""What was told, against what should have been: missing, extra, twice, late."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.faults.reminder_oracle import Opening
from tests.faults.virtual import Arrival

LINE = re.compile(r"^(?:🔥 )?№(\S+) · ")
BEFORE = "Сообщалось раньше"
MORE = "и ещё "
REPEAT = "Возможно, повтор"
SHOWN = 20  # findings of each kind in the result

Instance = tuple[int, str, int]
Telling = tuple[datetime, bool]  # when, and whether it says that it may be a repeat


@dataclass
class Person:
    """Who may be told: from when to when he is on the staff, and as what."""

    chat: int
    joined: datetime
    left: datetime
    manager: bool = False

    def concerned(self, opening: Opening) -> bool:
        return opening.number >= 2 if self.manager else opening.number <= 3

    def here(self, start: datetime, end: datetime) -> bool:
        return self.joined <= start and end <= self.left


@dataclass
class Verdict:
    """Counts over all people and notices; ``late`` in seconds."""

    goal: float = 0.0  # the share that must come exactly once
    expected: int = 0
    once: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    optional: int = 0
    messages: int = 0
    unread: int = 0
    late: list[float] = field(default_factory=list)
    late_after_fault: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    unmarked: list[str] = field(default_factory=list)  # twice, and the second does not say so

    def add(self, other: Verdict) -> None:
        for name, value in vars(other).items():
            if name != "goal":
                setattr(self, name, getattr(self, name) + value)

    @property
    def share(self) -> float:
        return self.once / self.expected if self.expected else 0.0

    @property
    def met(self) -> bool:
        return (
            not self.missing
            and not self.extra
            and not self.unread
            and not self.unmarked
            and self.share >= self.goal
            and _percentile(self.late, 99) <= 60
            and _percentile(self.late_after_fault, 99) <= 90
        )

    def short(self) -> str:
        return (
            f"{self.once} of {self.expected} once, {len(self.missing)} missing, "
            f"{len(self.extra)} extra, {len(self.twice)} twice"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "lost": len(self.missing),
            "double": len(self.twice),
            "duplicates": len(self.twice),
            "expected": self.expected,
            "exactly_once": self.once,
            "share": round(self.share, 6),
            "told_though_not_required": self.optional,
            "messages": self.messages,
            "unread": self.unread,
            "table": {
                "missing": {"count": len(self.missing), "first": self.missing[:SHOWN]},
                "extra": {"count": len(self.extra), "first": self.extra[:SHOWN]},
                "twice_unmarked": {"count": len(self.unmarked), "first": self.unmarked[:SHOWN]},
                "twice": {"count": len(self.twice), "first": self.twice[:SHOWN]},
                "late": _late(self.late),
                "late_after_a_fault": _late(self.late_after_fault),
            },
            "kinds": dict(sorted(self.faults.items())),
            "hit_in_the_midst": dict(sorted(self.hits.items())),
        }


def _late(values: list[float]) -> dict[str, Any]:
    return {
        "count": len(values),
        "p50": round(_percentile(values, 50), 1),
        "p99": round(_percentile(values, 99), 1),
        "most": round(max(values, default=0.0), 1),
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def items(arrival: Arrival) -> Iterator[str]:
    """Numbers of the receipts that a digest tells of now; what was told before does not count."""
    for line in arrival.text.splitlines():
        if line.startswith(BEFORE):
            return
        found = LINE.match(line)
        if found:
            yield found[1]


def judge(
    person: Person,
    arrivals: Sequence[Arrival],
    openings: dict[str, list[Opening]],
    disturbed_until: Any,
) -> Verdict:
    """One person's messages against all notices that concern him."""
    verdict = Verdict(messages=len(arrivals))
    told: dict[str, list[Telling]] = defaultdict(list)
    for arrival in arrivals:
        verdict.unread += any(line.startswith(MORE) for line in arrival.text.splitlines())
        for number in items(arrival):
            told[number].append((arrival.at, REPEAT in arrival.text))
            if not person.here(arrival.at, arrival.at):
                verdict.extra.append(f"{person.chat} №{number} {arrival.at}: not on the staff")
    for number in openings.keys() | told.keys():
        mine = [one for one in openings.get(number, []) if person.concerned(one)]
        _judge_one(verdict, person, number, mine, sorted(told.get(number, [])), disturbed_until)
    return verdict


def _judge_one(
    verdict: Verdict,
    person: Person,
    number: str,
    mine: Sequence[Opening],
    told: Sequence[Telling],
    disturbed_until: Any,
) -> None:
    counts: Counter[Instance] = Counter()
    first: dict[Instance, tuple[Opening, datetime]] = {}
    for at, marked in told:
        ready = [one for one in reversed(mine) if one.at <= at]
        free = next((one for one in ready if not counts[_key(one)]), None)
        if free is not None and at - free.at > timedelta(hours=26):
            free = None
        if free is None and not ready:
            verdict.extra.append(f"{person.chat} №{number} {at}")
            continue
        chosen = free or ready[0]
        counts[_key(chosen)] += 1
        if counts[_key(chosen)] > 1 and not marked:
            verdict.unmarked.append(f"{person.chat} №{number} {_key(chosen)} {at}")
        first.setdefault(_key(chosen), (chosen, at))
    must = {_key(one) for one in mine if one.must and person.here(one.at, one.settled)}
    for key in {_key(one) for one in mine}:
        where = f"{person.chat} №{number} {key}"
        if key not in must:
            verdict.optional += counts[key] > 0
        else:
            verdict.expected += 1
            verdict.once += counts[key] == 1
            if not counts[key]:
                opened = [str(one.at) for one in mine if _key(one) == key]
                verdict.missing.append(f"{where} {opened}")
        if counts[key] > 1:
            verdict.twice.append(where)
        if key in must and counts[key]:
            opening, at = first[key]
            end = disturbed_until(opening.at)
            if end is None:
                verdict.late.append((at - opening.at).total_seconds())
            else:
                verdict.late_after_fault.append(max(0.0, (at - end).total_seconds()))


def _key(opening: Opening) -> Instance:
    return opening.version, opening.kind, opening.number
