"""One scripted conversation on both messengers: through the Telegram adapter over HTTP, and in
memory. After every step a person sees the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone
from botapp.tests.simulated import simulated_bot
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d|\b\d\d:\d\d\b")


@dataclass
class Conversation:
    """What the person did and saw, step by step."""

    igor: Phone
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def step(self, name: str, act: Callable[[], object]) -> None:
        act()
        person = self.igor.person
        screen = person.screen
        self.seen.append(
            (
                name,
                {
                    "text": CLOCK.sub("<time>", screen.text),
                    "rows": screen.rows,
                    "picture": screen.picture,
                    "toasts": list(person.toasts),
                    "screens": len(person.screens),
                    "written": len(person.own_messages),
                    "files": [file.name for file in person.files],
                },
            )
        )

    def type(self, text: str) -> None:
        self.step(f"type {text!r}", lambda: self.igor.type(text))

    def press(self, label: str, **params: Any) -> None:
        self.step(f"press {label!r}", lambda: self.igor.press(label, **params))

    def run(self) -> list[tuple[str, Any]]:
        """The steps of one morning: order and disorder."""
        person = self.igor.person
        self.type("/start")
        self.step("a sticker", person.sticker)
        self.step("a forward", lambda: person.forward("101"))
        self.type("/nonsense")
        self.press("📥 New receipt")
        self.type("101 <b>&")
        self.type("101")
        self.press("Create and fill in")
        self.type("Omega <Speedmaster>\nserial: 12345678\nне идут <&>")
        self.press("✅ Save", times=2)
        self.step("a photo", lambda: person.photo(caption="<i>вид</i>"))
        self.step("an album", lambda: person.photo(count=3))
        self.press("💬 Comment")
        self.type("ждёт <стекло> & ремешок 🔥")
        self.press("👨‍🔧 Hand to a master")
        self.press("Максим М.")
        self.press("✅ Confirm", times=2)
        self.type("777")
        self.type("/cancel")
        self.type("/start r_nothing")
        return self.seen


@contextmanager
def undone() -> Any:
    """What happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_both_messengers_show_the_same(transactional_db: None, language: str) -> None:
    cast: Cast = make_cast()
    with undone():
        in_memory = Conversation(phone(BotDriver(), cast.igor, language)).run()
    with simulated_bot() as driver:
        over_http = Conversation(phone(driver, cast.igor, language)).run()
    assert len(in_memory) >= 20
    for remembered, sent in zip(in_memory, over_http, strict=True):
        name, here = remembered
        differing = {k: (v, sent[1][k]) for k, v in here.items() if v != sent[1][k]}
        assert not differing, (name, differing)
