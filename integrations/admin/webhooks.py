"""Webhooks: receivers with their state and newest messages; the secret is shown once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from integrations import policies
from integrations.admin.clients import SecretAdmin
from integrations.admin.webhook_messages import chip, told
from integrations.admin.webhook_verbs import WEBHOOK, AddWebhook, counted
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import selectors, words
from staff.office.registry import page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns

NEWEST: Final = 20
"""Messages on the page of a webhook; the list has the others."""

MOST_KINDS: Final = 4
"""In a line of the list."""


def state_chip(row: WebhookEndpoint) -> str:
    """Whether messages leave, in a word."""
    if not row.active:
        return chip(_now("off"), "plain")
    if row.paused_at is not None:
        return chip(_now("paused"), "warning")
    if row.failing_since is not None:
        return chip(_now("failing"), "danger")
    return chip(_now("in operation"), "success")


@admin.register(WebhookEndpoint)
class WebhookAdmin(SecretAdmin):
    add_verb = AddWebhook
    page_template = "office/object.html"
    secret = "secret"  # noqa: S105
    secret_title = _("Secret of the webhook")
    secret_note = _("Shown only once: copy it now. The receiver checks the signatures with it.")
    list_display = (
        "name_column",
        "state_column",
        "kinds_column",
        "success_column",
        "waiting_column",
        "dead_column",
    )
    list_filter = ("active",)
    search_fields = ("description",)
    search_help_text = _("Description")
    sortable_by = ()
    ordering = ("-active", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return selectors.with_queue(super().get_queryset(request))

    @columns(label=_("Webhook"))
    def name_column(self, row: WebhookEndpoint) -> str:
        return str(row)

    @columns(label=_("State"))
    def state_column(self, row: WebhookEndpoint) -> str:
        return state_chip(row)

    @columns(label=_("Which events"))
    def kinds_column(self, row: WebhookEndpoint) -> str:
        return words.patterns_words(row.kinds, MOST_KINDS)

    @columns(label=_("Last success"))
    def success_column(self, row: WebhookEndpoint) -> str:
        return clock.show(row.last_success_at) or "—"

    @columns(label=_("Waiting"))
    def waiting_column(self, row: Any) -> int:
        return int(row.waiting)

    @columns(label=_("Given up"))
    def dead_column(self, row: Any) -> int:
        return int(row.dead)


@page_section(WEBHOOK, "office/object/facts.html", order=10)
def webhook(target: WebhookEndpoint, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    """A path can be a secret: whoever may only look sees scheme and host."""
    open_rows = target.deliveries.filter(state__in=WebhookDelivery.OPEN)
    dead = target.deliveries.filter(state=WebhookDelivery.DEAD)
    whole = policies.may_see_webhook(actor, target.client)
    rows = [
        (_now("State"), state_chip(target)),
        (_now("Why it stands"), target.get_stopped_why_display()),
        (_now("Paused"), target.paused_at),
        (_now("Failing since"), target.failing_since),
        (_now("The receiver asked to wait until"), target.closed_until),
        (_now("Address"), target.url if whole else target.place),
        (_now("Description"), target.description),
        (_now("Which events"), words.patterns_words(target.kinds)),
        (_now("API client"), target.client),
        (_now("Waits for an answer, s"), target.timeout),
        (_now("Last success"), target.last_success_at),
        (_now("Waiting"), counted(open_rows)),
        (_now("Given up"), counted(dead)),
        (_now("The former secret counts until"), _former_until(target)),
    ]
    facts = [(label, value) for label, value in rows if value not in (None, "")]
    return {"title": _now("Webhook"), "facts": facts}


def _former_until(target: WebhookEndpoint) -> Any:
    return target.previous_until if target.has_previous(clock.now()) else None


@page_section(WEBHOOK, "office/webhooks/messages.html", order=20)
def newest(target: WebhookEndpoint, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = target.deliveries.order_by("-pk")[:NEWEST]
    return {"title": _now("Newest messages"), "rows": told(rows), "webhook": target}
