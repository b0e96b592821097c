"""Every screen of the bot is reached from the menu and keeps the laws of the screen.

`WALK_DEEP=6` follows every button from up to six places; it takes minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from botapp.dialogs import registry
from botapp.testing import BotDriver, run_now
from botapp.transport.port import Message, Refused
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import OLGA_TELEGRAM_ID, Cast
from tests.walker.bed import TOPICS, lay_bed
from tests.walker.checks import look
from tests.walker.strict import StrictTransport
from tests.walker.walker import Walker

PEOPLE = ("pavel", "maxim", "boris", "igor", "anna")
# Registered, but nobody walks there from the menu; each with its reason.
NOT_WALKED: dict[str, str] = {
    "stranger": "for people who are not on the staff: see below",
    "customer.subscribed": "opened by a customer's secret link: botapp/tests/test_flow_customer.py",
    "customer.stopped": "the same",
}


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    """A working hour: what is told, and when, depends on the time of the day."""
    with time_machine.travel(datetime(2026, 11, 23, 9, tzinfo=UTC), tick=True):
        yield


@pytest.mark.django_db
def test_every_screen_keeps_the_laws(media: object, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True  # else masters may decline nothing
    cast = lay_bed()
    walker = Walker(
        BotDriver(transport=StrictTransport()),
        numbers=list(Receipt.objects.order_by("pk").values_list("number", flat=True)),
        everything=frozenset({"igor", "anna"}),
        topics=TOPICS,
        patience=int(os.environ.get("WALK_DEEP", "2")),
        look=look,
    )
    walk(walker, cast)


def walk(walker: Walker, cast: Cast) -> None:
    """All people, all screens; nothing that Telegram would refuse, no law broken."""
    walker.bot.notify()
    for who in PEOPLE:
        walker.run(who, walker.bot.person(getattr(cast, who)))
    known = {name for name in registry.all_screens() if not name.startswith("sample.")}
    missed = sorted(known - set(walker.reached) - set(NOT_WALKED))
    strict = walker.bot.transport
    assert isinstance(strict, StrictTransport)
    report = [
        f"{len(walker.reached)} screens, {walker.acts} acts, at most: {strict.longest}",
        *(f"{name}: {' › '.join(trail) or 'menu'}" for name, trail in walker.reached.items()),
        *(f"cut: {head}" for head in sorted(strict.cut)),
    ]
    sys.stdout.write("\n".join(report))  # pytest shows it when something is wrong
    assert not strict.faults, "\n".join(sorted(strict.faults))
    assert not walker.faults, "\n".join(sorted(set(walker.faults)))
    assert not missed, f"never reached: {', '.join(missed)}"
    assert not set(NOT_WALKED) & set(walker.reached)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_notice_keeps_the_limits(media: object, language: str) -> None:
    lay_bed()
    Employee.objects.update(language=language)
    strict = StrictTransport()
    assert BotDriver(transport=strict).notify() > 20
    assert not strict.faults, "\n".join(sorted(strict.faults))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<b>Игорь", "Can't find end tag"),
        ("a < b", "Unsupported start tag"),
        ("<h1>W-1</h1>", "Unsupported start tag"),
        ("ы" * 4097, "text of 4097"),
        ("🔥" * 2049, "text of 4098"),
        ("<b></b>", "without text"),
    ],
)
def test_what_telegram_refuses_is_found(html: str, fault: str) -> None:
    strict = StrictTransport()
    with suppress(Refused):
        run_now(strict.send(1, Message(html)))
    assert fault in "; ".join(strict.faults)


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
