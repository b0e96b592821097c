"""Both limiters of a bot process: in Redis when it is there (several processes), else in memory."""

from __future__ import annotations

from botapp.inbound_limit import InboundLimiter
from botapp.transport.limiter import OutboundLimiter
from botapp.transport.shared import SharedState, connect
from botapp.transport.shared_buckets import SharedBuckets


def limiters(bot_id: int, redis_url: str) -> tuple[OutboundLimiter, InboundLimiter]:
    """Outbound and inbound; made inside the running loop."""
    if not redis_url:
        return OutboundLimiter(), InboundLimiter()
    state = SharedState(connect(redis_url), prefix=f"workshop:bot:{bot_id}")
    return OutboundLimiter(SharedBuckets(state)), InboundLimiter(state=state)
