"""Metrics of the integrations: messages to webhooks, clients of the API, files that came in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from analytics.monitoring.catalogue import Better, Category, Link, Metric, Unit
from analytics.monitoring.programs import HOUR, MOST, waited
from analytics.monitoring.sources import Measured, register_source
from integrations.models import ApiClient, ApiKey, DataJob, Import, WebhookDelivery, WebhookEndpoint

LATELY: Final = timedelta(hours=24)


def _list(page: str, query: str = "") -> Link:
    return lambda label: f"{reverse(f'admin:integrations_{page}_changelist')}{query}"


WEBHOOKS: Final = (
    Metric(
        code="webhook_waiting",
        category=Category.INTEGRATIONS,
        label=_("Webhook messages on their way"),
        about=_("Messages to webhooks that are neither paused nor off. Counted up to 10 000."),
        alert=True,
        minutely=True,
        link=_list("webhookdelivery", "?state__exact=waiting"),
    ),
    Metric(
        code="webhook_lag",
        category=Category.INTEGRATIONS,
        label=_("Webhook messages wait for"),
        about=_("Seconds since the oldest of the messages on their way was made."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_list("webhookdelivery", "?state__exact=waiting"),
    ),
    Metric(
        code="webhook_dead",
        category=Category.INTEGRATIONS,
        label=_("Webhook messages given up"),
        about=_(
            "Messages given up in the last 24 hours and not sent again by hand, of webhooks that"
            " are not off."
        ),
        alert=True,
        status=True,
        minutely=True,
        link=_list("webhookdelivery", "?state__exact=dead"),
    ),
    Metric(
        code="webhook_paused",
        category=Category.INTEGRATIONS,
        label=_("Webhooks that stand"),
        about=_("Webhooks that are paused, or were stopped because of their receiver."),
        alert=True,
        minutely=True,
        link=_list("webhookendpoint"),
    ),
)

CLIENTS: Final = (
    Metric(
        code="api_clients",
        category=Category.INTEGRATIONS,
        label=_("API clients in all"),
        about=_("Programs that the office has entered, also those that are switched off."),
        better=Better.NEITHER,
        link=_list("apiclient"),
    ),
    Metric(
        code="api_clients_active",
        category=Category.INTEGRATIONS,
        label=_("API clients switched on"),
        about=_("Programs that are switched on."),
        better=Better.NEITHER,
        link=_list("apiclient", "?active__exact=1"),
    ),
    Metric(
        code="api_clients_seen",
        category=Category.INTEGRATIONS,
        label=_("API clients seen in 24 hours"),
        about=_("Programs that used one of their keys in the last 24 hours."),
        better=Better.NEITHER,
        alert=True,
        link=_list("apiclient"),
    ),
    Metric(
        code="last_import_age",
        category=Category.INTEGRATIONS,
        label=_("Last import was"),
        about=_("Hours since the last import of a file was finished. No data before the first."),
        unit=Unit.HOURS,
        better=Better.NEITHER,
        alert=True,
        link=_list("import"),
    ),
    Metric(
        code="data_jobs_waiting",
        category=Category.INTEGRATIONS,
        label=_("Imports and exports under way"),
        about=_("Imports and exports that wait for a worker or are being worked on."),
        alert=True,
        link=_list("import"),
    ),
)


def webhooks(at: datetime) -> Measured:
    """Queues of webhooks; four queries over partial indexes."""
    running = WebhookEndpoint.objects.filter(active=True, paused_at__isnull=True)
    waiting = WebhookDelivery.objects.filter(
        endpoint__in=running.values("pk"), state__in=WebhookDelivery.OPEN
    )
    broken = (WebhookEndpoint.FAILING, WebhookEndpoint.GONE)
    stands = Q(active=True, paused_at__isnull=False) | Q(active=False, stopped_why__in=broken)
    dead = WebhookDelivery.objects.filter(
        state=WebhookDelivery.DEAD, ended_at__gt=at - LATELY, endpoint__active=True
    )
    return {
        "webhook_waiting": waiting.order_by()[:MOST].count(),
        "webhook_lag": waited(waiting.aggregate(oldest=Min("created_at"))["oldest"], at),
        "webhook_dead": dead.count(),
        "webhook_paused": WebhookEndpoint.objects.filter(stands).count(),
    }


def clients(at: datetime) -> Measured:
    """Clients of the API, imports and exports; three queries."""
    used = ApiKey.objects.filter(client=OuterRef("pk"), last_used_at__gt=at - LATELY)
    counts = ApiClient.objects.aggregate(
        number=Count("pk"),
        on=Count("pk", filter=Q(active=True)),
        seen=Count("pk", filter=Exists(used)),
    )
    done = Import.objects.filter(run_job__state=DataJob.State.DONE)
    ended = done.order_by("-pk").values_list("run_job__ended_at", flat=True).first()
    unfinished = DataJob.objects.filter(state__in=[DataJob.State.WAITING, DataJob.State.RUNNING])
    return {
        "api_clients": counts["number"],
        "api_clients_active": counts["on"],
        "api_clients_seen": counts["seen"],
        "last_import_age": None if ended is None else max(at - ended, timedelta()) / HOUR,
        "data_jobs_waiting": unfinished.count(),
    }


def register() -> None:
    """Called once, while the apps load."""
    register_source("webhooks", WEBHOOKS, webhooks)
    register_source("clients", CLIENTS, clients)
