"""The people of the day with their phones, and what they share: the post and the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from django.apps import apps

from history.jobs import Turn
from receipts.models import Receipt
from receipts.tasks import fire_reminders
from staff.models import Employee
from tests.cast import Cast
from tests.day.phones import Chat, Language, Phone
from workshop.lib import clock

BRANDS = ("Omega Speedmaster", "Rolex Datejust", "Telegram", "Repassage", "English", "Русский")
PEOPLE = ("igor", "ivan", "anna", "maxim", "mark", "pavel", "boris")


class Stage(Protocol):
    """Where the day is played: in memory, or with the running bot on the simulator."""

    def chat(self, telegram_id: int, name: str) -> Chat: ...

    def group_chat(self, telegram_id: int) -> Chat:
        """The work group, through the eyes of a member."""
        ...

    def settle(self) -> None:
        """Wait until the bot has answered and everybody has got his notices."""

    def later(self, length: timedelta) -> None:
        """Time passes."""

    def saw(self, phone: Phone, name: str) -> None:
        """The phone shows something worth a picture."""


class Day:
    """The workshop as its people meet it. Two inspectors, the office, masters, a polisher."""

    def __init__(self, stage: Stage, cast: Cast, code: str) -> None:
        self.stage, self.code = stage, code
        # What everybody knows: names, catalogues, whatever somebody has typed.
        known: set[str] = set()
        self.reader = {one: Language(one, known) for one in ("ru", "en")}
        self.reader["ru"].learn([*_catalogues(), *BRANDS])
        self.phones: list[Phone] = []
        self.pyotr: Phone  # begins in the afternoon
        people = [getattr(cast, name) for name in PEOPLE]
        self.igor, self.ivan, self.anna, self.maxim, self.mark, self.pavel, self.boris = map(
            self._phone_of, people
        )

    def _phone_of(self, person: Employee) -> Phone:
        assert person.telegram_id is not None
        return self.newcomer(person.telegram_id, person.full_name, person.short_name)

    def newcomer(self, telegram_id: int, *names: str) -> Phone:
        """Somebody with a phone; the bot speaks Russian to everybody at first."""
        self.reader["ru"].learn(names)
        chat = self.stage.chat(telegram_id, names[0])
        phone = Phone(names[0], chat, self.reader["ru"], self._after)
        self.phones.append(phone)
        return phone

    def in_the_group(self, telegram_id: int, code: str = "ru") -> Phone:
        """A member's look into the work group: cards are in the workshop's language."""
        chat = self.stage.group_chat(telegram_id)
        reader = Language(code, self.reader["ru"].known, among_others=True)
        phone = Phone("the group", chat, reader, self._after)
        self.phones.append(phone)
        return phone

    def _after(self, phone: Phone) -> None:
        self.stage.settle()
        for one in self.phones:
            one.look()

    def scan(self, number: str) -> str:
        """The code on the label of the bag, as the camera of a phone opens it."""
        token = Receipt.objects.values_list("label_token", flat=True).get(number=number)
        return f"/start r_{token}"

    def paper(self, number: str) -> str:
        """The link on the customer's own paper."""
        token = Receipt.objects.values_list("public_token", flat=True).get(number=number)
        return f"/start t_{token}"

    def later(self, *, hours: float = 0, minutes: float = 0) -> None:
        self.stage.later(timedelta(hours=hours, minutes=minutes))
        now = clock.now()
        # What the worker does every minute.
        fire_reminders(Turn("receipts.fire_reminders", now, now))
        self.stage.settle()

    def every_chat_is_tidy(self, scene: str) -> None:
        """Whatever was typed is read and gone: the chat is a screen and notices, no litter."""
        for phone in self.phones:
            left = phone.chat.own()
            if left and phone.screen.keys:  # a stranger is told one sentence, and no more
                raise AssertionError(f"after {scene} {phone.name} still sees {left}")

    def picture(self, phone: Phone, name: str) -> None:
        """For the guide: the phone as it looks now."""
        self.stage.saw(phone, name)


def _catalogues() -> list[str]:
    """The names that the office may change: kinds of work, reasons, metals."""
    found: list[str] = []
    for model in apps.get_app_config("receipts").get_models():
        fields = {field.name for field in model._meta.get_fields()}
        if {"name", "active"} <= fields:
            found.extend(model._default_manager.values_list("name", flat=True))
    return found
