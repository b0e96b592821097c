"""The people of the flows' tests, with phones; each sees only texts and buttons."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from botapp.testing import BotDriver, MemoryPerson
from history.models import Command, Event
from staff.models import Employee
from staff.services import set_language
from tests.cast import Cast
from workshop.lib.actor import system_actor

LANGUAGES = ("ru", "en")


def phone(bot: BotDriver, cast: Cast, who: str, language: str = "en") -> MemoryPerson:
    """The phone of a person of the cast, at the menu, in a language."""
    employee: Employee = getattr(cast, who)
    set_language(employee_id=employee.pk, language=language, actor=system_actor("tests"))
    person = bot.person(employee)
    person.text("/start")
    return person


def tr(language: str, msgid: str, **params: Any) -> str:
    """A text of the interface as that person reads it."""
    with translation.override(language):
        text = gettext(msgid)
    return text % params if params else text


def taps(person: MemoryPerson) -> int:
    """How often the person has pressed so far."""
    return len(person.calls)


def written() -> tuple[int, int]:
    """A mark of everything that was recorded: nothing new means nothing written."""
    return Event.objects.count(), Command.objects.count()
