"""A sign of life to a monitor outside (``HEARTBEAT_URL``): when it does not come, that one alarms.

It says that the whole workshop lives, so it is left out while one of its programs is silent. The
address often holds a secret: it stands in no log.
"""

from __future__ import annotations

import http.client
import logging
import urllib.error
import urllib.request
from typing import Any, Final

from django.conf import settings

from analytics.system_state import BOT
from history import lease, relay
from history.jobs import running, scheduler

PROGRAMS: Final = (BOT, scheduler.LEASE, running.WORKER, relay.LEASE)
SILENT: Final = 120.0  # seconds
TIMEOUT: Final = 10.0

logger = logging.getLogger(__name__)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The address is the whole configuration: wherever it sends us, nobody has chosen that."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def silent_programs() -> list[str]:
    """Programs that have run here and give no sign of life any more."""
    signs = lease.signs(*PROGRAMS).values()
    return sorted(one.name for one in signs if one.silent.total_seconds() > SILENT)


def tell_outside() -> bool:
    """One GET, outside of any transaction; whether it was answered. The network never raises."""
    if not settings.HEARTBEAT_URL:
        return False
    silent = silent_programs()
    if silent:
        logger.warning("no sign of life is given: programs are silent", extra={"programs": silent})
        return False
    # The scheme is https: the guards of the settings refuse every other.
    request = urllib.request.Request(  # noqa: S310
        settings.HEARTBEAT_URL, headers={"User-Agent": "Repassage"}
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
            answer.read(1024)
    except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
        logger.warning("the monitor outside was not reached", extra={"error": _told(error)})
        return False
    return True


def _told(error: Exception) -> str:
    """The kind of failure alone: texts of errors repeat the address."""
    code = getattr(error, "code", None)
    why = type(getattr(error, "reason", error)).__name__
    return f"HTTP {code}" if code else why
