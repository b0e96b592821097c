"""What the bot's technical tables forget: done updates, old dialogues, old notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from botapp.models import Dialog, GroupCard, InboundChat, InboundUpdate, OutgoingMessage
from workshop.lib import clock

UPDATES_KEPT: Final = timedelta(days=7)
DIALOGS_KEPT: Final = timedelta(days=7)  # after they have expired
NOTICES_KEPT: Final = timedelta(days=90)
CHUNK: Final = 5_000  # rows per statement: nobody waits long for a lock


def clean_up() -> dict[str, int]:
    """Delete what is out of date; the number of rows per table. Waiting rows always stay."""
    now = clock.now()
    finished = InboundUpdate.objects.exclude(state=InboundUpdate.NEW)
    over = OutgoingMessage.objects.filter(state__in=[OutgoingMessage.SENT, OutgoingMessage.DEAD])
    over_cards = GroupCard.objects.filter(closed=True)
    known = InboundUpdate.objects.filter(chat_id=OuterRef("chat_id"))
    return {
        "updates": _delete(finished.filter(done_at__lt=now - UPDATES_KEPT)),
        "chats": _delete(InboundChat.objects.filter(~Exists(known), token="")),
        "dialogs": _delete(Dialog.objects.filter(expires_at__lt=now - DIALOGS_KEPT)),
        "cards": _delete(over_cards.filter(created_at__lt=now - NOTICES_KEPT)),
        "notices": _delete(over.filter(created_at__lt=now - NOTICES_KEPT)),
    }


def _delete(rows: QuerySet[InboundUpdate] | QuerySet[InboundChat] | QuerySet[Dialog]
            | QuerySet[OutgoingMessage] | QuerySet[GroupCard]) -> int:  # fmt: skip
    total = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        # The condition is asked again: a row may have come to life meanwhile.
        deleted, _by_model = rows.filter(pk__in=ids).delete()
        total += deleted
        if deleted < len(ids):
            break
    return total
