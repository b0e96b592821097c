"""The urgent list."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def test_flag_then_overdue_then_deadline_with_the_place(cast: Cast, igor: Phone) -> None:
    actor = cast.actor("igor")
    soon = clock.now() + timedelta(hours=1)
    late, later = make_in_work(cast, number="L-1"), make_receipt(cast, "L-2")
    flagged, finished = make_receipt(cast, "F-1"), make_ready(cast)
    make_receipt(cast, "N-1")
    change_deadline(receipt_id=late.pk, deadline=soon, actor=actor)
    change_deadline(receipt_id=later.pk, deadline=soon + timedelta(days=3), actor=actor)
    set_urgent(receipt_id=flagged.pk, urgent=True, actor=actor)
    set_urgent(receipt_id=finished.pk, urgent=True, actor=actor)
    with time_machine.travel(clock.now() + timedelta(hours=4)):
        igor.type("/menu")
        assert f"{igor.say('🔥 Urgent')} (3)" in igor.buttons
        igor.press("🔥 Urgent")
        order = [igor.text.index(number) for number in ("F-1", "L-1", "L-2")]
        assert order == sorted(order)
        assert igor.sees("⚠ overdue by %(span)s", span=igor.say("%(count)s h", count=3))
        assert "Максим М." in igor.text
        assert "N-1" not in igor.text
        assert finished.number not in igor.text
        igor.press("№L-1")
        assert "№L-1 · " in igor.text
        igor.press("⬅ Back")
        assert igor.sees("🔥 Urgent: %(count)s", count=3)


def test_it_is_paged(cast: Cast, igor: Phone) -> None:
    for number in range(9):
        receipt = make_receipt(cast, f"U-{number}")
        set_urgent(receipt_id=receipt.pk, urgent=True, actor=cast.actor("igor"))
    igor.type("/menu")
    igor.press("🔥 Urgent")
    assert "U-8" not in igor.text
    igor.press("▶")
    assert "U-8" in igor.text


def test_nothing_urgent(igor: Phone) -> None:
    igor.press("🔥 Urgent")
    assert igor.sees("Nothing is urgent.")
