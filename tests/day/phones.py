"""People with phones. A phone knows nothing but what it shows: texts, buttons, pictures, files.

Labels and sentences are named in English and read in the person's language, so that one script
is played in both. Every look also reads the screen as a person would: a word of another language,
a placeholder or a tag that slipped through fails there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils import translation
from django.utils.translation import gettext

BROKEN = re.compile(r"%\(|</?[a-z]+>|&(?:lt|gt|amp|quot);|\bNone\b|\bFalse\b|\{\w*\}|msgid")
WORDS = {"ru": re.compile(r"[A-Za-z]{3,}"), "en": re.compile(r"[А-Яа-яЁё]{3,}")}
LINK = re.compile(r"https?://\S+|/[a-z]+(?: \S+)?")


@dataclass(frozen=True)
class Key:
    """A button: what stands on it, and what the messenger sends when it is pressed."""

    label: str
    sends: str = ""


@dataclass(frozen=True)
class Bubble:
    """A message of the bot as it stands in the chat."""

    id: int
    text: str
    rows: tuple[tuple[Key, ...], ...] = ()
    picture: bool = False
    file: str = ""

    @property
    def keys(self) -> list[Key]:
        return [key for row in self.rows for key in row]


class Chat(Protocol):
    """A person's private chat with the bot, in memory or on the simulator."""

    def bubbles(self) -> list[Bubble]: ...
    def type(self, text: str) -> None: ...
    def press(self, bubble: Bubble, key: Key) -> str:
        """What the messenger says on top of the screen after the press."""
        ...

    def photo(self, count: int, caption: str) -> None: ...
    def sticker(self) -> None: ...
    def voice(self) -> None: ...
    def forward(self, text: str) -> None: ...
    def own(self) -> list[str]: ...


@dataclass
class Language:
    """What a reader of the language may meet: names and what people typed are theirs."""

    code: str
    known: set[str]
    among_others: bool = False  # a chat of several people, each spoken to in his own language

    def say(self, msgid: str, **params: Any) -> str:
        with translation.override(self.code):
            text = gettext(msgid)
        return text % params if params else text

    def learn(self, texts: Iterable[str]) -> None:
        """Names, catalogues, whatever somebody typed: no texts of the interface."""
        for text in texts:
            self.known |= set(re.findall(r"\w+", text.casefold()))

    def complaints(self, text: str) -> list[str]:
        """What would make a person stumble over the text."""
        found = [f"{one!r} is broken" for one in BROKEN.findall(text)]
        if self.among_others:
            return found
        plain = LINK.sub(" ", text)
        for word in WORDS[self.code].findall(plain):
            if word.casefold() not in self.known:
                found.append(f"{word!r} is not in the language {self.code}")
        return found


