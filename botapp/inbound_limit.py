"""The inbound limit per person: 3 inputs a second, bursts of 10, messages and presses together.

What comes faster is slowed down, not lost. Only a flood (a full batch of one chat is waiting) is
dropped; the person is told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from botapp.step import Limit
from botapp.transport.limiter import Gate

PER_SECOND: Final = 3.0
BURST: Final = 10.0
KEPT_PEOPLE: Final = 5_000


@dataclass
class _Person:
    gate: Gate
    warned: bool = False


class InboundLimiter:
    """In the memory of one process. ``per_second`` 0 switches it off (benchmarks)."""

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._per_second, self._burst = per_second, burst
        self._people: dict[int, _Person] = {}

    def delay(self, person_id: int, now: float) -> float:
        """Seconds until this person's next input may be handled; counts it as handled then."""
        if not self._per_second:
            return 0.0
        person = self._person(person_id, now)
        delay = person.gate.delay(now)
        if not delay:
            person.warned = False
        person.gate.take(now)
        return delay

    def refuse(self, person_id: int, now: float) -> Limit | None:
        """In a flood: the verdict on an input that is dropped; None while it may pass."""
        if not self._per_second:
            return None
        person = self._person(person_id, now)
        if not person.gate.delay(now):
            return None
        warn, person.warned = not person.warned, True
        return Limit(exceeded=True, warn=warn)

    def _person(self, person_id: int, now: float) -> _Person:
        person = self._people.get(person_id)
        if person is None:
            if len(self._people) >= KEPT_PEOPLE:
                self._people = {
                    known: one for known, one in self._people.items() if one.gate.full_at > now
                }
            person = self._people[person_id] = _Person(Gate(self._per_second, self._burst))
        return person
