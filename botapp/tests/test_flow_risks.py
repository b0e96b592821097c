"""What burns, on the phone: each receipt with its reasons, by level, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone
from receipts.services.deadlines import change_deadline
from tests.cast import Cast, make_cast, make_in_work, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def test_each_stands_with_its_reason_and_opens(cast: Cast, igor: Phone) -> None:
    late, near = make_in_work(cast, number="L-1"), make_receipt(cast, "S-1")
    make_receipt(cast, "N-1")
    soon = clock.now() + timedelta(hours=2)
    for receipt, due in ((late, soon), (near, soon + timedelta(hours=20))):
        change_deadline(receipt_id=receipt.pk, deadline=due, actor=cast.actor("igor"))
    with time_machine.travel(soon + timedelta(hours=1)):
        igor.press("🔥 Urgent")
        igor.press("🚨 What burns, and why")
        assert igor.screen_id == "risks"
        assert igor.sees("🚨 What burns: %(count)s", count=3)
        order = [igor.text.index(number) for number in ("L-1", "S-1", "N-1")]
        assert order == sorted(order)
        assert igor.sees("Overdue since %(when)s", when=clock.show(soon))
        assert igor.sees("Due %(when)s", when=clock.show(soon + timedelta(hours=20)))
        taken = clock.show(late.received_at)
        assert igor.sees("No deadline, taken in %(when)s", when=taken)
        critical = igor.say("Critical")
        igor.person.press(f"🔴 {critical} (1)")
        assert "L-1" in igor.text
        assert "S-1" not in igor.text
        igor.press("№L-1")
        assert "№L-1 · " in igor.text
        igor.press("⬅ Back")
        assert "S-1" not in igor.text, "the chosen level is kept"
        igor.press("All (%(count)s)", count=3)
        assert "S-1" in igor.text


def test_pages_and_a_page_that_is_gone(cast: Cast, igor: Phone) -> None:
    receipts = [make_receipt(cast, f"P-{number}") for number in range(8)]
    soon = clock.now() + timedelta(hours=2)
    change_deadline(receipt_id=receipts[7].pk, deadline=soon, actor=cast.actor("igor"))
    igor.type("/menu")
    igor.press("☰ More")
    igor.press("🚨 What burns")
    assert "P-6" not in igor.text
    igor.press("▶")
    assert "P-6" in igor.text
    igor.person.press(f"🟠 {igor.say('Warning')} (1)")
    assert "P-7" in igor.text
    assert "P-6" not in igor.text


def test_nothing_burns(igor: Phone) -> None:
    igor.press("🔥 Urgent")
    igor.press("🚨 What burns, and why")
    assert igor.sees("Nothing burns.")


def test_who_only_works_at_the_bench_is_not_asked(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast.maxim, "ru")
    maxim.type("/menu")
    assert not maxim.offers("🚨 What burns")
    assert not maxim.offers("☰ More") or "🚨" not in str(maxim.press("☰ More"))
