"""The inside of a running installation, for administrators: what beats, what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from history.models import Lease, Outbox
from staff import roles
from staff.actors import user_actor
from workshop.lib import clock, health
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
        **health.uptime(),
    }
    if checks["database"] == "ok":
        now = clock.now()
        body["leases"] = {row.name: _lease(row, now) for row in Lease.objects.order_by("name")}
        body["outbox"] = _outbox(now)
    return JsonResponse(body)


def _lease(row: Lease, now: datetime) -> dict[str, Any]:
    """Who holds it. A sign of life ends with its term."""
    return {
        "owner": row.owner,
        "alive": bool(row.until and row.until > now),
        "until": clock.iso(row.until),
    }


def _outbox(now: datetime) -> dict[str, Any]:
    waiting = Outbox.objects.filter(done_at__isnull=True).order_by("event_id")
    oldest = waiting.values_list("event__recorded_at", flat=True).first()
    return {
        "waiting": waiting[:1_000].count(),
        "oldest_s": int((now - oldest).total_seconds()) if oldest else 0,
    }
