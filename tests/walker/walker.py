"""Walks over the bot's screens as a person would, breadth first, and looks at each of them.

Every act happens in a savepoint that is rolled back, and the messenger's memory is put back with
it: so a confirm may be pressed and the walk still goes on from where it was. A screen is followed
as long as it offers a button that was not pressed ``PATIENCE`` times yet.
"""

from __future__ import annotations

import copy
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from botapp.dialogs import payload, registry
from botapp.dialogs.markup import plain
from botapp.models import Dialog
from botapp.testing import BotDriver, MemoryPerson
from botapp.transport import memory
from history.models import Command, Event

OWN = frozenset({"_back", "_home", "_cancel", "_continue", "_page", "_retry"})
BROKEN = (
    "Этот экран нельзя показать",
    "This screen cannot be shown",
    "ошибка у нас",
    "an error of ours",
)
# What people type where text is expected: numbers, known and not; a date; a name.
TEXTS = (
    "W-2",
    "W-11",
    "W-777",
    "завтра 15:00",
    "Иван <b>& Петров",
)
MENUS = frozenset({"menu", "menu.more"})  # the same buttons lead elsewhere for each role
LEVELS = 14  # presses from the menu


@dataclass
class Node:
    """A screen with the way to it and everything that is needed to stand there again."""

    who: str
    person: MemoryPerson
    screen: str
    trail: tuple[str, ...]
    dialog: dict[str, Any]
    chat: dict[int, memory.Stored]
    topic: str = ""  # the receipt that is walked on its own
    after: int = 0  # presses since something was written


