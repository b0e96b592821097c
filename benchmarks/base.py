"""The frame every benchmark stands in: alternation, spread, pinning, equality, one JSON object.

    def main() -> None:
        run = Run("P2", __doc__, parts=("plain", "latency"))
        with run.place() as place:                       # a throw-away database, Django set up
            run.compare("plain", floor, ours, at_least=0.35, unit="updates/s", n=4000)
            run.figure("latency", ours, at_least=300, unit="updates/s")
        run.finish()

`floor` and `ours` are called in turn, once a round, and answer with a :class:`Sample`. With
`--small` a twentieth is done once, speed is not judged, equality is: that runs for every change.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from benchmarks.machine import database_versions, durable_postgres, library_versions, machine
from tests.faults.setup import Place, say, throwaway

ROUNDS = 5
SMALL = 20  # the divisor of --small
TIME = 7.5 * 60  # seconds; no round is begun after them


@dataclass(frozen=True)
class Sample:
    """One figure of one round. Answers of floor and ours must be equal, when both give some;
    False says that they are wrong whatever the other side answers.
    """

    value: float
    answers: Any = None
    cpu: float = 0.0  # seconds of the process under test, for each of what was done


Measure = Callable[[], Sample]


@dataclass
class Part:
    """What was measured of one thing, round by round, and what it should be."""

    name: str
    unit: str
    goal: float
    at_least: bool
    n: int = 0
    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    equal: bool = True
    cpu: dict[str, list[float]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def take(self, side: str, sample: Sample) -> Any:
        """Keep the figures of one side's round; its answers."""
        (self.floor if side == "floor" else self.ours).append(sample.value)
        if sample.cpu:
            self.cpu.setdefault(side, []).append(sample.cpu)
        return sample.answers

    @property
    def ratios(self) -> list[float]:
        """Of each round by itself: what the machine did besides hits both alike."""
        return [ours / floor for floor, ours in zip(self.floor, self.ours, strict=False)]

    @property
    def judged(self) -> float:
        """What the goal is about: the ratio, or the figure itself where there is no floor."""
        return statistics.median(self.ratios or self.ours)

    @property
    def margin(self) -> float:
        """1 and more: the goal is met. Makes parts with different goals comparable."""
        if self.at_least:
            return self.judged / self.goal
        return self.goal / self.judged if self.judged else float("inf")

    def as_json(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "unit": self.unit,
            "n": self.n,
            "rounds": len(self.ours),
            "ours": _median(self.ours),
            "ours_spread": _spread(self.ours),
        }
        if self.floor:
            result |= {
                "floor": _median(self.floor),
                "floor_spread": _spread(self.floor),
                "ratio": _median(self.ratios),
                "spread": _spread(self.ratios),
            }
        for name, values in self.cpu.items():
            result[f"{name}_cpu_ms"] = _median([1000 * value for value in values])
        goal = {"at_least" if self.at_least else "at_most": self.goal}
        return result | {"goal": goal, "equal": self.equal, "met": self.margin >= 1} | self.details


def _median(values: Sequence[float]) -> float | None:
    return _short(statistics.median(values)) if values else None


def _spread(values: Sequence[float]) -> list[float]:
    return [_short(min(values)), _short(max(values))] if values else []


def _short(value: float) -> float:
    return float(f"{value:.4g}")


