"""What is forgotten, and what must stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from botapp.cleanup import clean_up
from botapp.models import Dialog, InboundChat, InboundUpdate
from workshop.lib import clock


@pytest.mark.django_db
def test_old_rows_go_and_waiting_ones_stay() -> None:
    now = clock.now()
    for number, (state, days) in enumerate([("done", 8), ("done", 6), ("failed", 8), ("new", 99)]):
        InboundUpdate.objects.create(
            bot_id=1,
            update_id=number,
            chat_id=number,
            raw="{}",
            state=state,
            received_at=now - timedelta(days=days),
            done_at=None if state == "new" else now - timedelta(days=days),
        )
        InboundChat.objects.create(chat_id=number)
    for chat, days in ((1, -1), (2, 6), (3, 8)):
        expired = now - timedelta(days=days)
        Dialog.objects.create(chat_id=chat, person_id=chat, expires_at=expired)
    assert clean_up() == {"updates": 2, "chats": 2, "dialogs": 1, "cards": 0, "notices": 0}
    assert set(InboundUpdate.objects.values_list("state", flat=True)) == {"done", "new"}
    assert sum(clean_up().values()) == 0