@dataclass
class Walker:
    """``run`` from the menu; ``reached`` are the screens, ``faults`` what was wrong with them."""

    bot: BotDriver
    numbers: Sequence[str] = ()  # typed on the menu: each opens its card
    everything: frozenset[str] = frozenset()  # who types them
    topics: frozenset[str] = frozenset()  # those whose screens are followed anew
    patience: int = 2  # how often a button is followed on screens of a kind
    reached: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    acts: int = 0
    look: Callable[[Walker, Node, bool], None] = lambda *_: None
    _followed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _queue: deque[Node] = field(default_factory=deque)
    _checked: set[str] = field(default_factory=set)

    def run(self, who: str, person: MemoryPerson) -> None:
        """Everything that this person can reach."""
        person.text("/start")
        start = self._stand(who, person, ())
        self._queue.append(start)
        self._visit_all()
        self._press_notices(start)
        self._visit_all()

    def _visit_all(self) -> None:
        while self._queue:
            self._visit(self._queue.popleft())

    def _press_notices(self, node: Node) -> None:
        """What has been told to this person has buttons too: one of each kind."""
        for stored in list(node.chat.values()):
            rows = stored.message.keys if stored.message and stored.notice else ()
            for key in (key for row in rows for key in row if key.payload):
                press = payload.parse(key.payload)
                if press is not None and self._is_new(node, press):
                    self._follow(node, key.label, data=key.payload, message_id=stored.id)

    # --- standing somewhere, and going back to it ---------------------------------------------

    def _stand(self, who: str, person: MemoryPerson, trail: tuple[str, ...]) -> Node:
        row = Dialog.objects.get(person_id=person.id)
        values = {
            one.attname: copy.deepcopy(getattr(row, one.attname))
            for one in Dialog._meta.concrete_fields
            if not one.primary_key
        }
        chat = {key: copy.copy(one) for key, one in self._chat(person).items()}
        return Node(who, person, row.screen, trail, values, chat)

    def _chat(self, person: MemoryPerson) -> dict[int, memory.Stored]:
        return self.bot.transport.chats.setdefault(person.id, {})

    @contextmanager
    def at(self, node: Node) -> Iterator[MemoryPerson]:
        """Stand at the node; whatever is done there is undone afterwards."""
        kept = self._chat(node.person)
        point = transaction.savepoint()
        try:
            Dialog.objects.filter(person_id=node.person.id).update(**copy.deepcopy(node.dialog))
            self.bot.transport.chats[node.person.id] = {
                key: copy.copy(one) for key, one in node.chat.items()
            }
            self.acts += 1
            yield node.person
        finally:
            transaction.savepoint_rollback(point)
            self.bot.transport.chats[node.person.id] = kept

    def keys(self, node: Node) -> list[tuple[payload.Press, str, str]]:
        """(parsed, payload, label) of the buttons of the node's screen."""
        stored = live(node.chat)
        keys = [key for row in stored.message.keys for key in row] if stored.message else []
        pressed = [(payload.parse(key.payload), key) for key in keys if key.payload]
        return [(press, key.payload, key.label) for press, key in pressed if press is not None]

    # --- the walk -----------------------------------------------------------------------------

    def _visit(self, node: Node) -> None:
        if node.screen not in self.reached:
            self.reached[node.screen] = node.trail
        self._look(node)
        if len(node.trail) >= LEVELS:
            return
        for press, data, label in self.keys(node):
            if press.action not in OWN and self._is_new(node, press):
                self._follow(node, label, data=data)
        screen = registry.find_screen(node.screen)
        texts = TEXTS
        if node.screen == "menu":
            texts = tuple(self.numbers) if node.who in self.everything else ()
        typing = screen is not None and screen.expects_text() and not node.topic
        if node.screen == "menu" or typing:
            for text in texts:
                if self._is_new(node, payload.Press("", "text", text)):
                    self._follow(node, f"«{text}»", text=text)

    def _is_new(self, node: Node, press: payload.Press, when: str = "") -> bool:
        """Buttons that lead elsewhere by their value count one by one, the others together."""
        value = press.value.partition("=")[0] if press.action in {"open", "now", "text"} else ""
        place = node.who if node.screen in MENUS else node.topic
        if value == "more":  # the second page of a card: other verbs for each receipt
            place = node.trail[-1]
        edge = (f"{node.screen} {when or place}", press.action, value)
        self._followed[edge] += 1
        once = press.action == "text" or bool(node.topic) or bool(when)
        return self._followed[edge] <= (1 if once else self.patience)

    def _follow(
        self, node: Node, label: str, *, data: str = "", text: str = "", message_id: int = 0
    ) -> None:
        """Press or type; an effect stands only as long as this is looked at."""
        trail = (*node.trail, label)
        before = written()
        with self.at(node) as person:
            try:
                if data:
                    person.press_payload(data, message_id or live(node.chat).id)
                else:
                    person.text(text)
            except (
                Exception
            ) as error:  # a bug of a screen: named with the way to it, the walk goes on
                self.fault(trail, f"{type(error).__name__}: {error}")
                return
            there = self._stand(node.who, person, trail)
            there.topic = text if text in self.topics and node.screen == "menu" else node.topic
            self.limits(there.chat, trail)
            if written() == before and not node.after:
                self._queue.append(there)
                return
            there.after = node.after + 1
            self._after_an_effect(there)

    def _after_an_effect(self, node: Node) -> None:
        """A screen that stands on what was written: looked at here and now, one press further."""
        self.reached.setdefault(node.screen, node.trail)
        self._look(node)
        if node.after > 1:
            return
        for press, data, label in self.keys(node):
            if press.action not in OWN and self._is_new(node, press, "after"):
                self._follow(node, label, data=data)

    def _look(self, node: Node) -> None:
        """Thoroughly at a screen that is new, shortly at one that is reached by a new way."""
        below = [one["screen"] for one in node.dialog["state"]["stack"][-2:]]
        first, way = node.screen not in self._checked, " < ".join(reversed(below))
        if way not in self._checked:
            self.look(self, node, first)
        self._checked |= {node.screen, way}

    def limits(self, chat: dict[int, memory.Stored], trail: tuple[str, ...]) -> None:
        """A screen, and no apology in its place. What it measures is the transport's to judge."""
        if live(chat).message is None:
            self.fault(trail, "no screen is shown")
            return
        shown = live_text(chat)
        if any(sign in shown for sign in BROKEN):
            self.fault(trail, f"broken: {shown[:200]}")

    def fault(self, trail: tuple[str, ...], text: str) -> None:
        self.faults.append(f"{' › '.join(trail) or 'menu'}: {text}")


def live(chat: dict[int, memory.Stored]) -> memory.Stored:
    """The screen of a chat."""
    screens = [one for one in chat.values() if one.message and not one.notice]
    return screens[-1] if screens else memory.Stored(0)


def live_text(chat: dict[int, memory.Stored]) -> str:
    message = live(chat).message
    return plain(message.html) if message else ""


def written() -> tuple[int, int]:
    """Nothing new here means that nothing was changed."""
    return Event.objects.count(), Command.objects.count()


def state_of(person: MemoryPerson) -> dict[str, Any]:
    """The dialogue as it is stored."""
    found: dict[str, Any] = Dialog.objects.get(person_id=person.id).state
    return found
