"""The shared stores that count requests: Redis, or a table of the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from integrations.models import RateWindow
from workshop.lib import clock
from workshop.lib.api.limits import PERIOD, Count, Counter, Limit, Store

PATIENCE: Final = 0.5  # seconds a request waits for Redis

# Counts in one round trip, inside Redis: no two processes can read the same number.
SCRIPT: Final = """
local answers = {}
for i, key in ipairs(KEYS) do
  local used = redis.call('INCR', key)
  if used == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ARGV[1])
    left = tonumber(ARGV[1])
  end
  answers[#answers + 1] = used
  answers[#answers + 1] = left
end
return answers
"""


class RedisStore:
    """One counter per key that Redis forgets at the end of its window."""

    def __init__(self, url: str) -> None:
        # Asked once and not again: a request must not wait for a store that is away.
        self._pool: Any = redis.ConnectionPool.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            max_connections=50,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = redis.Redis(connection_pool=self._pool)
        self._script = self._redis.register_script(SCRIPT)

    def count(self, limits: Sequence[Limit]) -> list[Count]:
        keys = [f"workshop:rate:{limit.key}" for limit in limits]
        try:
            answer = self._asked("EVALSHA", self._script.sha, len(keys), *keys, PERIOD * 1000)
        except NoScriptError:  # a store that was started anew
            answer = self._script(keys=keys, args=[PERIOD * 1000])
        return [
            Count(limit, used, max(1, -(-left // 1000)))
            for limit, used, left in zip(limits, answer[::2], answer[1::2], strict=True)
        ]

    def _asked(self, *command: Any) -> list[int]:
        """One command without what the client does around each: a third of its cost."""
        connection = self._pool.get_connection()
        try:
            connection.send_command(*command)
            answer: list[int] = connection.read_response()
        except NoScriptError:
            raise
        except BaseException:
            connection.disconnect()  # an answer that comes late would be the next one's
            raise
        finally:
            self._pool.release(connection)
        return answer


class TableStore:
    """One row per key; the database's own statement reads, decides and writes at once."""

    def count(self, limits: Sequence[Limit]) -> list[Count]:
        now = int(clock.now().timestamp())
        return [self._one(limit, now) for limit in limits]

    def _one(self, limit: Limit, now: int) -> Count:
        table = connection.ops.quote_name(RateWindow._meta.db_table)
        statement = f"""
            INSERT INTO {table} (key, began, used) VALUES (%s, %s, 1)
            ON CONFLICT (key) DO UPDATE SET
              used = CASE WHEN {table}.began <= %s THEN 1 ELSE {table}.used + 1 END,
              began = CASE WHEN {table}.began <= %s THEN excluded.began ELSE {table}.began END
            RETURNING used, began
        """  # noqa: S608 (only the name of our own table is put in)
        with connection.cursor() as cursor:
            cursor.execute(statement, [limit.key, now, now - PERIOD, now - PERIOD])
            used, began = cursor.fetchone()
        return Count(limit, used, max(1, began + PERIOD - now))


@cache
def counter() -> Counter:
    """The counter of this process."""
    store: Store = RedisStore(settings.REDIS_URL) if settings.REDIS_URL else TableStore()
    return Counter(store)
