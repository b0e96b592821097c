"""Phones of people who press buttons by what they ask for: in memory and on the simulator."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db.models import Max

from botapp.dialogs import payload
from botapp.models import InboundUpdate
from botapp.testing import BOT_ID, BotDriver, MemoryPerson
from simulator.client import SimClient
from tests.faults.flows import Act, Press, Text


def fresh_bot() -> BotDriver:
    """A bot in memory whose update ids follow those that are stored: the inbox outlives it."""
    newest = InboundUpdate.objects.filter(bot_id=BOT_ID).aggregate(id=Max("update_id"))["id"]
    return BotDriver(_ids=count((newest or 0) + 1))


def fits(data: str, press: Press) -> bool:
    found = payload.parse(data)
    if found is None or found.nonce == payload.STATELESS or found.action != press.action:
        return False
    return press.value is None or found.value == press.value


def _only(found: list[str], press: Press, shown: str) -> str:
    if not found:
        raise AssertionError(f"{press} is not offered on:\n{shown}")
    return found[0]


class MemoryPhone:
    """On the bot in memory."""

    def __init__(self, person: MemoryPerson) -> None:
        self.person = person

    def find(self, press: Press) -> tuple[str, int]:
        """Payload and message of the button."""
        stored = self.person._live()
        keys = [key for row in stored.message.keys for key in row] if stored.message else []
        shown = f"{self.person.screen.text}\n{[key.label for key in keys]}"
        found = [key.payload for key in keys if fits(key.payload, press)]
        return _only(found, press, shown), stored.id

    def do(self, act: Act) -> None:
        if isinstance(act, Text):
            self.person.text(act.text)
        else:
            self.person.press_payload(*self.find(act))


class SimPhone:
    """On the simulator; acts are collected by the caller and sent in bulk."""

    def __init__(self, client: SimClient, person_id: int) -> None:
        self.client, self.id = client, person_id

    def update(self, act: Act) -> tuple[str, dict[str, Any]]:
        """("sends" or "presses", the entry of a bulk call)."""
        if isinstance(act, Text):
            return "sends", {"person": self.id, "text": act.text}
        screen = self.client.last_screen(self.id) or {"keyboard": [], "text": "", "id": 0}
        keys = [key for row in screen["keyboard"] for key in row]
        found = [key["callback_data"] for key in keys if fits(key.get("callback_data", ""), act)]
        shown = f"{screen['text']}\n{[key['text'] for key in keys]}"
        data = _only(found, act, shown)
        entry = {"person": self.id, "chat_id": self.id, "message_id": screen["id"], "data": data}
        return "presses", entry
