"""The inspector's whole day on the bot in memory; `python -m tests.day` plays it over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from history.relay import relay_outbox
from simulator.testing import SimServer
from tests.cast import make_cast
from tests.day import intake
from tests.day.memory import MemoryStage
from tests.day.phones import Language
from tests.day.play import faults, play
from tests.day.simulated import SimulatedStage
from tests.day.stage import Day


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["ru", "en"])
def test_the_whole_day(code: str, media: object, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    with MemoryStage() as stage:
        play(Day(stage, make_cast(), code))
    assert list(faults()) == []


@pytest.mark.django_db(transaction=True)
def test_the_morning_over_http(media: object, settings: Any) -> None:
    """The same script on the running bot; `python -m tests.day` plays all of it."""
    settings.WORKSHOP_SELF_SERVICE = True
    cast = make_cast()
    relay_outbox()
    with SimServer(limits=False) as sim, SimulatedStage(sim) as stage:
        play(Day(stage, cast, "ru"), intake.SCENES)
    assert list(faults()) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", "Отправьте номер (Skip)"),
        ("en", "Send the number, пожалуйста"),
        ("ru", "Выбрано: %(count)s"),
        ("en", "By: None"),
        ("ru", "<b>№4511</b>"),
        ("en", "Tom &amp; Sons"),
    ],
)
def test_a_reader_stumbles(code: str, text: str) -> None:
    assert Language(code, set()).complaints(text)


def test_a_reader_knows_what_people_typed() -> None:
    language = Language("ru", set())
    language.learn(["Omega Speedmaster"])
    assert language.complaints("№4511 · omega Speedmaster, см. https://t.me/a?b=c") == []
