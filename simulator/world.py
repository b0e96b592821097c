"""The whole state of the simulated Telegram, and the one way messages change."""

import secrets
import time
from pathlib import Path
from typing import Any

from simulator.faults import Faults
from simulator.files import FileStore
from simulator.ledger import Ledger
from simulator.limits import LimitNumbers, Limits
from simulator.news import News
from simulator.people import People
from simulator.store import Store
from simulator.updates import UpdateQueue
from simulator.views import message_view

DEFAULT_TOKEN = "1000001:SIMULATOR-this-token-opens-nothing"  # noqa: S105 - public on purpose

Json = dict[str, Any]


class World:
    """Needs a running event loop (the queue's wake-up belongs to it).

    Every message is a record: id, chat_id, date (unix seconds), out (sent by the bot), deleted,
    edits (count), reply_keyboard (rows, empty when it was removed, None when the message says
    nothing about it), api (the message as the Bot API shows it).
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        token: str = DEFAULT_TOKEN,
        username: str = "repassage_demo_bot",
        limits: LimitNumbers | None = None,
        ledger_limit: int = 200_000,
    ) -> None:
        self.token = token
        self.store = Store(folder)
        self.shift = 0.0
        self._counters: dict[str, int] = dict(self.store.load("counter"))
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Репассаж",
            "username": username,
        }
        self.news = News()
        self.people = People(self.store)
        self.ledger = Ledger(self.store, self.now, ledger_limit)
        self.limits = Limits(self.now, limits)
        self.faults = Faults()
        # A fresh folder must not repeat update and callback ids a bot may still remember from
        # an earlier one, so both start from the calendar: four a second are never overtaken.
        self._base = (int(time.time()) - 1_577_836_800) * 4
        first = self._counters.get("update", self._base)
        self.queue = UpdateQueue(self.store, self.ledger, self.news, self.now, first)
        self.files = FileStore(self.store, folder, 1)
        self.messages: dict[int, dict[int, Json]] = {}
        for _, record in self.store.load("message"):
            self.messages.setdefault(record["chat_id"], {})[record["id"]] = record
        self.callbacks: dict[str, Json] = dict(self.store.load("callback"))
        self.notes: Json = dict(self.store.load("note"))
        for _, shift in self.store.load("shift"):
            self.shift = shift

    def revoke(self) -> str:
        """Another token for the same bot."""
        self.token = f"{self.bot['id']}:{secrets.token_urlsafe(27)[:35]}"
        return self.token

    def now(self) -> float:
        """Unix seconds of the simulator's clock, which can be shifted."""
        return time.time() + self.shift

    def shift_clock(self, seconds: float) -> None:
        self.shift += seconds
        self.store.put("shift", "clock", self.shift)

    def reset(self) -> None:
        """Forget everything but the counters: ids go on, so no bot sees one twice."""
        for part in (self.people, self.queue, self.files, self.ledger, self.faults):
            part.clear()
        self.messages.clear()
        self.callbacks.clear()
        self.notes.clear()
        self.shift = 0.0
        self.store.clear()
        self.store.put("counter", "update", self.queue.next_id)
        self.news.changed()
        self.news.publish({"type": "reset"})

    def next_number(self, name: str, base: int = 0) -> int:
        number = self._counters.get(name, base) + 1
        self._counters[name] = number
        self.store.put("counter", name, number)
        return number

    def next_callback_id(self) -> str:
        return str(self.next_number("callback", self._base) * 1_000_003)

    def note(self, key: str, value: Any) -> None:
        """Keep a small setting of the bot: its commands, its description."""
        self.notes[key] = value
        self.store.put("note", key, value)

    def add_message(self, chat_id: int, sender: Json, content: Json) -> Json:
        """Store a new message and tell the page; returns the record."""
        keyboard = None
        markup = content.get("reply_markup", {})
        if markup and "inline_keyboard" not in markup:
            # A Message shows inline keyboards only; the others belong to the person's screen.
            content = {key: value for key, value in content.items() if key != "reply_markup"}
            keyboard = markup.get("keyboard", [])
        number = self.next_number("message")
        now = self.now()
        api = {
            "message_id": number,
            "from": sender,
            "chat": self.people.chat(chat_id),
            "date": int(now),
            **content,
        }
        record = {
            "id": number,
            "chat_id": chat_id,
            "date": now,
            "out": sender["is_bot"],
            "deleted": False,
            "edits": 0,
            "reply_keyboard": keyboard,
            "api": api,
        }
        self.messages.setdefault(chat_id, {})[number] = record
        self._changed("message", record)
        return record

    def change_message(self, record: Json, content: Json) -> None:
        """Replace parts of a message; a part that is None disappears."""
        api = {**record["api"], **content, "edit_date": int(self.now())}
        record["api"] = {key: value for key, value in api.items() if value is not None}
        record["edits"] += 1
        self._changed("edit", record)

    def delete_message(self, record: Json) -> None:
        record["deleted"] = True
        self._changed("delete", record)

    def find_message(self, chat_id: int, number: int) -> Json | None:
        """The record, also of a deleted message; None when there never was one."""
        return self.messages.get(chat_id, {}).get(number)

    def _changed(self, kind: str, record: Json) -> None:
        self.store.put("message", f"{record['chat_id']}:{record['id']}", record)
        self.news.changed()
        if self.news.has_listeners:
            view = message_view(self, record)
            self.news.publish({"type": kind, "chat_id": record["chat_id"], "message": view})

    def add_callback(self, person_id: int, record: Json, data: str) -> str:
        callback_id = self.next_callback_id()
        callback = {
            "id": callback_id,
            "person": person_id,
            "chat_id": record["chat_id"],
            "message_id": record["id"],
            "data": data,
            "date": self.now(),
            "answer": None,
        }
        self.save_callback(callback)
        self._emit_callback(callback)
        return callback_id

    def save_callback(self, callback: Json) -> None:
        self.callbacks[callback["id"]] = callback
        self.store.put("callback", callback["id"], callback)
        self.news.changed()

    def _emit_callback(self, callback: Json) -> None:
        record = self.messages[callback["chat_id"]][callback["message_id"]]
        message = record["api"]
        if record["deleted"]:
            # Telegram shows a deleted message as inaccessible: chat, id and date 0.
            message = {"chat": message["chat"], "message_id": record["id"], "date": 0}
        update = {
            "id": callback["id"],
            "from": self.people.user(callback["person"]),
            "message": message,
            "chat_instance": str(abs(callback["chat_id"]) * 7_919),
            "data": callback["data"],
        }
        self.queue.emit("callback_query", update)

    def redeliver(self, callback: Json) -> None:
        """The same press once more under a new update id, as Telegram does when unanswered."""
        self._emit_callback(callback)
