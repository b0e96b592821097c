"""Messages of webhooks: what is on its way, each attempt with its answer, sending again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from history.render import line
from integrations.admin.clients import OPENERS
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_messages as of_messages
from integrations.webhooks import words
from staff.office.forms import OfficeVerb, reason
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter, columns

MESSAGE: Final = "integrations.WebhookDelivery"
ATTEMPTS: Final = 100
TONES: Final = {
    WebhookDelivery.WAITING: "info",
    WebhookDelivery.SENDING: "info",
    WebhookDelivery.DONE: "success",
    WebhookDelivery.DEAD: "danger",
    WebhookDelivery.DISCARDED: "plain",
}


def chip(text: Any, tone: str) -> str:
    return render_to_string("office/chip.html", {"text": text, "tone": tone})


def state_chip(row: WebhookDelivery) -> str:
    if row.state == WebhookDelivery.WAITING and row.attempts:
        return chip(_now("tries again"), "warning")
    return chip(row.get_state_display(), TONES[row.state])


def with_last(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each with status and error of its last attempt."""
    last = WebhookAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk")
    return rows.annotate(
        last_status=Subquery(last.values("status")[:1]),
        last_error=Subquery(last.values("error")[:1]),
    )


def last_answer(row: Any) -> str:
    if row.last_status is None and not row.last_error:
        return "—"
    return words.answer_words(row.last_status, row.last_error)


def told(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """Rows for the page of their webhook."""
    return [
        {
            "row": row,
            "chip": state_chip(row),
            "kind": words.kind_words(row.kind),
            "answer": last_answer(row),
        }
        for row in with_last(rows)
    ]


@office_verb(MESSAGE)
class SendAgain(OfficeVerb):
    slug = "replay"
    label = _("↻ Send again")
    roles = OPENERS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        free = target.endpoint.active and target.state != WebhookDelivery.SENDING
        return cls.permitted(target, actor) and free

    def intro(self) -> list[str]:
        lines = [_now("The same bytes under the same id: a receiver can see that it knows them.")]
        if not self.target.endpoint.is_running:
            lines.append(_now("The webhook is paused: it leaves when you resume it."))
        return lines

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_messages.replay(delivery_id=self.target.pk, **common)


@office_verb(MESSAGE)
class Discard(OfficeVerb):
    slug = "discard"
    label = _("Do not send it")
    roles = OPENERS
    danger = True
    reason = reason(required=False)

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.state == WebhookDelivery.WAITING

    def intro(self) -> list[str]:
        return [_now("The receiver will not hear of this event; the next ones are free then.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return of_messages.discard(delivery_id=self.target.pk, reason=data["reason"], **common)


class EndpointFilter(admin.SimpleListFilter):
    """By webhook: its messages are found by an index."""

    title = _("Webhook")
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        rows = WebhookEndpoint.objects.order_by("-active", "-id")[:200]
        return [(str(row.pk), str(row)) for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(endpoint=int(chosen)) if chosen else queryset

    def value(self) -> str | None:
        """Only ids that are offered; anything else is no filter."""
        found = super().value()
        return found if found in {name for name, _label in self.lookup_choices} else None


@admin.register(WebhookDelivery)
class MessageAdmin(OfficeAdmin):
    page_template = "office/object.html"
    list_display = (
        "state_column",
        "kind_column",
        "webhook_column",
        "created_column",
        "attempts",
        "answer_column",
        "next_column",
    )
    list_display_links = ("state_column",)
    list_filter = ("state", EndpointFilter, ("created_at", DayRangeFilter))
    list_select_related = ("endpoint",)
    sortable_by = ()
    ordering = ("-pk",)
    show_history = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_last(super().get_queryset(request)).defer("body")

    @columns(label=_("State"))
    def state_column(self, row: WebhookDelivery) -> str:
        return state_chip(row)

    @columns(label=_("Event"))
    def kind_column(self, row: WebhookDelivery) -> str:
        return words.kind_words(row.kind)

    @columns(label=_("Webhook"))
    def webhook_column(self, row: WebhookDelivery) -> str:
        return str(row.endpoint)

    @columns(label=_("Since"))
    def created_column(self, row: WebhookDelivery) -> str:
        return clock.show(row.created_at)

    @columns(label=_("Last answer"))
    def answer_column(self, row: WebhookDelivery) -> str:
        return last_answer(row)

    @columns(label=_("Next try"))
    def next_column(self, row: WebhookDelivery) -> str:
        return clock.show(row.next_attempt_at) if row.state == WebhookDelivery.WAITING else "—"


@page_section(MESSAGE, "office/webhooks/message.html", order=10)
def message(target: WebhookDelivery, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    waits = target.state == WebhookDelivery.WAITING
    rows = [
        (_now("State"), state_chip(target)),
        (_now("Event"), line(target.event).words),
        (_now("Kind"), target.kind),
        (_now("Id of the message"), target.message_id),
        (_now("Since"), target.created_at),
        (_now("Tried"), target.attempts),
        (_now("Next try"), target.next_attempt_at if waits else None),
        (_now("Ended"), target.ended_at),
    ]
    facts = [(label, value) for label, value in rows if value not in (None, "")]
    return {"title": _now("Message"), "facts": facts, "message": target}


@page_section(MESSAGE, "office/webhooks/attempts.html", order=20)
def attempts(target: WebhookDelivery, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        {"row": row, "result": words.answer_words(row.status, row.error)}
        for row in target.tries.order_by("-pk")[:ATTEMPTS]
    ]
    return {"title": _now("Attempts"), "rows": rows}
