"""Every screen of the bot is reached from the menu and keeps the laws of the screen.

`WALK_DEEP=6` follows every button from up to six places; it takes minutes.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from botapp.dialogs import registry
from botapp.testing import BotDriver
from receipts.models import Receipt
from tests.cast import OLGA_TELEGRAM_ID
from tests.walker.bed import TOPICS, lay_bed
from tests.walker.checks import look
from tests.walker.walker import Walker

PEOPLE = ("pavel", "maxim", "boris", "igor", "anna")
# Registered, but nobody walks there from the menu; each with its reason.
NOT_WALKED: dict[str, str] = {
    "stranger": "for people who are not on the staff: see below",
}


@pytest.mark.django_db
def test_every_screen_keeps_the_laws(media: object, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True  # else masters may decline nothing
    cast = lay_bed()
    walker = Walker(
        BotDriver(),
        numbers=list(Receipt.objects.order_by("pk").values_list("number", flat=True)),
        everything=frozenset({"igor", "anna"}),
        topics=TOPICS,
        patience=int(os.environ.get("WALK_DEEP", "2")),
        look=look,
    )
    for who in PEOPLE:
        walker.run(who, walker.bot.person(getattr(cast, who)))
    known = {name for name in registry.all_screens() if not name.startswith("sample.")}
    missed = sorted(known - set(walker.reached) - set(NOT_WALKED))
    report = [
        f"{len(walker.reached)} screens, {walker.acts} acts",
        *(f"{name}: {' › '.join(trail) or 'menu'}" for name, trail in walker.reached.items()),
    ]
    sys.stdout.write("\n".join(report))  # pytest shows it when something is wrong
    assert not walker.faults, "\n".join(sorted(set(walker.faults)))
    assert not missed, f"never reached: {', '.join(missed)}"
    assert not set(NOT_WALKED) & set(walker.reached)


@pytest.mark.django_db
def test_a_stranger_sees_one_screen(media: object) -> None:
    lay_bed()
    bot = BotDriver()
    olga = bot.person(OLGA_TELEGRAM_ID)
    for text in ("/start", "/menu", "W-1", "<b>&", "/start r_0", "/start t_0"):
        olga.text(text)
        assert str(OLGA_TELEGRAM_ID) in olga.screen
        assert not olga.screen.buttons
    olga.sticker()
    assert str(OLGA_TELEGRAM_ID) in olga.screen
