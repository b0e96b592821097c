"""A phone that speaks its language: tests name texts by msgid, people see the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from botapp.models import Dialog
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.simulated import SimulatedPerson, SimulatorDriver
from history.models import Command, Event
from staff.models import Employee


@dataclass
class Phone:
    """One person of the cast with his chat; ``taps`` counts presses since ``start_counting``."""

    person: MemoryPerson | SimulatedPerson
    language: str
    taps: int = 0
    trail: list[tuple[str, str, str]] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def say(self, msgid: str, **params: Any) -> str:
        """The text in this person's language."""
        with translation.override(self.language):
            text = gettext(msgid)
        return text % params if params else text

    def press(self, msgid: str, *, times: int = 1, **params: Any) -> str:
        self.taps += 1
        self.person.press(self.say(msgid, **params), times=times)
        return self.text

    def type(self, text: str) -> str:
        self.person.text(text)
        return self.text

    @property
    def text(self) -> str:
        return self.person.screen.text

    @property
    def screen_id(self) -> str:
        return Dialog.objects.get(person_id=self.person.id).screen

    @property
    def buttons(self) -> list[str]:
        return self.person.screen.buttons

    def sees(self, msgid: str, **params: Any) -> bool:
        return self.say(msgid, **params) in self.text

    def offers(self, msgid: str, **params: Any) -> bool:
        """A button whose label contains the text."""
        wanted = self.say(msgid, **params)
        return any(wanted in label for label in self.buttons)

    def start_counting(self) -> None:
        self.taps = 0

    # --- there and back -----------------------------------------------------------------------

    def walk(self, *steps: str) -> None:
        """Go forward: a step in angle brackets is typed, any other is a button."""
        for step in steps:
            typed = step[1:-1] if step.startswith("<") else ""
            self.trail.append((self.screen_id, self.text, typed))
            if typed:
                self.type(typed)
            else:
                self.press(step)
            assert self.screen_id != self.trail[-1][0], f"{step} led nowhere: {self.text}"
            self.visited.add(self.screen_id)

    def walk_back(self) -> None:
        """Back, step by step: each screen stands there again, with what was typed on it."""
        for screen_id, text, typed in reversed(self.trail):
            self.press("⬅ Back")
            assert self.screen_id == screen_id
            for line in text.splitlines():
                assert line in self.text, (line, self.text)
            assert typed in self.text
        self.trail.clear()


def phone(bot: BotDriver | SimulatorDriver, who: Employee, language: str = "ru") -> Phone:
    """The person's phone on the menu."""
    Employee.objects.filter(pk=who.pk).update(language=language)
    person = bot.person(who, language=language)
    person.text("/start")
    return Phone(person, language)


def written() -> tuple[int, int]:
    """How much is recorded: unchanged after a refusal."""
    return Event.objects.count(), Command.objects.count()