class Run:
    """One run of one goal: the arguments, its parts, its result."""

    def __init__(self, goal: str, about: str | None = None, *, parts: Sequence[str] = ()) -> None:
        self.goal = goal
        self._known = tuple(parts)
        self.arguments = self._parse(about)
        self.small: bool = self.arguments.small
        self.rounds: int = 1 if self.small else self.arguments.rounds
        self.parts: dict[str, Part] = {}
        self.versions: dict[str, str] = {}
        self.notes: dict[str, Any] = {}
        self._began = time.monotonic()
        self._left: list[str] = []

    def _parse(self, about: str | None) -> argparse.Namespace:
        parser = argparse.ArgumentParser(
            prog=f"python -m benchmarks.{self.goal.lower()}",
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("--rounds", type=int, default=ROUNDS)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--small", action="store_true", help="a twentieth, only the answers")
        parser.add_argument("--parts", default=",".join(self._known), help="default: all")
        arguments = parser.parse_args()
        arguments.parts = [name for name in arguments.parts.split(",") if name]
        if unknown := set(arguments.parts) - set(self._known):
            parser.error(f"unknown parts: {', '.join(sorted(unknown))}; known: {self._known}")
        return arguments

    @property
    def seed(self) -> int:
        return int(self.arguments.seed)

    def wants(self, part: str) -> bool:
        """Whether this part was asked for and there is time to begin it; else it is left over."""
        if part not in self.arguments.parts:
            return False
        if self.parts and time.monotonic() - self._began > TIME:
            self._left.append(part)
            return False
        return True

    def size(self, full: int) -> int:
        """The amount of work: a twentieth with --small."""
        return max(1, full // SMALL) if self.small else full

    @contextlib.contextmanager
    def place(self, *, cpus: frozenset[int] | None = None) -> Iterator[Place]:
        """A fresh migrated database, Django set up on it. PostgreSQL on ``cpus``, as in production:
        nothing that makes commits durable is switched off.
        """
        with durable_postgres(cpus), throwaway() as place:
            self.versions |= database_versions(place.vendor)
            yield place

    def compare(
        self,
        name: str,
        floor: Measure,
        ours: Measure,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        unit: str = "",
        n: int = 0,
    ) -> Part:
        """Floor and ours in turn, each first in every other round; the goal is their ratio's."""
        part = self._part(name, at_least, at_most, unit, n)
        for number in range(self.rounds):
            if self._out_of_time(part):
                break
            order = [("floor", floor), ("ours", ours)]
            answers = []
            for side, measure in order if number % 2 == 0 else order[::-1]:
                answers.append(part.take(side, measure()))
            differ = None not in answers and answers[0] != answers[1]
            if differ or any(one is False for one in answers):
                part.equal = False
            say(
                f"{name} {number + 1}/{self.rounds}: floor {part.floor[-1]:.4g}, "
                f"ours {part.ours[-1]:.4g} {unit}, ratio {part.ratios[-1]:.3f}"
            )
        return part

    def figure(
        self,
        name: str,
        ours: Measure,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        unit: str = "",
        n: int = 0,
    ) -> Part:
        """A figure that stands by itself, without a floor."""
        part = self._part(name, at_least, at_most, unit, n)
        for number in range(self.rounds):
            if self._out_of_time(part):
                break
            part.equal = part.take("ours", ours()) is not False and part.equal
            say(f"{name} {number + 1}/{self.rounds}: {part.ours[-1]:.4g} {unit}")
        return part

    def _part(
        self, name: str, at_least: float | None, at_most: float | None, unit: str, n: int
    ) -> Part:
        goal = at_least if at_least is not None else at_most
        if goal is None:
            raise ValueError(f"{name} has no goal")
        part = Part(name, unit, goal, at_least is not None, n)
        self.parts[name] = part
        return part

    def _out_of_time(self, part: Part) -> bool:
        """At least one round is always done; fewer than asked for are told by `rounds`."""
        return bool(part.ours) and time.monotonic() - self._began > TIME

    def result(self) -> dict[str, Any]:
        """The JSON object. ``floor``, ``ours``, ``ratio`` and ``spread`` are those of the part
        that is nearest to missing its goal, or misses it most.
        """
        told = {name: part.as_json() for name, part in self.parts.items()}
        compared = [part for part in self.parts.values() if part.floor] or [*self.parts.values()]
        worst = min(compared, key=lambda part: part.margin)
        head = told[worst.name]
        result = {
            "goal": self.goal,
            "met": self._met(),
            "judged": "answers" if self.small else "answers and speed",
            "worst": worst.name,
            **{name: head.get(name) for name in ("floor", "ours", "ratio", "spread", "unit")},
            "parts": told,
            "n": sum(part.n for part in self.parts.values()),
            "seed": self.seed,
            "seconds": round(time.monotonic() - self._began),
            "cores": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
            "machine": machine(),
            "versions": {
                "python": platform.python_version(),
                **library_versions(),
                **self.versions,
            },
            **self.notes,
        }
        if self._left:
            result["resume"] = f"--seed {self.seed} --parts {','.join(self._left)}"
        return result

    def _met(self) -> bool:
        parts = self.parts.values()
        fast = self.small or all(part.margin >= 1 for part in parts)
        return bool(parts) and fast and all(part.equal for part in parts) and not self._left

    def finish(self) -> NoReturn:
        """The one JSON object on stdout; exit code 0 when the goal is met."""
        result = self.result()
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        sys.exit(0 if result["met"] else 1)
