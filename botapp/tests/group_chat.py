"""A group chat of the tests: people who write and press in it, and what all of them see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botapp.testing import BotDriver, SeenScreen, find_key, seen
from botapp.transport.port import Incoming, Person
from staff.models import Employee

GROUP = -1001


@dataclass
class GroupChat:
    """The group, as it stands there now."""

    bot: BotDriver
    id: int = GROUP
    title: str = "Мастерская"

    @property
    def messages(self) -> list[SeenScreen]:
        """Messages of the bot, in order."""
        chat = self.bot.transport.chats.get(self.id, {})
        return [seen(one) for one in chat.values() if one.message]

    def update(self, person: int, **values: Any) -> None:
        common: dict[str, Any] = {"chat_id": self.id, "private": False, "title": self.title}
        self.bot.feed(Incoming(person=Person(person, "", "en"), **(common | values)))

    def member(self, who: Employee | int) -> Member:
        number = who.telegram_id if isinstance(who, Employee) else who
        if number is None:
            raise ValueError(f"{who} has no Telegram account")
        return Member(self, number)


@dataclass
class Member:
    group: GroupChat
    id: int
    calls: list[str] = field(default_factory=list)

    def text(self, text: str) -> None:
        message_id = self.group.bot.transport.arrive(self.group.id, text)
        self.group.update(self.id, kind="text", message_id=message_id, text=text)

    def press(self, label: str, *, times: int = 1) -> str:
        """Press the newest button with this label; the toast."""
        chat = self.group.bot.transport.chats[self.group.id]
        for stored in reversed(list(chat.values())):
            if stored.message and label in seen(stored).buttons:
                key = find_key(stored, label)
                for _time in range(times):
                    toast = self.press_payload(key.payload, stored.id)
                return toast
        raise AssertionError(f"no button {label!r} in the group")

    def press_payload(self, payload: str, message_id: int) -> str:
        call = f"group-{self.id}-{len(self.calls)}"
        self.calls.append(call)
        self.group.update(
            self.id, kind="press", message_id=message_id, callback_id=call, payload=payload
        )
        return self.group.bot.transport.answers[call].text
