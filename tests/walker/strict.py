"""A messenger in memory that reads every message with the grammar and the limits of Telegram.

The grammar and the rules of keyboards are the simulator's, which follow the public Bot API server.
Nothing is refused here: what would be is kept in ``faults``, so that one walk names all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botapp.dialogs.markup import ELLIPSIS
from botapp.transport import memory
from botapp.transport.port import File, Message
from simulator.errors import BadRequest
from simulator.html_grammar import HtmlParser, utf16_length
from simulator.keyboards import MAX_DATA_BYTES, markup_of
from simulator.params import Params
from simulator.rich_text import MAX_CAPTION, MAX_TEXT

MAX_ANSWER = 200  # characters on top of the screen after a press
MAX_FILE_NAME = 60


@dataclass
class StrictTransport(memory.MemoryTransport):
    """``faults`` is what Telegram would refuse, ``longest`` how near the limits came."""

    faults: set[str] = field(default_factory=set)
    longest: dict[str, int] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)  # the first lines of texts that did not fit

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        self._read(message)
        return await super().send(chat_id, message, notice=notice)

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        self._read(message)
        await super().edit(chat_id, message_id, message)

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        self._measure("answer", utf16_length(text), MAX_ANSWER, text)
        await super().answer(callback_id, text, alert=alert)

    async def send_file(self, chat_id: int, file: File) -> int:
        self._measure("caption", utf16_length(file.caption), MAX_CAPTION, file.caption)
        self._measure("file name", len(file.name), MAX_FILE_NAME, file.name)
        return await super().send_file(chat_id, file)

    def _read(self, message: Message) -> None:
        try:
            text, _entities = HtmlParser(message.html).parse()
        except BadRequest as error:
            self.faults.add(f"{error}: {message.html[:200]}")
            return
        kind, limit = ("caption", MAX_CAPTION) if message.picture else ("text", MAX_TEXT)
        self._measure(kind, utf16_length(text), limit, text)
        if not text.strip():
            self.faults.add("a message without text")
        if text.endswith(ELLIPSIS):
            self.cut.add(text.partition("\n")[0])
        try:
            markup_of(Params({"reply_markup": keyboard(message.keys)}))
        except BadRequest as error:
            self.faults.add(f"{error}: {[key.label for row in message.keys for key in row]}")
        for key in (key for row in message.keys for key in row):
            self._measure("payload", len(key.payload.encode()), MAX_DATA_BYTES, key.payload)

    def _measure(self, name: str, size: int, limit: int, shown: str) -> None:
        self.longest[name] = max(size, self.longest.get(name, 0))
        if size > limit:
            self.faults.add(f"{name} of {size}, at most {limit}: {shown[:100]}")


def keyboard(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """The reply markup of a call as the Bot API gets it."""

    def button(key: Any) -> dict[str, str]:
        return {"text": key.label} | (
            {"url": key.url} if key.url else {"callback_data": key.payload}
        )

    return {"inline_keyboard": [[button(key) for key in row] for row in rows]}
