"""Verbs of the API on webhooks and their messages; a foreign one does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from history.api.verbs import RowVerb
from integrations import locks, scopes
from integrations.api.webhooks import DELIVERIES, MANAGE, WEBHOOKS, Form, OwnWebhooks
from integrations.services import webhook_messages as of_messages
from integrations.services import webhooks as of_webhooks
from integrations.webhooks import selectors
from workshop.lib.api.fields import TextField, WholeField
from workshop.lib.api.views import tag_of

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
    example: ClassVar = {"url": "https://till.example.com/hook", "kinds": ["receipt.*"]}

    url = TextField(required=True, help_text="https://…, outside of the workshop's network")
    kinds = serializers.ListField(
        child=TextField(required=True), min_length=1, help_text="receipt.passed, receipt.*, *"
    )
    description = TextField()
    timeout = WholeField(
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
    kinds = serializers.ListField(child=TextField(required=True), required=False, min_length=1)


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
    overlap_hours = WholeField(
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
