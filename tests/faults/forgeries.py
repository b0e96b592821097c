"""What an attacker could send: updates that Telegram never made, and presses of others' buttons.

Every function yields (body of a POST to the webhook, its secret, the answers that are right).
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

Json = dict[str, Any]
OK: Final = frozenset({200})
FORBIDDEN: Final = frozenset({403})
BAD: Final = frozenset({400, 413})
FIRST_ID: Final = 700_000_000  # beyond every update of the run
BIG: Final = 2 * 1024 * 1024

# Old and foreign formats, other languages, other programs, and what breaks parsers.
ODD_PAYLOADS: Final = (
    "", ":", "::::", "1", "1:", "1:x", "0:abc:confirm:", "2:abc:confirm:", "1:-:", "1:-:receipt:",
    "1:-:receipt:0", "1:-:receipt:-1", "1:-:receipt:99999999999999999999", "1:-:receipt:1e9",
    "1:-:receipt:1 OR 1=1", "1:-:receipt:١", "1:-:no_such_opener:1", "1:-:confirm:",
    "1:-:create:", "1:-:_home:", "1:abc:__init__:", "1:abc:view:", "1:abc:enter:",
    "1:abc:on_text:x", "1:abc:do_confirm:", "1:abc:_retry:", "1:abc:_back:", "1:abc:_page:-1",
    "1:abc:_page:99999999999", "1:abc:now:pass=quality_control", "1:abc:confirm:\u202e", "\x00",
    "1:abc:confirm:\x00", "{}", '{"action":"confirm"}', "<b>", "'; DROP TABLE receipts;--",
    "../../etc/passwd", "🔥" * 16, "1:" + "a" * 12 + ":confirm:" + "9" * 40, "a" * 64, "1:abc:" * 9,
)  # fmt: skip
ODD_TEXTS: Final = (
    "/start", "/start r_", "/start r_AAAAAAAAAAAAAAAA", "/start t_AAAAAAAAAAAAAAAA",
    "/start AAAAAAAAAAAAAAAAAAAAAA", "/start ../..", "/start " + "x" * 64, "/menu", "/cancel",
    "/link", "/link@bot", "/unlink", "/admin", "1", "101", "' OR 1=1 --", "<script>", "\x00\x01",
    "\u202e101", "🔥" * 500, "9" * 4096, "К" * 4096,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A person before a keyboard that writes; ``pressed`` is the update of his press, if he did."""

    person_id: int
    message_id: int
    payload: str
    offered: frozenset[str]
    pressed: Json | None


@dataclass(frozen=True)
class Forgery:
    name: str
    body: bytes
    secret: str | None
    right: frozenset[int]


