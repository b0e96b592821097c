"""The history as it was recorded, told in words besides. Read-only for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import exceptions, serializers
from rest_framework.request import Request

from history.models import Event, Stream
from history.render import line
from history.selectors import readable
from workshop.lib.api.access import Access
from workshop.lib.api.filters import IdFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.views import ListView, RowView, expansion


class EventForm(serializers.Serializer[Any]):
    """One fact. `payload` holds ids and old → new, never a customer's personal data."""

    id = serializers.IntegerField()
    stream = serializers.CharField(help_text="receipt:5, employee:2, catalogue:…")
    sequence = serializers.IntegerField()
    kind = serializers.CharField()
    version = serializers.IntegerField()
    payload = serializers.DictField()
    actor_kind = serializers.CharField()
    actor_id = serializers.IntegerField(allow_null=True)
    actor = serializers.CharField(source="actor_label")
    channel = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    correlation_id = serializers.CharField()
    hash = serializers.CharField()


class EventFilter(filters.FilterSet):
    stream = filters.CharFilter(max_length=80)
    kind = filters.CharFilter(max_length=60)
    channel = filters.CharFilter(max_length=10)
    actor_kind = filters.CharFilter(max_length=12)
    actor = IdFilter("actor_id")
    occurred_from = MomentFilter("occurred_at", lookup_expr="gte")
    occurred_to = MomentFilter("occurred_at", lookup_expr="lt")

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()


class Events(ListView):
    """All that happened, the newest first; `?ordering=id` follows it from the beginning."""

    resource = "events"
    form = EventForm
    scopes: ClassVar = {"GET": "history:read"}
    filters = EventFilter

    def rows(self) -> QuerySet[Any]:
        return readable(self.access.scopes)


class OneEvent(RowView, Events):
    """One event."""


class ReceiptEvents(Events):
    """What happened to one receipt. 404 for one that is not there: each has an event at least."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not Stream.objects.filter(name=self.stream).exists():
            raise exceptions.NotFound

    @property
    def stream(self) -> str:
        return f"receipt:{self.kwargs['pk']}"

    def rows(self) -> QuerySet[Any]:
        return Event.objects.filter(stream=self.stream)


@expansion("events", "words")
def words(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """Each event in words, in the language that was asked for."""
    return {event.pk: line(event).words for event in Event.objects.filter(pk__in=ids)}
