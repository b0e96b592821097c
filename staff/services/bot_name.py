"""What the bot is called, learned from the messenger: the office needs it for its links."""

from __future__ import annotations

from typing import Final

from staff.models import BotName
from workshop.lib import clock

ONLY_ROW: Final = 1


def remember_bot(username: str) -> None:
    """Called by the bot at its start. Technical: no event, a name that stays is not written."""
    if not username or BotName.objects.filter(pk=ONLY_ROW, username=username).exists():
        return
    BotName.objects.update_or_create(
        pk=ONLY_ROW, defaults={"username": username[:64], "told_at": clock.now()}
    )
