"""Texts and presses at the bot in memory: whatever comes, nothing is written and nothing breaks."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Sequence
from typing import Any, Final

from botapp.dialogs import payload
from botapp.testing import BotDriver, MemoryPerson
from tests.cast import Cast
from tests.faults import flows
from tests.faults.flows import Act, Press, Text
from tests.faults.forgeries import ODD_PAYLOADS
from tests.faults.phones import MemoryPhone
from tests.fuzz.judge import Fault
from tests.fuzz.values import odd

# Here any text is a remark, and writes.
WRITING: Final = frozenset({"comment"})
MENU: Final = tuple(range(10, 100, 10))
AGAIN: Final = 40  # inputs of one person until he is led to his screen anew
ACTIONS: Final = (
    "open", "confirm", "person", "mark", "next", "take", "pass", "now", "create", "record", "back",
    "home", "skip", "cancel", "_page", "_retry", "_home", "__init__", "receipt", "same", "undo",
)  # fmt: skip


class BotDoor:
    """Several people, each before a screen."""

    name = ""

    def __init__(self, cast: Cast, bot: BotDriver, people: Sequence[MemoryPerson]) -> None:
        """``people``: the same for every door, their presses are numbered."""
        self.bot, self.cast = bot, cast
        self._ways = list(_ways(cast, self.name))
        self._people = people
        self._sent = 0
        self._at: dict[int, Sequence[Act]] = {}

    def person(self, draw: random.Random) -> MemoryPerson:
        """Somebody before the screen that the input is for."""
        who = draw.choice(self._people)
        way = draw.choice(self._ways)
        self._sent += 1
        if who.id not in self._at or draw.random() < 1 / AGAIN:
            self._at[who.id] = way
            self.lead(who, way)
        return who

    def lead(self, who: MemoryPerson, way: Sequence[Act]) -> None:
        """As far as it goes: not everybody may open everything."""
        phone = MemoryPhone(who)
        for act in way:
            try:
                phone.do(act)
            except AssertionError:
                break

    def lost(self, who: MemoryPerson) -> Iterator[Fault]:
        """A person is never left without a screen with buttons."""
        if not who.screen.buttons:
            yield Fault("untold", f"no screen stands in the chat: {who.screen.text[:100]}")
        transport: Any = self.bot.transport
        for told in sorted(transport.faults):
            yield Fault("untold", f"Telegram would refuse it: {told}")
        transport.faults.clear()


def _ways(cast: Cast, name: str) -> Iterator[Sequence[Act]]:
    for number, make in enumerate(flows.FLOWS):
        flow = make(cast, f"Z{name}-{number}")
        if flow.name not in WRITING:
            yield flow.way
    for place in MENU:
        yield [Text("/menu"), Press("open", str(place))]


class TextDoor(BotDoor):
    """What people type, paste, forward; commands; what is no text at all."""

    name = "texts"

    def send(self, draw: random.Random) -> Iterator[Fault]:
        who, text = self.person(draw), self._text(draw)
        try:
            kind = draw.random()
            if kind < 0.85:
                who.text(text)
            elif kind < 0.95:
                who.forward(text)
            else:
                who.sticker()
        except Exception as error:
            del self._at[who.id]
            yield Fault("server_errors", f"{text[:80]!r}: {type(error).__name__} {error}")
            return
        yield from self.lost(who)

    def _text(self, draw: random.Random) -> str:
        made = odd(draw)
        kind = draw.random()
        if kind < 0.1:
            words = ("/start ", "/menu ", "/cancel", "/link ", "/", "//", "/start r_")
            return draw.choice(words) + made
        if kind < 0.3:  # nearly a number, a day, an amount
            letters = "0123456789-+.,:/ №WW\u00a0\u0660"
            return "".join(draw.choices(letters, k=draw.randrange(1, 24)))
        if kind < 0.35:
            return "\n".join(odd(draw)[:200] for _line in range(draw.randrange(2, 60)))
        return made


class CallbackDoor(BotDoor):
    """Payloads of no button: of old keyboards, of others' screens, crafted, mangled."""

    name = "callbacks"

    def send(self, draw: random.Random) -> Iterator[Fault]:
        who = self.person(draw)
        message = who._live().message
        offered = [key.payload for row in message.keys for key in row] if message else []
        data, answers = self._payload(draw, offered), len(who.toasts)
        if data in offered:
            return
        message_id = draw.choice((who._live().id, who._live().id, 1, 0, 10**9))
        try:
            who.press_payload(data, message_id)
        except Exception as error:
            del self._at[who.id]
            yield Fault("server_errors", f"{data!r}: {type(error).__name__} {error}")
            return
        yield from self.lost(who)
        if len(who.toasts) != answers + 1:
            yield Fault("untold", f"{data!r} is not answered")

    def _payload(self, draw: random.Random, offered: Sequence[str]) -> str:
        kind = draw.random()
        if kind < 0.25 or not offered:
            return draw.choice(ODD_PAYLOADS) if kind < 0.15 else odd(draw)
        real = draw.choice(offered)
        found = payload.parse(real)
        if kind < 0.5 or found is None:  # mangled
            at = draw.randrange(len(real) + 1)
            more = draw.choice(("", "x", ":", "\x00", "9" * 30, "🔥", "٣"))
            return real[:at] + more + real[at + draw.randrange(3) :]
        nonce = found.nonce if kind < 0.9 else "".join(draw.choices(string.ascii_letters, k=3))
        value = draw.choice((*_VALUES, odd(draw)[:40]))
        return f"1:{nonce}:{draw.choice((found.action, *ACTIONS))}:{value}"


_VALUES: Final = ("", "0", "-1", "999999999", "9" * 25, "1=1", "x", "\x00", "=", "1=1,2=2")
