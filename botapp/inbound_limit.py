"""The inbound limit per person: 3 inputs a second, bursts of 10, messages and presses together.

What comes faster is slowed down, not lost. Only a flood (a full batch of one chat is waiting) is
dropped; the person is told once. With Redis all processes of the bot keep one book.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from botapp.step import Limit
from botapp.transport.buckets import Gate, Rate
from botapp.transport.shared import NOW, SharedState

PER_SECOND: Final = 3.0
BURST: Final = 10.0
KEPT_PEOPLE: Final = 5_000
DEBT: Final = 10.0  # seconds; more was booked by a clock that was set back

# KEYS: the bucket, the mark "was warned". ARGV: rate, burst, the most that can be owed.
_READ: Final = f"""
{NOW}
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
full = math.min(full, now + tonumber(ARGV[3]))
local wait = math.max(0, full - (burst - 1) / rate - now)
"""

# {seconds to wait}; counted as handled then.
DELAY: Final = f"""
{_READ}
if wait == 0 then redis.call('DEL', KEYS[2]) end
full = math.max(full, now) + 1 / rate
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1)
return {{tostring(wait)}}
"""

# {0}: may pass; {1, 1}: is dropped and to be told so; {1, 0}: is dropped.
REFUSE: Final = f"""
{_READ}
if wait == 0 then return {{'0', '0'}} end
local life = math.ceil((full - now) * 1000) + 1000
if redis.call('SET', KEYS[2], '1', 'PX', life, 'NX') then return {{'1', '1'}} end
redis.call('PEXPIRE', KEYS[2], life)
return {{'1', '0'}}
"""


@dataclass
class _Person:
    gate: Gate
    warned: bool = False


class InboundLimiter:
    """``per_second`` 0 switches it off (benchmarks). ``state``: shared between processes."""

    def __init__(
        self,
        per_second: float = PER_SECOND,
        burst: float = BURST,
        *,
        state: SharedState | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._state, self._now = Rate(per_second, burst), state, clock
        self._people: dict[int, _Person] = {}

    async def delay(self, person_id: int) -> float:
        """Seconds until this person's next input may be handled; counts it as handled then."""
        if not self._rate.per_second:
            return 0.0
        shared = await self._ask(DELAY, person_id)
        own = self._delay_here(person_id)
        return shared[0] if shared else own

    async def refuse(self, person_id: int) -> Limit | None:
        """In a flood: the verdict on an input that is dropped; None while it may pass."""
        if not self._rate.per_second:
            return None
        shared = await self._ask(REFUSE, person_id)
        if shared is None:
            return self._refuse_here(person_id)
        return Limit(exceeded=True, warn=bool(shared[1])) if shared[0] else None

    async def _ask(self, script: str, person_id: int) -> list[float] | None:
        if self._state is None:
            return None
        keys = [f"in:{person_id}", f"warned:{person_id}"]
        return await self._state.run(script, keys, self._rate.per_second, self._rate.burst, DEBT)

    def _delay_here(self, person_id: int) -> float:
        now = self._now()
        person = self._person(person_id, now)
        delay = person.gate.delay(now)
        if not delay:
            person.warned = False
        person.gate.take(now)
        return delay

    def _refuse_here(self, person_id: int) -> Limit | None:
        now = self._now()
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
            person = self._people[person_id] = _Person(Gate(self._rate))
        return person
