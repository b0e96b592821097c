"""What Prometheus is told of the bot: what came in, what is to leave. Bounded reads."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q

from botapp.models import Dialog, InboundUpdate, OutgoingMessage
from history.gauges import queue
from workshop.lib import clock
from workshop.lib.telemetry import Reading

OPEN = (OutgoingMessage.WAITING, OutgoingMessage.CLAIMED, OutgoingMessage.FAILED)


def read() -> Iterator[Reading]:
    """``screens``: drawn anew by the sweep because the chat does not show what it should."""
    now = clock.now()
    arrived = InboundUpdate.objects.filter(state=InboundUpdate.NEW)
    yield from queue("inbox", arrived, "received_at", at=now)
    due = OutgoingMessage.objects.filter(state__in=OPEN, due_at__lte=now)
    yield from queue("notices", due, "due_at", at=now)
    behind = Q(wanted_revision__gt=F("shown_revision")) | Q(former_message_id__isnull=False)
    screens = Dialog.objects.filter(behind, show_after__lte=now)
    yield from queue("screens", screens, "show_after", at=now)