class Forger:
    """Endless forgeries of one seed; ``outsiders`` have no access (strangers, leavers)."""

    def __init__(
        self, rng: random.Random, secret: str, targets: list[Target], outsiders: list[int]
    ) -> None:
        self.rng, self.secret = rng, secret
        self.targets, self.outsiders = targets, outsiders
        self.pressed = [one.pressed for one in targets if one.pressed is not None]
        self._ids = count(FIRST_ID)
        self.kinds: tuple[Callable[[], Forgery], ...] = (
            self.without_secret,
            self.with_wrong_secret,
            self.not_an_update,
            self.foreign_button,
            self.foreign_button_in_the_chat_of_the_victim,
            self.button_in_a_group,
            self.crafted_payload,
            self.crafted_payload_of_an_outsider,
            self.replayed_under_its_id,
            self.replayed_under_a_new_id,
            self.text_of_an_outsider,
            self.of_nobody,
        )

    def __iter__(self) -> Iterator[Forgery]:
        for kind in self._turns():
            yield kind()

    def _turns(self) -> Iterator[Callable[[], Forgery]]:
        while True:
            yield from self.kinds

    # --- at the door ------------------------------------------------------------------------

    def without_secret(self) -> Forgery:
        return Forgery("no secret", self._json(self._replay()), None, FORBIDDEN)

    def with_wrong_secret(self) -> Forgery:
        wrong = self.rng.choice(
            [
                "",
                " ",
                self.secret[:-1],
                self.secret + "x",
                self.secret.upper(),
                self.secret[::-1],
                f"{self.secret[:-1]}\u00e9",
                "x" * 4000,
                "".join(self.rng.choices(string.ascii_letters, k=len(self.secret))),
            ]
        )
        return Forgery("wrong secret", self._json(self._replay()), wrong, FORBIDDEN)

    def not_an_update(self) -> Forgery:
        """The secret leaked, or a proxy mangled the body: nothing is stored."""
        message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}
        body = self.rng.choice(
            [
                b"",
                b"{",
                b"null",
                b"[]",
                b"7",
                b'"text"',
                b"\xff\xfe{}",
                b"{}",
                b"[" * 100_000,
                b'{"a":' * 50_000,
                b" " * BIG,
                b'{"update_id":' + b"9" * 5000 + b"}",
                *(
                    self._json({"update_id": odd, "message": message})
                    for odd in (None, "1", 1.5, True, -1, 2**63, 2**200, [1], {})
                ),
                *(
                    self._json({"update_id": next(self._ids), "message": odd})
                    for odd in ("text", [], 7, {"chat": 5}, {"chat": {"id": "5"}},
                                {"chat": {"id": 2**63}}, {"chat": {"id": 5}, "from": {"id": 2**70}})
                ),
            ]
        )  # fmt: skip
        return Forgery("not an update", body, self.secret, BAD)

    # --- through the door, as Telegram would pass it on ---------------------------------------

    def foreign_button(self) -> Forgery:
        """The victim's button, copied or forwarded into the attacker's own chat."""
        one, attacker = self.rng.choice(self.targets), self._outsider()
        return self._press("foreign button", attacker, attacker, one.message_id, one.payload)

    def foreign_button_in_the_chat_of_the_victim(self) -> Forgery:
        one = self.rng.choice(self.targets)
        return self._press(
            "foreign button, victim's chat", self._outsider(), one.person_id, one.message_id,
            one.payload,
        )  # fmt: skip

    def button_in_a_group(self) -> Forgery:
        """Pressed in a chat that is no private one, by the victim himself or somebody else."""
        one = self.rng.choice(self.targets)
        who = self.rng.choice([one.person_id, self._outsider()])
        payload = self.rng.choice([one.payload, "1:-:group_accept:1", "1:-:group_submit:1:x"])
        chat = {"id": -self.rng.randint(1, 10**12), "type": "supergroup", "title": "Группа"}
        return self._press("button in a group", who, chat, one.message_id, payload)

    def crafted_payload(self) -> Forgery:
        """An employee with a modified client: nonces that exist, actions that were not offered."""
        one, other = self.rng.sample(self.targets, 2)
        payload = self._odd_payload(one.payload, other.payload)
        if payload in one.offered:  # then it would be his right
            payload = f"1:{payload.split(':')[1]}:forged:"
        return self._press("crafted payload", one.person_id, one.person_id, one.message_id, payload)

    def crafted_payload_of_an_outsider(self) -> Forgery:
        attacker, one = self._outsider(), self.rng.choice(self.targets)
        payload = self._odd_payload(one.payload, one.payload)
        return self._press("crafted payload of an outsider", attacker, attacker, 1, payload)

    def replayed_under_its_id(self) -> Forgery:
        return Forgery("replay, same id", self._json(self._replay()), self.secret, OK)

    def replayed_under_a_new_id(self) -> Forgery:
        update = {**self._replay(), "update_id": next(self._ids)}
        return Forgery("replay, new id", self._json(update), self.secret, OK)

    def text_of_an_outsider(self) -> Forgery:
        text = self.rng.choice([*ODD_TEXTS, self._noise(64), f"/start {self._noise(22)}"])
        who = self._outsider()
        message = {**self._message(who, who), "text": text}
        if self.rng.random() < 0.2:
            message["forward_origin"] = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
        return self._update("text of an outsider", "message", message)

    def of_nobody(self) -> Forgery:
        """Kinds nobody asked for, and senders that are no people."""
        one = self.rng.choice(self.targets)
        press = {"id": "1", "chat_instance": "1", "data": one.payload}
        channel = {"id": -1001, "type": "channel", "title": "x"}
        kind, body = self.rng.choice(
            [
                ("callback_query", {**press, "from": self._user(self._outsider()),
                                    "inline_message_id": "abc"}),
                ("callback_query", {**press, "from": {**self._user(one.person_id), "is_bot": True},
                                    "message": self._message(one.person_id, one.person_id)}),
                ("channel_post", {"message_id": 1, "date": 1, "chat": channel, "text": "/menu"}),
                ("message", {"message_id": 1, "date": 1, "sender_chat": channel,
                             "chat": {"id": -1002, "type": "supergroup", "title": "x"},
                             "text": "/menu"}),
                ("edited_message", {**self._message(self._outsider(), one.person_id),
                                    "edit_date": 2, "text": "/menu"}),
                ("inline_query", {"id": "1", "from": self._user(self._outsider()), "query": "101",
                                  "offset": ""}),
                ("business_message", {**self._message(self._outsider(), one.person_id),
                                      "business_connection_id": "1", "text": "/menu"}),
                ("no_such_kind", {"id": 1}),
            ]
        )  # fmt: skip
        return self._update("of nobody", kind, body)

    # --- parts ------------------------------------------------------------------------------

    def _outsider(self) -> int:
        return self.rng.choice(self.outsiders)

    def _noise(self, most: int) -> str:
        return "".join(
            self.rng.choices(string.printable + "ЖЙ№🔥\u202e", k=self.rng.randint(1, most))
        )

    def _odd_payload(self, mine: str, foreign: str) -> str:
        nonce = mine.split(":")[1]
        action = self.rng.choice(
            ["confirm", "create", "take", "record", "now", "waive", "void", "deactivate", "person",
             "mark", "next", "_retry", "_skip", "_continue", "no_such_action"]
        )  # fmt: skip
        value = self.rng.choice(["", "0", "-1", "999999", "pass=quality_control", "issue=ready"])
        return self.rng.choice(
            [
                self.rng.choice(ODD_PAYLOADS),
                foreign if foreign != mine else "1:abc:confirm:",
                f"1:{nonce}:forged_{self._letters(6)}:",
                f"1:{nonce}:{action}:{value}",
                f"1:{self._letters(7)}:{action}:{value}",
                f"2:{nonce}:{action}:{value}",
                self._noise(30),
            ]
        )

    def _letters(self, length: int) -> str:
        return "".join(self.rng.choices(string.ascii_lowercase, k=length))

    def _replay(self) -> Json:
        return self.rng.choice(self.pressed)

    def _user(self, who: int) -> Json:
        return {"id": who, "is_bot": False, "first_name": "Х", "language_code": "ru"}

    def _message(self, who: int, chat: int | Json) -> Json:
        place = chat if isinstance(chat, dict) else {"id": chat, "type": "private"}
        return {
            "message_id": self.rng.randint(1, 10**6),
            "date": 1_790_000_000,
            "chat": place,
            "from": self._user(who),
        }

    def _press(
        self, name: str, who: int, chat: int | Json, message_id: int, payload: str
    ) -> Forgery:
        message = {**self._message(1_000_001, chat), "message_id": message_id, "text": "x"}
        press = {
            "id": str(self.rng.randint(1, 10**18)),
            "from": self._user(who),
            "chat_instance": "1",
            "message": message,
            "data": payload,
        }
        return self._update(name, "callback_query", press)

    def _update(self, name: str, kind: str, body: Json) -> Forgery:
        update = {"update_id": next(self._ids), kind: body}
        return Forgery(name, self._json(update), self.secret, OK)

    @staticmethod
    def _json(value: Any) -> bytes:
        return json.dumps(value).encode()
