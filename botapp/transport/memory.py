"""A messenger in memory, as strict as Telegram where our code could go wrong. For tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from botapp.dialogs.markup import plain, units
from botapp.transport.port import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    File,
    Message,
    MessageGone,
    Refused,
    Unreachable,
)

PAYLOAD_LIMIT = 64
TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "a", "blockquote"})


@dataclass
class Stored:
    """A message of a chat as it stands there now."""

    id: int
    message: Message | None = None  # None: written by the person
    text: str = ""
    notice: bool = False
    file: File | None = None
    edits: int = 0


@dataclass(frozen=True)
class Toast:
    text: str
    alert: bool = False


class _Grammar(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in TAGS:
            raise Refused(f"can't parse entities: unsupported tag {tag}")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refused(f"can't parse entities: unexpected end tag {tag}")


def check(message: Message) -> None:
    """Refused, as Telegram would, for broken markup, long texts, bad keys."""
    grammar = _Grammar()
    grammar.feed(message.html)
    if grammar.open or re.search(r"<(?!/?[a-z])", message.html):
        raise Refused("can't parse entities")
    text = plain(message.html)
    if not text.strip():
        raise Refused("message text is empty")
    if units(text) > (CAPTION_LIMIT if message.picture or message.document else TEXT_LIMIT):
        raise Refused("message is too long")
    for key in (key for row in message.keys for key in row):
        if not key.label.strip() or len(key.payload.encode()) > PAYLOAD_LIMIT:
            raise Refused("BUTTON_DATA_INVALID")


@dataclass
class MemoryTransport:
    """Chats with their messages, answers to presses, files; ``fail`` scripts errors."""

    chats: dict[int, dict[int, Stored]] = field(default_factory=dict)
    answers: dict[str, Toast] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    fail: list[Exception] = field(default_factory=list)
    last_id: int = 0

    def arrive(self, chat_id: int, text: str = "") -> int:
        """A message of the person; its id."""
        return self._keep(chat_id, Stored(0, text=text))

    def _keep(self, chat_id: int, stored: Stored) -> int:
        self.last_id += 1
        stored.id = self.last_id
        self.chats.setdefault(chat_id, {})[stored.id] = stored
        return stored.id

    def _try(self, chat_id: int) -> None:
        if self.fail:
            raise self.fail.pop(0)
        if chat_id in self.blocked:
            raise Unreachable("bot was blocked by the user")

    async def turn(self, chat_id: int) -> None:
        """Memory has no limits."""

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        self._try(chat_id)
        check(message)
        return self._keep(chat_id, Stored(0, message=message, notice=notice))

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        self._try(chat_id)
        check(message)
        stored = self.chats.get(chat_id, {}).get(message_id)
        if stored is None or stored.message is None:
            raise MessageGone("message to edit not found")
        if (stored.message.picture is None) != (message.picture is None):
            raise MessageGone("there is no text in the message to edit")
        stored.edits += stored.message != message
        stored.message = message

    async def delete(self, chat_id: int, message_id: int) -> None:
        self.chats.get(chat_id, {}).pop(message_id, None)

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        self.answers.setdefault(callback_id, Toast(text, alert))

    async def send_file(self, chat_id: int, file: File) -> int:
        self._try(chat_id)
        return self._keep(chat_id, Stored(0, file=file, text=file.caption))

    async def fetch_file(self, file_id: str) -> bytes:
        return self.files[file_id]
