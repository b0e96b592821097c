"""Managers hear of a webhook that stopped by itself: a receiver that misses events says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import fmt, lines
from botapp.notice_texts import reachable
from botapp.notices import Addressed, Notice, on_event, template
from history.models import Event
from history.registry import load
from integrations.models import WebhookEndpoint
from integrations.webhooks.events import WebhookPaused, WebhookSwitchedOff
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind


@on_event(WebhookPaused.kind, WebhookSwitchedOff.kind)
def of_a_webhook_that_stopped(event: Event) -> Iterator[Addressed]:
    """Not of one that somebody paused or switched off."""
    by_itself = event.payload.get("since") or event.payload.get("why") == WebhookEndpoint.GONE
    if by_itself:
        for person in reachable(selectors.active_with_role(roles.MANAGER), event):
            yield Addressed(person, "webhook_stopped", {"event_id": event.pk})


@template("webhook_stopped", kind=NoticeKind.ALERT)
def webhook_stopped(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    event = Event.objects.get(pk=params["event_id"])
    advice = _("In the office under “Webhooks” it can be corrected and sent again.")
    return Notice(lines(fmt("⚠ %(what)s", what=load(event).words()), advice))
