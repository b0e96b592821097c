"""The buckets of several bot processes: kept in Redis, each step one script."""

from __future__ import annotations

import time
from typing import Final

from botapp.transport.buckets import OVERALL, Call, MemoryBuckets, rate_of
from botapp.transport.port import RetryLater
from botapp.transport.shared import NOW, SharedState

SLACK: Final = 35.0  # seconds; what is booked further ahead came from a clock that was set back

# A bucket is the time at which it would be full again, as in memory.
_READ: Final = """
local rate, burst, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
full = math.min(full, now + burst / rate + tonumber(ARGV[4]))
"""
_WRITE: Final = """
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1)
"""

# {1, seconds to wait} or {0, seconds after which to come again}
RESERVE: Final = f"""
{NOW}
local closed = redis.call('PTTL', KEYS[2])
if closed > 0 then return {{'0', tostring(closed / 1000)}} end
{_READ}
local wait = math.max(0, full - (burst - 1 - kept) / rate - now)
if wait > tonumber(ARGV[5]) then return {{'0', tostring(wait)}} end
full = math.max(full, now) + 1 / rate
{_WRITE}
return {{'1', tostring(wait)}}
"""

# {how many, seconds until the next}
TAKE: Final = f"""
{NOW}
{_READ}
local used = math.max(0, full - now) * rate
local count = math.floor(burst - used - kept + 0.000000001)
count = math.max(0, math.min(tonumber(ARGV[5]), count))
if count > 0 then
  full = math.max(full, now) + count / rate
  {_WRITE}
end
return {{tostring(count), tostring(math.max(0, full - (burst - 1 - kept) / rate - now))}}
"""

# The longer of two closings holds.
CLOSE: Final = """
local wanted = math.ceil(tonumber(ARGV[1]) * 1000)
if redis.call('PTTL', KEYS[1]) < wanted then redis.call('SET', KEYS[1], '1', 'PX', wanted) end
return {}
"""

CLOSED: Final = "return {tostring(math.max(0, redis.call('PTTL', KEYS[1])) / 1000)}"


class SharedBuckets:
    """Redis decides for all processes, the own memory besides for this one.

    So a Redis that was emptied, or is away, never lets one process go beyond the rates.
    """

    def __init__(self, state: SharedState, own: MemoryBuckets | None = None) -> None:
        self._state, self._own = state, own or MemoryBuckets(time.monotonic)

    async def reserve(self, chat_id: int, call: Call) -> float:
        rate = rate_of(chat_id)
        answer = await self._state.run(
            RESERVE,
            [f"chat:{chat_id}", f"closed:{chat_id}"],
            rate.per_second,
            rate.burst,
            rate.kept_for(call),
            SLACK,
            call.patience,
        )
        if answer is not None and not answer[0]:
            raise RetryLater(answer[1])
        own = self._own.reserve_now(chat_id, call)
        return max(own, answer[1]) if answer else own

    async def take(self, call: Call, wanted: int) -> tuple[int, float]:
        kept = OVERALL.kept_for(call)
        allowed, wait = self._own.look(call, wanted)
        if not allowed:
            return 0, wait
        answer = await self._state.run(
            TAKE, ["overall"], OVERALL.per_second, OVERALL.burst, kept, SLACK, allowed
        )
        if answer is None:
            return self._own.take_now(call, wanted)
        self._own.note(int(answer[0]))
        return int(answer[0]), answer[1]

    async def close(self, chat_id: int, seconds: float) -> None:
        await self._own.close(chat_id, seconds)
        await self._state.run(CLOSE, [f"closed:{chat_id}"], seconds)

    async def closed(self, chat_id: int) -> float:
        answer = await self._state.run(CLOSED, [f"closed:{chat_id}"])
        own = await self._own.closed(chat_id)
        return max(own, answer[0]) if answer else own

    async def shutdown(self) -> None:
        await self._state.close()
