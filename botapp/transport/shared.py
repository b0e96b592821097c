"""State that several bot processes share: small scripts that Redis runs one after another.

Redis' own clock decides, so that no process is measured by another one's. When Redis does not
answer, everybody falls back to the memory of the process: a limit is then kept by each alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECTIONS: Final = 16
TIMEOUT: Final = 0.5  # seconds: an answer to a press waits for it
AGAIN: Final = 5.0  # seconds between tries while it is away

NOW: Final = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
"""

logger = logging.getLogger(__name__)


def connect(url: str) -> Redis:
    """A client that gives up quickly; it connects when it is first used."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=2,
        socket_connect_timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return Redis.from_pool(pool)


class SharedState:
    """Runs scripts; ``None`` instead of an answer while Redis is away. Never raises."""

    def __init__(
        self, client: Redis, *, prefix: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        # The braces keep all keys of one bot on one node of a cluster.
        self._client, self._prefix, self._clock = client, f"{{{prefix}}}:", clock
        self._scripts: dict[str, Any] = {}
        self._away = False
        self._again_at = 0.0

    async def run(
        self, script: str, keys: Sequence[str], *arguments: float | str
    ) -> list[float] | None:
        """The numbers that the script answers (as texts: Redis cuts fractions off)."""
        now = self._clock()
        if self._away and now < self._again_at:
            return None
        # Meanwhile others do not wait for the same timeout.
        self._again_at = now + AGAIN
        try:
            answer = await self._script(script)(
                keys=[self._prefix + key for key in keys], args=list(arguments)
            )
        except (RedisError, OSError, TimeoutError) as error:
            if not self._away:
                logger.warning(
                    "Redis does not answer: limits are kept per process",
                    extra={"error": type(error).__name__},
                )
            self._away = True
            return None
        if self._away:
            logger.info("Redis answers again: limits are shared")
        self._away = False
        return [float(one) for one in answer]

    def _script(self, text: str) -> Any:
        if text not in self._scripts:
            self._scripts[text] = self._client.register_script(text)
        return self._scripts[text]

    async def close(self) -> None:
        await self._client.aclose()
