"""The day's phones on the bot in memory: everything in the thread of the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from django.db.models import Max

from botapp.dialogs.markup import plain
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.group_chat import GroupChat
from botapp.transport import memory
from history.models import Event
from tests.day.phones import Bubble, Key

# A Monday, nine o'clock in Moscow.
MORNING = datetime(2026, 11, 23, 6, tzinfo=UTC)


class MemoryChat:
    def __init__(self, person: MemoryPerson) -> None:
        self._person = person

    def bubbles(self) -> list[Bubble]:
        return [_bubble(one) for one in self._person._chat.values() if one.message or one.file]

    def type(self, text: str) -> None:
        self._person.text(text)

    def press(self, bubble: Bubble, key: Key) -> str:
        self._person.press_payload(key.sends, bubble.id)
        return self._person.toasts[-1]

    def photo(self, count: int, caption: str) -> None:
        self._person.photo(count, caption)

    def sticker(self) -> None:
        self._person.sticker()

    voice = sticker  # all the same to the bot: something that is neither text nor photo

    def forward(self, text: str) -> None:
        self._person.forward(text)

    def own(self) -> list[str]:
        # Photos and stickers stay: what was typed is read and deleted.
        return [text for text in self._person.own_messages if not text.startswith("(")]


class MemoryGroupChat(MemoryChat):
    """The work group, as one of its members sees it and acts in it."""

    def __init__(self, group: GroupChat, member: int) -> None:
        self._group, self._member = group, group.member(member)

    def bubbles(self) -> list[Bubble]:
        chat = self._group.bot.transport.chats.get(self._group.id, {})
        return [_bubble(one) for one in chat.values() if one.message]

    def type(self, text: str) -> None:
        self._member.text(text)

    def press(self, bubble: Bubble, key: Key) -> str:
        return self._member.press_payload(key.sends, bubble.id)

    def own(self) -> list[str]:
        return []  # a group is not the bot's to tidy


class MemoryStage:
    """Where the day is played: the bot, the post, the clock."""

    def __init__(self) -> None:
        self.bot = BotDriver()
        self._group = GroupChat(self.bot)
        self._told: int | None = None
        self._travel = time_machine.travel(MORNING, tick=True)

    def __enter__(self) -> MemoryStage:
        self._clock = self._travel.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._travel.stop()

    def later(self, length: timedelta) -> None:
        self._clock.shift(length)
        self._told = None  # what was planned may be due now

    def chat(self, telegram_id: int, name: str) -> MemoryChat:
        return MemoryChat(self.bot.person(telegram_id))

    def group_chat(self, telegram_id: int) -> MemoryGroupChat:
        return MemoryGroupChat(self._group, telegram_id)

    def settle(self) -> None:
        """Everything that was to be told has been told."""
        newest = Event.objects.aggregate(id=Max("id"))["id"]
        if newest != self._told:  # else there is nothing to tell: asked after every act
            self.bot.notify()
            self._told = newest

    def saw(self, phone: object, name: str) -> None:
        """Nobody takes pictures here."""


def _bubble(stored: memory.Stored) -> Bubble:
    if stored.file is not None:
        return Bubble(stored.id, stored.text, file=stored.file.name)
    message = stored.message
    assert message is not None
    rows = tuple(tuple(Key(key.label, key.payload) for key in row) for row in message.keys)
    return Bubble(stored.id, plain(message.html), rows, message.picture is not None)
