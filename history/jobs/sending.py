"""Waking a worker for a job. A broker that is away is no error: the sweep comes later."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from celery import current_app

QUIET: Final = 30.0  # seconds without an attempt after one that failed
_quiet_until = 0.0

logger = logging.getLogger(__name__)


def send(name: str, **options: Any) -> bool:
    """Send the message of a task; False when the broker could not take it.

    A broker that is away costs one caller its timeout, then it is left alone for a while.
    """
    global _quiet_until  # noqa: PLW0603  # of the process: there is one broker
    if time.monotonic() < _quiet_until:
        return False
    try:
        current_app.send_task(name, retry=False, ignore_result=True, **options)
    except Exception as error:  # every transport has errors of its own
        _quiet_until = time.monotonic() + QUIET
        logger.warning("no wake-up: the broker is away", extra={"error": type(error).__name__})
        return False
    return True
