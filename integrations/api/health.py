"""The inside of a running installation, for administrators: what runs, beats and waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from history.models import Lease
from staff import roles
from staff.actors import user_actor
from workshop.lib import clock, health, pools, scraping, telemetry
from workshop.lib.actor import API, Channel


@never_cache
@require_safe
def detail(request: HttpRequest) -> HttpResponse:
    """Refused to everybody else, programs with keys included."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    if not user_actor(request.user, Channel(API)).has(roles.ADMINISTRATOR):
        raise PermissionDenied
    checks = health.look()
    body: dict[str, Any] = {
        "status": "failed" if "failed" in checks.values() else "ok",
        "checks": checks,
        "version": settings.VERSION,
        "build": settings.BUILD,
        **health.uptime(),
        "pool": pools.own(),
    }
    if checks["database"] == "ok":
        now = clock.now()
        body["leases"] = {row.name: _lease(row, now) for row in Lease.objects.order_by("name")}
        body["queues"], body["connections"] = _waiting_and_connected()
    return JsonResponse(body)


def _lease(row: Lease, now: datetime) -> dict[str, Any]:
    """Who holds it or beats: the schedule that leads, the bot, a worker; for its term."""
    return {
        "owner": row.owner,
        "alive": bool(row.until and row.until > now),
        "since": clock.iso(row.since),
        "seen_at": clock.iso(row.seen_at),
        "until": clock.iso(row.until),
    }


def _waiting_and_connected() -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """What Prometheus is told too: each queue, and the connections of the database server."""
    queues: dict[str, dict[str, int]] = {}
    connected: dict[str, int] = {}
    for one in scraping.look():
        if one.gauge is telemetry.QUEUE_DEPTH:
            queues.setdefault(one.labels[0], {})["waiting"] = int(one.value)
        elif one.gauge is telemetry.QUEUE_AGE:
            queues.setdefault(one.labels[0], {})["oldest_s"] = int(one.value)
        elif one.gauge is telemetry.CONNECTIONS:
            connected[one.labels[0]] = int(one.value)
        elif one.gauge is telemetry.CONNECTIONS_MOST:
            connected["max"] = int(one.value)
    return queues, connected
