"""The queue of updates with the Bot API's offset semantics, and long polling.

Updates are kept as bytes, frozen at the moment they were made: a later edit of a message does
not change what an earlier update says.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from typing import Any

import orjson

from simulator.errors import ApiError
from simulator.ledger import Ledger
from simulator.news import News
from simulator.store import Store

MAX_AGE_SECONDS = 24 * 3600
MAX_POLL_SECONDS = 50
# The kinds Telegram leaves out unless a bot asks for them by name.
_ONLY_ON_REQUEST = frozenset(("chat_member", "message_reaction", "message_reaction_count"))


class UpdateQueue:
    def __init__(
        self, store: Store, ledger: Ledger, news: News, now: Callable[[], float], first_id: int
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._news = news
        self._now = now
        self._poll: asyncio.Future[str] | None = None
        self.settings: dict[str, Any] = {"allowed": [], "webhook": None}
        self.pending: dict[int, tuple[float, str]] = {}
        self._replays: set[int] = set()
        for _, raw in store.load("queue"):
            self.settings = raw
        for key, (created, body) in store.load("update"):
            self.pending[int(key)] = (created, body)
        self.next_id = first_id

    def clear(self) -> None:
        self.pending.clear()
        self._replays.clear()
        self.settings = {"allowed": [], "webhook": None}
        self._news.changed()

    def emit(self, kind: str, payload: Any) -> int | None:
        """Queue an update; None when the bot did not allow this kind."""
        allowed = self.settings["allowed"]
        if (allowed and kind not in allowed) or (not allowed and kind in _ONLY_ON_REQUEST):
            return None
        number = self.next_id
        self.emit_raw({"update_id": number, kind: payload})
        return number

    def emit_raw(self, update: dict[str, Any]) -> None:
        """Queue exactly this update, its id included.

        An id from the past is a replay: it is delivered once, though the bot's offset is already
        beyond it.
        """
        number = update["update_id"]
        if number < self.next_id:
            self._replays.add(number)
        self.next_id = max(self.next_id, number + 1)
        record = (self._now(), orjson.dumps(update).decode())
        self.pending[number] = record
        self._store.put("update", number, record)
        self._store.put("counter", "update", self.next_id)
        self._wake()

    def _wake(self) -> None:
        self._news.changed()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result("")

    def save_settings(self) -> None:
        self._store.put("queue", "settings", self.settings)

    def allow(self, kinds: list[str] | None) -> None:
        """None leaves the former choice, as in Telegram; an empty list means the default."""
        if kinds is not None and kinds != self.settings["allowed"]:
            self.settings["allowed"] = kinds
            self.save_settings()

    def confirm(self, numbers: Iterable[int]) -> None:
        confirmed = list(numbers)
        for number in confirmed:
            del self.pending[number]
            self._store.drop("update", number)
        if confirmed:
            self._ledger.add("confirmed", update_ids=confirmed)
            self._news.changed()

    def drop_all(self) -> None:
        self.confirm(list(self.pending))

    def _forget_old(self) -> None:
        limit = self._now() - MAX_AGE_SECONDS
        old = takewhile(lambda item: item[1][0] < limit, self.pending.items())
        self.confirm([number for number, _ in old])

    @property
    def polling(self) -> bool:
        """A long poll waits right now."""
        return self._poll is not None and not self._poll.done()

    def interrupt(self, reason: str) -> None:
        """End the poll that waits now with 409, whose text is `reason`."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)

    async def poll(self, *, offset: int, limit: int, seconds: float) -> list[str]:
        """The next updates as JSON texts. Raises ApiError 409 when another poll takes over."""
        if self.settings["webhook"]:
            raise ApiError(
                409,
                "can't use getUpdates method while webhook is active;"
                " use deleteWebhook to delete the webhook first",
            )
        self.interrupt(
            "terminated by other getUpdates request;"
            " make sure that only one bot instance is running"
        )
        self._forget_old()
        if offset > 0:
            old = (number for number in self.pending if number < offset)
            self.confirm([number for number in old if number not in self._replays])
        elif offset < 0:
            self.confirm(list(self.pending)[:offset])
        if not self.pending and seconds > 0:
            await self._sleep(min(seconds, MAX_POLL_SECONDS))
        batch = list(islice(self.pending, min(max(limit, 1), 100)))
        if batch:
            self._replays.difference_update(batch)
            self._ledger.add("delivered", update_ids=batch, by="polling")
        return [self.pending[number][1] for number in batch]

    async def _sleep(self, seconds: float) -> None:
        mine = self._poll = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait((mine,), timeout=seconds)
        finally:
            if self._poll is mine:
                self._poll = None
        if mine.done() and mine.result():
            raise ApiError(409, mine.result())