class Phone:
    """One person, acting and reading. A failed look shows the whole screen."""

    def __init__(self, name: str, chat: Chat, language: Language, seen: Callable[[Phone], None]):
        self.name, self.chat, self.language, self._seen = name, chat, language, seen
        self.toast = ""
        self.acts = self.taps = 0

    # --- acting -------------------------------------------------------------------------------

    def press(self, label: str, *, times: int = 1, beside: str = "", **params: Any) -> None:
        """The button that says this, on the newest message that has one; twice is a double tap.

        ``beside`` tells equal buttons apart by what stands in their row.
        """
        wanted = self.language.say(label, **params)
        bubble, found = self._button(wanted, self.language.say(beside) if beside else "")
        for _time in range(times):
            self.taps += 1
            self.toast = self.chat.press(bubble, found)
            self._look(self.toast)
        self._done()

    def presses(self, *labels: str) -> None:
        """One after the other."""
        for label in labels:
            self.press(label)

    def type(self, text: str) -> None:
        self.language.learn([text])
        self.chat.type(text)
        self._done()

    def send_photos(self, count: int = 1, caption: str = "") -> None:
        """One photo, or an album."""
        self.language.learn([caption])
        self.chat.photo(count, caption)
        self._done()

    def send_sticker(self) -> None:
        self.chat.sticker()
        self._done()

    def send_voice(self) -> None:
        self.chat.voice()
        self._done()

    def send_forwarded(self, text: str) -> None:
        self.language.learn([text])
        self.chat.forward(text)
        self._done()

    def _done(self) -> None:
        self.acts += 1
        self._seen(self)

    # --- reading ------------------------------------------------------------------------------

    @property
    def screen(self) -> Bubble:
        """The last message of the bot that is no file."""
        shown = [one for one in self.chat.bubbles() if not one.file]
        if not shown:
            raise AssertionError(f"{self.name} sees an empty chat")
        return shown[-1]

    def reads(self, sentence: str, **params: Any) -> None:
        """The screen says this."""
        wanted = self.language.say(sentence, **params)
        if wanted not in self.screen.text:
            raise AssertionError(f"{self.name} does not read {wanted!r} on\n{self.show()}")

    def reads_all(self, *sentences: str) -> None:
        for sentence in sentences:
            self.reads(sentence)

    def does_not_read(self, sentence: str, **params: Any) -> None:
        wanted = self.language.say(sentence, **params)
        if wanted in self.screen.text:
            raise AssertionError(f"{self.name} reads {wanted!r} on\n{self.show()}")

    def can_press(self, label: str, **params: Any) -> bool:
        wanted = self.language.say(label, **params)
        return any(wanted in key.label for key in self.screen.keys)

    def sees_button(self, label: str, **params: Any) -> None:
        if not self.can_press(label, **params):
            wanted = self.language.say(label, **params)
            raise AssertionError(f"{self.name} sees no button {wanted!r} on\n{self.show()}")

    def sees_no_button(self, label: str, **params: Any) -> None:
        if self.can_press(label, **params):
            wanted = self.language.say(label, **params)
            raise AssertionError(f"{self.name} sees a button {wanted!r} on\n{self.show()}")

    def counts(self, label: str, number: int) -> None:
        """The button says how many wait behind it; without any it says nothing."""
        wanted = f"{self.language.say(label)} ({number})" if number else self.language.say(label)
        if wanted not in [key.label for key in self.screen.keys]:
            raise AssertionError(f"{self.name} sees no button {wanted!r} on\n{self.show()}")

    def is_told(self, sentence: str, **params: Any) -> None:
        """A message in the chat says this: a notice."""
        wanted = self.language.say(sentence, **params)
        if not any(wanted in one.text for one in self.chat.bubbles()):
            raise AssertionError(f"{self.name} was not told {wanted!r}:\n{self.show(whole=True)}")

    def is_not_told(self, sentence: str, **params: Any) -> None:
        wanted = self.language.say(sentence, **params)
        if any(wanted in one.text for one in self.chat.bubbles()):
            raise AssertionError(f"{self.name} was told {wanted!r}:\n{self.show(whole=True)}")

    def finds(self, pattern: str) -> str:
        """What stands on the screen in the place of the group of the pattern: a link to copy."""
        found = re.search(pattern, self.screen.text)
        if found is None:
            raise AssertionError(f"{self.name} finds no {pattern!r} on\n{self.show()}")
        return found[1]

    def has_file(self, name: str) -> None:
        files = [one.file for one in self.chat.bubbles() if one.file]
        if not any(name in one for one in files):
            raise AssertionError(f"{self.name} has no file {name!r}, only {files}")

    def show(self, *, whole: bool = False) -> str:
        """The chat in plain letters."""
        bubbles = self.chat.bubbles()
        shown = bubbles if whole else bubbles[-1:]
        told = []
        for one in shown:
            rows = [" ".join(f"[{key.label}]" for key in row) for row in one.rows]
            told.append("\n".join([f"({self.name}) {one.text}", *rows]))
        return "\n---\n".join(told)

    def look(self) -> None:
        """Read everything in the chat; called after every act of anybody."""
        for one in self.chat.bubbles():
            self._look("\n".join([one.text, *(key.label for key in one.keys)]))

    def _look(self, text: str) -> None:
        if complaints := self.language.complaints(text):
            raise AssertionError(f"{self.name}: {', '.join(complaints)} in\n{text}")

    def _button(self, wanted: str, beside: str) -> tuple[Bubble, Key]:
        """The exact label first, else the only one on that message that contains it."""
        for bubble in reversed(self.chat.bubbles()):
            rows = [row for row in bubble.rows if any(beside in key.label for key in row)]
            keys = [key for row in rows for key in row]
            found = [key for key in keys if key.label == wanted]
            found = found or [key for key in keys if wanted in key.label]
            if len(found) > 1:
                raise AssertionError(f"{wanted!r} is several buttons on\n{self.show()}")
            if found:
                return bubble, found[0]
        raise AssertionError(f"{self.name} sees no button {wanted!r} on\n{self.show()}")
