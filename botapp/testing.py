"""For tests of flows: people who see texts and buttons, and a bot that answers them at once.

``BotDriver`` runs the whole path – inbox, claim, step, reply – in the thread of the test, on the
messenger in memory; so it works inside an ordinary ``db`` test transaction.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol, TypeVar

from botapp import delivery, group_cards, inbox, reply, step, sweep
from botapp.dialogs.markup import plain
from botapp.models import InboundUpdate
from botapp.reply import Shown
from botapp.transport import memory
from botapp.transport.port import Arrived, File, Incoming, Key, Person, Photo
from history.relay import relay_outbox
from staff.models import Employee

BOT_ID = 1
OWNER = "test"
MAX_ROUNDS = 100
T = TypeVar("T")


@dataclass(frozen=True)
class SeenScreen:
    """What a person sees: the text without tags, and the labels of the buttons."""

    message_id: int
    text: str
    rows: tuple[tuple[str, ...], ...]
    html: str = ""
    picture: bool = False

    @property
    def buttons(self) -> list[str]:
        return [label for row in self.rows for label in row]

    def __contains__(self, text: str) -> bool:
        return text in self.text


class PersonDriver(Protocol):
    """A person with a phone; the same for the bot in memory and for the one on the simulator."""

    id: int

    def text(self, text: str) -> SeenScreen: ...
    def press(self, label: str, *, times: int = 1) -> SeenScreen: ...
    def photo(self, count: int = 1, caption: str = "") -> SeenScreen: ...
    def sticker(self) -> SeenScreen: ...
    def forward(self, text: str) -> SeenScreen: ...

    @property
    def screen(self) -> SeenScreen: ...
    @property
    def toasts(self) -> list[str]: ...
    @property
    def notices(self) -> list[SeenScreen]: ...
    @property
    def files(self) -> list[File]: ...


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits (the messenger in memory) without an event loop."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise RuntimeError("the messenger in memory must not wait")


@dataclass
class BotDriver:
    """The bot in memory. ``raising`` lets a bug of a screen reach the test (the default)."""

    raising: bool = True
    transport: memory.MemoryTransport = field(default_factory=memory.MemoryTransport)
    pause: bool = False  # updates are stored, nobody handles them
    _ids: Any = field(default_factory=lambda: count(1))

    def person(self, who: Employee | int, *, language: str = "ru") -> MemoryPerson:
        """A phone of an employee (by his Telegram id) or of a stranger with that id."""
        telegram_id = who.telegram_id if isinstance(who, Employee) else who
        if telegram_id is None:
            raise ValueError(f"{who} has no Telegram account")
        return MemoryPerson(self, telegram_id, language)

    def feed(self, incoming: Incoming, update_id: int | None = None) -> int:
        """Let an update arrive; the id it came under."""
        number = next(self._ids) if update_id is None else update_id
        person_id = incoming.person.id if incoming.person else None
        raw = json.dumps(incoming.as_json())
        inbox.store(BOT_ID, [Arrived(number, incoming.chat_id, person_id, raw)])
        if not self.pause:
            # Nothing else waits as a rule: looking for other chats costs a fifth of a test.
            token = f"f{number}-{next(self._ids)}"
            self._serve(inbox.take([incoming.chat_id], OWNER, token), token)
        return number

    def work(self) -> None:
        """Handle everything that is due."""
        for round_number in range(MAX_ROUNDS):
            token = f"t{round_number}-{next(self._ids)}"
            chats = inbox.claim(OWNER, token)
            if not chats:
                return
            self._serve(chats, token)
        raise RuntimeError("the inbox never becomes empty")

    def _serve(self, chats: Sequence[int], token: str) -> None:
        for chat_id in chats:
            for row in inbox.rows_of(chat_id):
                if not self._handle(row, token):
                    break
            inbox.release(chat_id, token)

    def notify(self) -> int:
        """Relay the outbox and deliver what is due; how many notices arrived."""
        relay_outbox()
        arrived = 0
        while ready := delivery.claim(delivery.new_token()):
            results = [run_now(delivery.send(self.transport, one)) for one in ready]
            for chat_id, message_id in delivery.record(results):
                run_now(self.transport.delete(chat_id, message_id))
            arrived += sum(result.message_id is not None for result in results)
        while cards := group_cards.claim(delivery.new_token()):
            for card in cards:
                group_cards.record(run_now(group_cards.send(self.transport, card)))
        return arrived

    def sweep(self) -> int:
        """Show what is wanted and was not shown; how many screens came."""
        done = 0
        for dialog in sweep.behind():
            token = f"s{next(self._ids)}"
            if not inbox.take([dialog.chat_id], OWNER, token):
                continue
            wanted = sweep.redraw(dialog.pk)
            if wanted is not None:
                self._record(run_now(reply.show(self.transport, wanted)))
                done += 1
            inbox.release(dialog.chat_id, token)
        return done

    def _handle(self, row: InboundUpdate, token: str) -> bool:
        incoming = Incoming.from_json(json.loads(row.raw))
        try:
            outcome = step.take_step(row, incoming, token)
        except Exception as error:
            if self.raising:
                raise
            if not inbox.record_failure(row, error):
                return False
            outcome = step.give_up(row, incoming, token, error)
        self.reply(outcome)
        return True

    def reply(self, outcome: step.Outcome) -> None:
        run_now(reply.answer(self.transport, outcome))
        shown = run_now(reply.deliver(self.transport, outcome))
        if shown is not None:
            self._record(shown)

    def _record(self, shown: Shown) -> None:
        reply.record(shown)
        reply.record_removed(shown)


@dataclass
class MemoryPerson:
    """A person in his private chat with the bot in memory."""

    driver: BotDriver
    id: int
    language: str = "ru"
    username: str = ""
    calls: list[str] = field(default_factory=list)

    @property
    def _chat(self) -> dict[int, memory.Stored]:
        return self.driver.transport.chats.get(self.id, {})

    def _feed(self, **values: Any) -> SeenScreen:
        person = Person(self.id, self.username, self.language)
        defaults: dict[str, Any] = {"chat_id": self.id, "private": True, "person": person}
        self.driver.feed(Incoming(**(defaults | values)))
        return self.screen

    def text(self, text: str) -> SeenScreen:
        """Type a message (commands too)."""
        message_id = self.driver.transport.arrive(self.id, text)
        return self._feed(kind="text", message_id=message_id, text=text)

    def forward(self, text: str) -> SeenScreen:
        message_id = self.driver.transport.arrive(self.id, text)
        return self._feed(kind="text", message_id=message_id, text=text, forwarded=True)

    def sticker(self) -> SeenScreen:
        """A sticker, voice, contact…: all the same to the bot."""
        message_id = self.driver.transport.arrive(self.id, "(sticker)")
        return self._feed(kind="other", message_id=message_id)

    def photo(self, count: int = 1, caption: str = "") -> SeenScreen:
        """One photo, or an album of several."""
        for _number in range(count):
            message_id = self.driver.transport.arrive(self.id, "(photo)")
            file_id = f"photo-{message_id}"
            self.driver.transport.files[file_id] = PIXEL
            album = f"album-{self.id}" if count > 1 else ""
            photo = Photo(file_id, f"unique-{message_id}", caption, album)
            self._feed(kind="photo", message_id=message_id, photo=photo)
        return self.screen

    def press(self, label: str, *, times: int = 1) -> SeenScreen:
        """Press a button of the live screen; ``times=2`` is a double tap on the same keyboard."""
        stored = self._live()
        key = find_key(stored, label)
        for _time in range(times):
            self.press_payload(key.payload, stored.id)
        return self.screen

    def press_notice(self, label: str) -> SeenScreen:
        """Press a button of the newest notice that has it."""
        for stored in reversed(list(self._chat.values())):
            if stored.notice and label in seen(stored).buttons:
                return self.press_payload(find_key(stored, label).payload, stored.id)
        raise AssertionError(f"no notice with the button {label!r}")

    def press_payload(self, payload: str, message_id: int) -> SeenScreen:
        """A press with any payload: old keyboards, forgeries."""
        callback_id = f"{self.id}-{len(self.calls)}"
        self.calls.append(callback_id)
        return self._feed(
            kind="press", message_id=message_id, callback_id=callback_id, payload=payload
        )

    def payload_of(self, label: str) -> tuple[str, int]:
        """(payload, message id) of a button now, to be pressed later by ``press_payload``."""
        stored = self._live()
        return find_key(stored, label).payload, stored.id

    def _live(self) -> memory.Stored:
        screens = [one for one in self._chat.values() if one.message and not one.notice]
        if not screens:
            raise AssertionError("the chat shows no screen")
        return screens[-1]

    @property
    def screen(self) -> SeenScreen:
        """The newest screen in the chat."""
        if not any(one.message and not one.notice for one in self._chat.values()):
            return SeenScreen(0, "", ())
        return seen(self._live())

    @property
    def screens(self) -> list[SeenScreen]:
        """All screens that stand in the chat: one, by law."""
        return [seen(one) for one in self._chat.values() if one.message and not one.notice]

    @property
    def notices(self) -> list[SeenScreen]:
        return [seen(one) for one in self._chat.values() if one.message and one.notice]

    @property
    def own_messages(self) -> list[str]:
        """What the person wrote and what still stands there."""
        return [one.text for one in self._chat.values() if not one.message and not one.file]

    @property
    def toasts(self) -> list[str]:
        """The answers to this person's presses, in order; "" for an empty one."""
        answers = self.driver.transport.answers
        return [answers[call].text for call in self.calls if call in answers]

    @property
    def files(self) -> list[File]:
        return [one.file for one in self._chat.values() if one.file]


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def seen(stored: memory.Stored) -> SeenScreen:
    message = stored.message
    if message is None:
        raise ValueError("this is no message of the bot")
    return SeenScreen(
        message_id=stored.id,
        text=plain(message.html),
        rows=tuple(tuple(key.label for key in row) for row in message.keys),
        html=message.html,
        picture=message.picture is not None,
    )


def find_key(stored: memory.Stored, label: str) -> Key:
    """The button with this label, or the only one that contains it."""
    message = stored.message
    keys = [key for row in message.keys for key in row] if message else []
    found = [key for key in keys if key.label == label] or [k for k in keys if label in k.label]
    if len(found) != 1:
        raise AssertionError(f"{label!r} is not one of {[key.label for key in keys]}")
    return found[0]
