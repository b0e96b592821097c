"""The day's phones on the simulator: the running bot, a Bot API over HTTP, real time in between."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Any

import time_machine
from django.db.models import F

from botapp.models import Dialog, GroupCard, InboundChat, InboundUpdate, OutgoingMessage
from botapp.tests.group_chat import GROUP
from botapp.tests.simulated import RunningBot, wait_until
from history.models import Outbox
from receipts.models import Photo
from simulator.client import SimClient
from simulator.testing import SimServer
from tests.day.memory import MORNING
from tests.day.phones import Bubble, Key
from workshop.lib import clock

PATIENCE = 60.0  # seconds; a bound for failures, never slept through


class SimulatedChat:
    """What a person does and sees, by the control API of the simulator."""

    def __init__(self, client: SimClient, person_id: int, chat_id: int = 0) -> None:
        self._client, self.person_id, self.chat_id = client, person_id, chat_id or person_id

    def bubbles(self) -> list[Bubble]:
        return [_bubble(one) for one in self._client.chat(self.person_id) if one["out"]]

    def type(self, text: str) -> None:
        self._client.send_text(self.person_id, text)

    def press(self, bubble: Bubble, key: Key) -> str:
        message = {"id": bubble.id, "chat_id": self.chat_id}
        call = self._client.press(self.person_id, data=key.sends, message=message)
        answer = self._client.answer(call, wait=PATIENCE)
        if answer is None:
            raise AssertionError(f"the press of {key.label!r} was never answered")
        return str(answer.get("text", ""))

    def photo(self, count: int, caption: str) -> None:
        if count > 1:
            self._client.send_album(self.person_id, count)
        else:
            self._client.send_photo(self.person_id, caption=caption)

    def sticker(self) -> None:
        self._client.sticker(self.person_id)

    def voice(self) -> None:
        self._client.voice(self.person_id)

    def forward(self, text: str) -> None:
        self._client.forward(self.person_id, text)

    def own(self) -> list[str]:
        mine = [one for one in self._client.chat(self.person_id) if not one["out"]]
        return [one["text"] for one in mine if one["text"] and not one.get("photo")]


class SimulatedGroupChat(SimulatedChat):
    """The work group, as one of its members sees it and acts in it."""

    def bubbles(self) -> list[Bubble]:
        return [_bubble(one) for one in self._client.chat(GROUP) if one["out"]]

    def type(self, text: str) -> None:
        self._client.send_text(self.person_id, text, chat_id=GROUP)

    def own(self) -> list[str]:
        return []  # a group is not the bot's to tidy


class SimulatedStage:
    """The simulator and the bot, each in threads of its own; the clock of the whole process."""

    def __init__(self, sim: SimServer, *, tick: bool = True) -> None:
        self.sim = sim
        self._travel = time_machine.travel(MORNING, tick=tick)
        self._bot = RunningBot(sim)

    def __enter__(self) -> SimulatedStage:
        self._clock = self._travel.start()
        self._bot.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bot.stop()
        self._travel.stop()
        if self._bot.error is not None and error is None:
            raise self._bot.error

    def chat(self, telegram_id: int, name: str) -> SimulatedChat:
        family, _space, given = name.partition(" ")
        self.sim.client.add_person(telegram_id, given, last_name=family, language_code="ru")
        return SimulatedChat(self.sim.client, telegram_id)

    def group_chat(self, telegram_id: int) -> SimulatedGroupChat:
        known = [one["id"] for one in self.sim.client.request("GET", "/sim/people")["groups"]]
        if GROUP not in known:
            people = self.sim.client.request("GET", "/sim/people")["people"]
            self.sim.client.add_group(GROUP, "Мастерская", [one["id"] for one in people])
        return SimulatedGroupChat(self.sim.client, telegram_id, GROUP)

    def settle(self) -> None:
        self.sim.client.pending(wait=PATIENCE)
        try:
            wait_until(lambda: not _under_way(), PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"the bot does not come to rest: {_under_way()}") from error

    def later(self, length: timedelta) -> None:
        self._clock.shift(length)

    def saw(self, phone: object, name: str) -> None:
        """Nobody takes pictures here."""


def _under_way() -> list[str]:
    """What the bot has not finished: updates, chats, screens, notices."""
    due = OutgoingMessage.objects.filter(due_at__lte=clock.now())
    # What a slow machine could not send at once is tried again soon.
    failed = OutgoingMessage.objects.filter(state=OutgoingMessage.FAILED)
    found = {
        "updates": InboundUpdate.objects.filter(state=InboundUpdate.NEW),
        "chats": InboundChat.objects.exclude(token=""),
        "screens": Dialog.objects.filter(wanted_revision__gt=F("shown_revision")),
        "events": Outbox.objects.filter(done_at__isnull=True),
        "photos": Photo.objects.filter(state=Photo.State.PENDING).exclude(source=""),
        "cards": GroupCard.objects.filter(wanted_revision__gt=F("shown_revision")),
        "notices": due.filter(state__in=(OutgoingMessage.WAITING, OutgoingMessage.CLAIMED)),
    }
    told = [f"{name}: {rows.count()}" for name, rows in found.items() if rows.exists()]
    return [
        *told,
        *(f"notice again: {error}" for error in failed.values_list("last_error", flat=True)),
    ]


def _bubble(message: dict[str, Any]) -> Bubble:
    rows = tuple(
        tuple(Key(key["text"], key.get("callback_data", "")) for key in row)
        for row in message["keyboard"]
    )
    file = message["document"]["name"] if message.get("document") else ""
    return Bubble(message["id"], message["text"], rows, bool(message.get("photo")), file)
