"""The id that ties a request to its events and log lines."""

from __future__ import annotations

import structlog


def request_id() -> str:
    """The id that stands in the log lines of this request; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
