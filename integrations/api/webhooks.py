"""Webhooks of the API: receivers, what is on its way to them, and sending again.

A program sees and manages its own ones; an office user with his session all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import scopes
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.webhooks import selectors, words
from integrations.webhooks.kinds import offered
from workshop.lib.api.access import Access
from workshop.lib.api.filters import IdFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource, TableList, TableRow
from workshop.lib.api.views import ApiView, expansion, private

Form = serializers.Serializer[Any]
MANAGE: Final = {"GET": scopes.WEBHOOKS_MANAGE, "POST": scopes.WEBHOOKS_MANAGE}
TRIES: Final = 100


class WebhookForm(Form):
    """A receiver of events. How it fares: `?expand=standing`. Its secret is shown once."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    kinds = serializers.ListField(
        child=serializers.CharField(), help_text="receipt.passed, receipt.*, *"
    )
    description = serializers.CharField()
    timeout = serializers.IntegerField(help_text="seconds it waits for an answer")
    client_id = serializers.IntegerField(allow_null=True, help_text="whose it is; null: the office")
    active = serializers.BooleanField(help_text="false: no event lines up")
    paused_at = serializers.DateTimeField(allow_null=True, help_text="events line up and wait")
    stopped_why = serializers.ChoiceField(choices=WebhookEndpoint.REASONS, allow_blank=True)
    previous_until = serializers.DateTimeField(
        allow_null=True, help_text="until then the former secret signs too"
    )
    created_at = serializers.DateTimeField()


class DeliveryForm(Form):
    """A message: one event for one receiver. Its attempts: `?expand=tries`; its bytes: `body`."""

    id = serializers.IntegerField()
    webhook_id = serializers.IntegerField(source="endpoint_id")
    event_id = serializers.IntegerField()
    kind = serializers.CharField()
    stream = serializers.CharField(help_text="receipt:5, employee:2, …")
    message_id = serializers.CharField(help_text="the header webhook-id, the same for each attempt")
    state = serializers.ChoiceField(choices=WebhookDelivery.STATES)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(help_text="while it waits")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class DeliveryFilter(filters.FilterSet):
    webhook = IdFilter("endpoint_id")
    state = filters.ChoiceFilter(choices=WebhookDelivery.STATES)
    kind = filters.CharFilter(max_length=60)
    receipt = IdFilter(method="by_receipt")
    created_from = MomentFilter("created_at", lookup_expr="gte")
    created_to = MomentFilter("created_at", lookup_expr="lt")

    class Meta:
        model = WebhookDelivery
        fields: tuple[str, ...] = ()

    def by_receipt(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(stream=f"receipt:{int(value)}")


WEBHOOKS: Final = Resource(
    "webhooks",
    WebhookForm,
    WebhookEndpoint.objects.all,
    scopes.WEBHOOKS_MANAGE,
    many="Your webhooks, the newest first.",
    one="A webhook of yours.",
)
DELIVERIES: Final = Resource(
    "webhook-deliveries",
    DeliveryForm,
    WebhookDelivery.objects.all,
    scopes.WEBHOOKS_MANAGE,
    many="Messages to your webhooks, the newest first.",
    one="A message to a webhook of yours.",
    filters=DeliveryFilter,
)


# --- reading ------------------------------------------------------------------------------------


class OwnWebhooks(TableList):
    of: ClassVar[Resource] = WEBHOOKS
    resource = WEBHOOKS.name
    form = WEBHOOKS.form
    scopes = MANAGE

    def rows(self) -> QuerySet[Any]:
        return selectors.webhooks_of(self.access.actor)


class WebhookRow(TableRow, OwnWebhooks):
    about = WEBHOOKS.one
    scopes = {"GET": scopes.WEBHOOKS_MANAGE}


class DeliveryList(TableList):
    of: ClassVar[Resource] = DELIVERIES
    resource = DELIVERIES.name
    form = DELIVERIES.form
    filters = DELIVERIES.filters
    about = DELIVERIES.many
    scopes = {"GET": scopes.WEBHOOKS_MANAGE}

    def rows(self) -> QuerySet[Any]:
        return selectors.webhook_deliveries_of(self.access.actor)


class DeliveryRow(TableRow, DeliveryList):
    about = DELIVERIES.one


@expansion(WEBHOOKS.name, "standing")
def standing(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """How each fares now."""
    return {
        row.pk: {
            "running": row.is_running,
            "last_success_at": row.last_success_at,
            "failing_since": row.failing_since,
            "closed_until": row.closed_until,
            "waiting": row.waiting,
            "dead": row.dead,
        }
        for row in selectors.with_queue(WebhookEndpoint.objects.filter(pk__in=ids))
    }


@expansion(DELIVERIES.name, "tries", empty=())
def tries(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """The attempts of each, oldest first: what was answered, or why nothing came."""
    columns = ("at", "status", "milliseconds", "error", "answer")
    found: dict[int, list[Any]] = {}
    rows = WebhookAttempt.objects.filter(delivery__in=ids).order_by("pk")
    for delivery, *values in rows.values_list("delivery_id", *columns):
        found.setdefault(delivery, []).append(dict(zip(columns, values, strict=True)))
    return {delivery: made[-TRIES:] for delivery, made in found.items()}


@expansion(DELIVERIES.name, "body")
def body(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """The exact text that is sent."""
    return dict(WebhookDelivery.objects.filter(pk__in=ids).values_list("pk", "body"))


class KindForm(Form):
    name = serializers.CharField(help_text="also as a group: receipt.*")
    words = serializers.CharField(help_text="in the language that was asked for")


class KindsForm(Form):
    results = KindForm(many=True)


class Kinds(ApiView):
    """Kinds of events that a webhook can ask for."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": scopes.WEBHOOKS_MANAGE}
    answer_form = KindsForm

    def get(self, request: Request) -> Response:
        rows = [{"name": kind, "words": words.kind_words(kind)} for kind in offered()]
        return private(Response({"results": rows}))
