"""Webhooks of the API: receivers, what is on its way to them, and sending again.

A program sees and manages its own ones; an office user with his session all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from history.api.verbs import RowVerb
from integrations import locks, scopes
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_messages as of_messages
from integrations.services import webhooks as of_webhooks
from integrations.webhooks import selectors, words
from integrations.webhooks.kinds import offered
from receipts.api.filters import LARGEST, IdFilter
from workshop.lib.api.access import Access
from workshop.lib.api.fields import TextField
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource, TableList, TableRow
from workshop.lib.api.views import ApiView, expansion, private, tag_of

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
    receipt = filters.NumberFilter(method="by_receipt", min_value=0, max_value=LARGEST)
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


# --- verbs on a receiver ------------------------------------------------------------------------


class Nothing(Form):
    """Nothing to say besides."""


class WhyForm(Form):
    reason = TextField()


class WebhookVerb(RowVerb):
    """A foreign one does not exist, whatever ``If-Match`` says."""

    scopes = {"POST": scopes.WEBHOOKS_MANAGE}
    of = WEBHOOKS
    key = "endpoint_id"
    body: ClassVar[type[Form]] = Nothing
    lock = locks.webhook

    def target(self) -> dict[str, Any]:
        if self.key and not self.own().filter(pk=self.kwargs["pk"]).exists():
            raise NotFound
        return super().target()

    def own(self) -> QuerySet[Any]:
        return selectors.webhooks_of(self.access.actor)


class NewWebhookForm(Form):
    url = TextField(required=True, help_text="https://…, outside of the workshop's network")
    kinds = serializers.ListField(
        child=TextField(required=True), allow_empty=False, help_text="receipt.passed, receipt.*, *"
    )
    description = TextField()
    timeout = serializers.IntegerField(
        required=False, help_text="seconds it waits for an answer, 10 when left out"
    )


class AddWebhook(WebhookVerb):
    """A new webhook; its `secret` is shown in this answer alone.

    Events are sent only while the key also holds `history:read`.
    """

    key = ""
    body = NewWebhookForm
    created = True
    once = ("secret",)
    service = of_webhooks.add_webhook


class WebhookList(AddWebhook, OwnWebhooks):
    about = WEBHOOKS.many
    scopes = MANAGE


class ChangeForm(NewWebhookForm):
    """Only what is sent is touched."""

    url = TextField()
    kinds = serializers.ListField(child=TextField(required=True), required=False, allow_empty=False)


class ChangeWebhook(WebhookVerb):
    """Change address, kinds, description or time limit; what waits goes to the new address."""

    body = ChangeForm
    service = of_webhooks.change_webhook

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": dict(data)}


class PauseWebhook(WebhookVerb):
    """Nothing leaves until it is resumed; events line up."""

    body = WhyForm
    service = of_webhooks.pause_webhook


class ResumeWebhook(WebhookVerb):
    """Go on: what waits leaves at once, in order."""

    service = of_webhooks.resume_webhook


class RotateForm(Form):
    overlap_hours = serializers.IntegerField(
        required=False, help_text="both secrets sign for so long, 24 when left out"
    )


class RotateSecret(WebhookVerb):
    """Another secret, in this answer alone."""

    body = RotateForm
    once = ("secret",)
    service = of_webhooks.rotate_secret


class SwitchOff(WebhookVerb):
    """No further event lines up, and what waits is discarded."""

    body = WhyForm
    service = of_webhooks.switch_off_webhook


class SwitchOn(WebhookVerb):
    """Events line up again from now on."""

    service = of_webhooks.switch_on_webhook


class ReplayDead(WebhookVerb):
    """Send again all messages that were given up; `result.count` says how many."""

    service = of_messages.replay_dead


class SendTest(WebhookVerb):
    """Send a message of the kind `webhook.test` to it; the answer is that message."""

    created = True
    service = of_messages.send_test

    @property
    def result(self) -> type[Form]:
        return DELIVERIES.form

    def represent(self, outcome: Any) -> Any:
        row = DELIVERIES.read(outcome.object.pk)
        self.tag = tag_of(row)
        return row


# --- verbs on a message -------------------------------------------------------------------------


class DeliveryVerb(WebhookVerb):
    of = DELIVERIES
    key = "delivery_id"

    def own(self) -> QuerySet[Any]:
        return selectors.webhook_deliveries_of(self.access.actor)

    def take_lock(self, pk: int) -> None:
        locks.webhook(self.own().values_list("endpoint_id", flat=True).get(pk=pk))


class Replay(DeliveryVerb):
    """Send a message again, under its own id and from the first attempt; one that waits, now."""

    service = of_messages.replay


class Discard(DeliveryVerb):
    """Do not send a message that waits; the next of its receipt is free then."""

    body = WhyForm
    service = of_messages.discard


VERBS: Final = {
    "change": ChangeWebhook,
    "pause": PauseWebhook,
    "resume": ResumeWebhook,
    "rotate-secret": RotateSecret,
    "test": SendTest,
    "replay-dead": ReplayDead,
    "switch-off": SwitchOff,
    "switch-on": SwitchOn,
}
DELIVERY_VERBS: Final = {"replay": Replay, "discard": Discard}
