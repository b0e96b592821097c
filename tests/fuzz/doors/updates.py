"""Updates for a running webhook: Telegram's own with one part replaced, and what is no update."""

from __future__ import annotations

import contextlib
import copy
import http.client
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from botapp.models import InboundUpdate
from botapp.running import Webhook
from botapp.tests.simulated import RunningBot, settled
from botapp.transport.webhook import PATH, SECRET_HEADER
from simulator.testing import SimServer
from tests.faults.forgeries import FIRST_ID, ODD_PAYLOADS
from tests.faults.setup import free_port, wait_until
from tests.fuzz.judge import Fault
from tests.fuzz.values import LONG, deep, no_json, odd

SECRET: Final = "fuzz-secret"
REFUSED: Final = frozenset({400, 413})
WRONG: Final[tuple[Any, ...]] = (
    None, "", "x", "\x00", "\ud800", 0, -1, 1.5, 2**31, 2**52, 2**63, -(2**63), True, [], {}, [[]],
    {"id": 1}, ["x"], 1e300, "9" * 400,
)  # fmt: skip


class UpdateDoor:
    """A bot process in a thread that listens for updates; ``settle`` waits until it is idle."""

    name = "updates"

    def __init__(self, people: Sequence[int], stack: contextlib.ExitStack) -> None:
        self._sim = stack.enter_context(SimServer(limits=False))
        for person in people:
            self._sim.client.add_person(person, "X", started=True)
        self._port, self._people = free_port(), people
        self._bot: RunningBot | None = None
        stack.callback(self._stop)

    def _start(self) -> None:
        """For a piece: while it runs it would also take what is meant for the bot in memory."""
        url = f"http://127.0.0.1:{self._port}{PATH}"
        webhook = Webhook(url, SECRET, "127.0.0.1", self._port)
        self._bot = RunningBot(self._sim, webhook=webhook).start()

        def answers() -> bool:
            try:
                return self._post(b"{", SECRET) == 400
            except OSError:
                return False

        wait_until(answers)

    def _stop(self) -> None:
        bot, self._bot = self._bot, None
        if bot is not None:
            bot.stop()
            if bot.error is not None:
                raise bot.error

    def send(self, draw: random.Random) -> Iterator[Fault]:
        if self._bot is None:
            self._start()
        kind = draw.random()
        if kind < 0.2:
            body, right = no_json(draw) if kind < 0.15 else deep(draw), REFUSED
        else:
            body, right = self._update(draw), REFUSED | {200}
        secret = SECRET if draw.random() < 0.97 else odd(draw)[:50]
        if secret != SECRET:
            right = frozenset({400, 403})  # 400: such a header is none
        status = self._post(body, secret)
        if status not in right:
            told = "server_errors" if status >= 500 else "accepted"
            yield Fault(told, f"{status} {body[:300]!r}")

    def settle(self) -> Iterator[Fault]:
        """Nothing is given up, and the bot is still there."""
        settled(self._sim)
        self._stop()
        rows = InboundUpdate.objects.filter(state=InboundUpdate.FAILED, update_id__gte=FIRST_ID)
        for row in rows:
            yield Fault("given_up", f"{row.error[-200:]} {row.raw[:300]}")
        rows.delete()

    def _post(self, body: bytes, secret: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        value = secret.replace("\r", "").replace("\n", "").encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", SECRET_HEADER: value.decode("latin-1")}
        try:
            connection.request("POST", PATH, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    # --- updates --------------------------------------------------------------------------------

    def _update(self, draw: random.Random) -> bytes:
        """One part of it is wrong, or several; its number is nearly always a good one."""
        kind, body = self._good(draw)
        for _part in range(draw.choice((1, 1, 2, 4))):
            break_one(body, draw)
        number: Any = FIRST_ID + draw.randrange(2**40)
        if draw.random() < 0.05:
            number = draw.choice(WRONG)
        return json.dumps({"update_id": number, kind: body}).encode()

    def _good(self, draw: random.Random) -> tuple[str, dict[str, Any]]:
        who = draw.choice(self._people)
        user = {"id": who, "is_bot": False, "first_name": "Х", "language_code": "ru"}
        message: dict[str, Any] = {
            "message_id": draw.randrange(1, 10**6),
            "date": 1_790_000_000,
            "chat": {"id": who, "type": "private", "first_name": "Х"},
            "from": user,
        }
        member = {"user": {**user, "is_bot": True}, "status": "member"}
        press = {"id": "1", "from": user, "chat_instance": "1", "data": draw.choice(ODD_PAYLOADS)}
        size = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 9}
        origin = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
        text = {**message, "text": odd(draw)[:4096], "entities": _entities(draw)}
        kinds: tuple[tuple[str, dict[str, Any]], ...] = (
            ("message", text),
            ("message", {**text, "forward_origin": origin}),
            ("message", {**text, "reply_to_message": {**message, "text": "x"}}),
            ("message", {**message, "photo": [size, size], "caption": odd(draw)[:1024]}),
            ("message", {**message, "document": {**size, "file_name": odd(draw)[:60]}}),
            ("message", {**message, "contact": {"phone_number": "1", "first_name": "x"}}),
            ("edited_message", {**text, "edit_date": 1_790_000_001}),
            ("callback_query", {**press, "message": {**message, "text": "x"}}),
            ("callback_query", {**press, "inline_message_id": "1"}),
            ("my_chat_member", {
                "chat": message["chat"], "from": user, "date": 1, "old_chat_member": member,
                "new_chat_member": member,
            }),
        )  # fmt: skip
        kind, body = draw.choice(kinds)
        return kind, json.loads(json.dumps(body))


def _entities(draw: random.Random) -> list[dict[str, Any]]:
    offset, length = draw.choice(((0, 1), (5, 9), (-1, 2), (0, 10**6)))
    return [{"type": draw.choice(("bold", "url", "x")), "offset": offset, "length": length}]


def break_one(body: dict[str, Any], draw: random.Random) -> None:
    """Replace, remove or add one part, somewhere in the tree."""
    places = list(_places(body))
    holder, key = draw.choice(places)
    kind = draw.random()
    # A copy: what is put in may be broken next, and the input after it must not see that.
    wrong = copy.deepcopy(draw.choice(WRONG))
    if kind < 0.15 and isinstance(holder, dict):
        del holder[key]
    elif kind < 0.25 and isinstance(holder, dict):
        holder[odd(draw)[:30]] = wrong
    elif kind < 0.35:
        holder[key] = LONG[: draw.choice((300, 5_000, 60_000))]
    else:
        holder[key] = wrong


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(inside):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)
