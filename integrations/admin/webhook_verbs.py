"""What the office does with webhooks: one form for each verb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from integrations.admin.clients import OPENERS
from integrations.models import ApiClient, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_messages as of_messages
from integrations.services import webhooks as of_webhooks
from integrations.webhooks import words
from staff.office.forms import OfficeVerb, choice, reason
from staff.office.registry import office_verb
from workshop.lib.actor import Actor
from workshop.lib.admin import EXACT_TO

WEBHOOK: Final = "integrations.WebhookEndpoint"


class WebhookFields(OfficeVerb):
    """What adding and changing have in common."""

    roles = OPENERS
    template = "office/webhooks/form.html"
    layout = (
        ("", ("url", "description", "timeout", "client")),
        (_("Which events"), ("groups",)),
        (_("Or single kinds of events"), ("singles",)),
    )
    field_names: ClassVar[Mapping[str, str]] = {"kinds": "groups"}
    url = forms.CharField(label=_("Address"), help_text=_("https://…, outside your own network"))
    description = forms.CharField(label=_("Description"), required=False)
    timeout = forms.IntegerField(
        label=_("Waits for an answer, s"), initial=of_webhooks.TIMEOUT, required=False
    )
    groups = forms.MultipleChoiceField(
        label=_("All events about"), widget=forms.CheckboxSelectMultiple, required=False
    )
    singles = forms.MultipleChoiceField(
        label=_("Kinds of events"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def build(self) -> None:
        chosen: list[str] = self.target.kinds if self.target is not None else []
        groups, singles = words.groups(), words.singles()
        known = {name for name, _label in groups + singles}
        # What a program has asked for and no list offers is kept.
        singles += [(name, name) for name in chosen if name not in known]
        self._offer("groups", groups, chosen)
        self._offer("singles", singles, chosen)

    def _offer(self, name: str, choices: list[tuple[str, str]], chosen: Iterable[str]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        names = {code for code, _label in choices}
        self.fields[name].initial = [one for one in chosen if one in names]

    @staticmethod
    def values(data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as the services take them."""
        seconds = data["timeout"]
        return {
            "url": data["url"],
            "kinds": [*data["groups"], *data["singles"]],
            "description": data["description"],
            "timeout": of_webhooks.TIMEOUT if seconds is None else seconds,
        }


class AddWebhook(WebhookFields):
    slug = "add"
    label = _("New webhook")
    client = choice(
        ApiClient.objects.none(),
        _("API client"),
        required=False,
        help_text=_("A program that manages this webhook by itself; empty = the office"),
    )

    def build(self) -> None:
        super().build()
        self.fields["client"].queryset = ApiClient.objects.filter(active=True)  # type: ignore[attr-defined]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        client = data["client"].pk if data["client"] else None
        return of_webhooks.add_webhook(**self.values(data), client_id=client, **common)


@office_verb(WEBHOOK)
class ChangeWebhook(WebhookFields):
    slug = "change"
    label = _("Change the webhook")

    def build(self) -> None:
        super().build()
        for name in ("url", "description", "timeout"):
            self.fields[name].initial = getattr(self.target, name)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        values = self.values(data)
        return of_webhooks.change_webhook(endpoint_id=self.target.pk, values=values, **common)


class WebhookVerb(OfficeVerb):
    """A verb on a receiver as it stands."""

    roles = OPENERS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and cls.fits(target)

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return target.active


@office_verb(WEBHOOK)
class SendTest(WebhookVerb):
    slug = "test"
    label = _("Send a test message")

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return target.is_running

    def intro(self) -> list[str]:
        return [_now("A message of the kind webhook.test; its answer stands below in a moment.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_messages.send_test(endpoint_id=self.target.pk, **common)


@office_verb(WEBHOOK)
class PauseWebhook(WebhookVerb):
    slug = "pause"
    label = _("Pause")
    reason = reason(required=False)

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return target.is_running

    def intro(self) -> list[str]:
        return [_now("Nothing leaves until you resume it; events line up meanwhile.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_webhooks.pause_webhook(
            endpoint_id=self.target.pk, reason=data["reason"], **common
        )


@office_verb(WEBHOOK)
class ResumeWebhook(WebhookVerb):
    slug = "resume"
    label = _("Resume")

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return target.active and not target.is_running

    def intro(self) -> list[str]:
        return [_now("What waits leaves at once, in its order.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_webhooks.resume_webhook(endpoint_id=self.target.pk, **common)


@office_verb(WEBHOOK)
class ReplayDead(WebhookVerb):
    slug = "replay"
    label = _("↻ Send again all that was given up")

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return target.active and target.deliveries.filter(state=WebhookDelivery.DEAD).exists()

    def intro(self) -> list[str]:
        dead = counted(self.target.deliveries.filter(state=WebhookDelivery.DEAD))
        return [_now("Messages given up: %(count)s.") % {"count": dead}]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_messages.replay_dead(endpoint_id=self.target.pk, **common)


@office_verb(WEBHOOK)
class RotateSecret(WebhookVerb):
    slug = "rotate"
    label = _("Replace the secret")
    shown_in = "more"
    overlap_hours = forms.IntegerField(
        label=_("The old one counts for so many hours more"),
        initial=of_webhooks.OVERLAP,
        min_value=0,
    )

    def intro(self) -> list[str]:
        return [_now("As long as both count, each message carries a signature of each.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        hours = data["overlap_hours"]
        return of_webhooks.rotate_secret(endpoint_id=self.target.pk, overlap_hours=hours, **common)


@office_verb(WEBHOOK)
class SwitchOff(WebhookVerb):
    slug = "off"
    label = _("Switch off")
    shown_in = "more"
    danger = True
    reason = reason(required=False)

    def intro(self) -> list[str]:
        return [_now("No further event lines up, and what waits is discarded.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_webhooks.switch_off_webhook(
            endpoint_id=self.target.pk, reason=data["reason"], **common
        )


@office_verb(WEBHOOK)
class SwitchOn(WebhookVerb):
    slug = "on"
    label = _("Switch on")
    shown_in = "more"

    @classmethod
    def fits(cls, target: WebhookEndpoint) -> bool:
        return not target.active

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_webhooks.switch_on_webhook(endpoint_id=self.target.pk, **common)


def counted(rows: QuerySet[Any]) -> str:
    """How many, but no further than a page of the office counts."""
    count = rows.order_by()[: EXACT_TO + 1].count()
    return _now("more than %(count)s") % {"count": EXACT_TO} if count > EXACT_TO else str(count)
