"""The sending queue of the bot: who is told of what, what arrived, what did not and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers

from botapp.admin.queue_words import about, why
from botapp.locks import notice
from botapp.models import OutgoingMessage
from botapp.services.notices import retry_notices
from history.api.verbs import RowVerb
from receipts.api.serializers import PersonForm
from workshop.lib.api.access import Access
from workshop.lib.api.filters import IdFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource
from workshop.lib.api.views import expansion


class NotificationForm(serializers.Serializer[Any]):
    """One message to one recipient, without his Telegram account. Words: `?expand=words`."""

    id = serializers.IntegerField()
    event_id = serializers.IntegerField()
    stream = serializers.CharField(source="event.stream", help_text="receipt:5, employee:2, …")
    employee = PersonForm(allow_null=True, help_text="null: a customer, or the work group")
    template = serializers.CharField()
    state = serializers.ChoiceField(choices=OutgoingMessage.STATES)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="when it is to be sent, or tried again")
    attempts = serializers.IntegerField()
    tried_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    possible_duplicate = serializers.BooleanField()


class NotificationFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=OutgoingMessage.STATES)
    employee = IdFilter("employee_id")
    template = filters.CharFilter(max_length=60)
    receipt = IdFilter(method="by_receipt")
    due_from = MomentFilter("due_at", lookup_expr="gte")
    due_to = MomentFilter("due_at", lookup_expr="lt")

    class Meta:
        model = OutgoingMessage
        fields: tuple[str, ...] = ()

    def by_receipt(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return rows.filter(event__stream=f"receipt:{int(value)}")


NOTIFICATIONS: Final = Resource(
    "notifications",
    NotificationForm,
    OutgoingMessage.objects.all,
    "system:read",
    many="Messages of the bot to people, the newest first.",
    one="A message of the bot to one recipient.",
    filters=NotificationFilter,
)


@expansion("notifications", "words")
def words(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """What it tells of, and why it was not sent, in the language that was asked for."""
    rows = OutgoingMessage.objects.filter(pk__in=ids).select_related("event")
    return {row.pk: {"about": about(row), "why": why(row)} for row in rows}


class Nothing(serializers.Serializer[Any]):
    """Nothing to say besides."""


class Retry(RowVerb):
    """Send a message again that failed or was given up."""

    scopes = {"POST": "system:manage"}
    of = NOTIFICATIONS
    key = "notice_id"
    body = Nothing
    lock = notice
    service = retry_notices

    def target(self) -> dict[str, Any]:
        found = super().target()
        pk = found.pop(self.key)
        self.of.read(pk)  # one that is not there is no rule of the queue
        return {**found, "notice_ids": [pk]}
