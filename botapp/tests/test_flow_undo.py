"""Undo on the card: 15 minutes, the same person, nothing after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import Receipt
from receipts.services.facts import add_comment
from tests.cast import Cast, make_cast, make_receipt, make_worked
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def receipt(cast: Cast) -> Receipt:
    return make_worked(cast)


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast, receipt: Receipt) -> Phone:
    person = phone(bot, cast.igor, request.param)
    person.type(receipt.number)
    person.press("✅ The watch is ready")
    return person


def test_undo_twice_is_once(receipt: Receipt, igor: Phone) -> None:
    igor.press("↩ Undo", times=2)
    receipt.refresh_from_db()
    assert receipt.status == "in_work"
    assert igor.sees("Taken back.")
    assert not igor.offers("↩ Undo")


def test_after_fifteen_minutes_it_is_gone_and_a_late_press_is_told(
    receipt: Receipt, igor: Phone
) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        before = written()
        igor.press("↩ Undo")
        assert igor.sees("More than 15 minutes have passed: correct it on the receipt.")
        assert written() == before
        assert not igor.offers("↩ Undo")


def test_nobody_else_is_offered_it(
    bot: BotDriver, cast: Cast, receipt: Receipt, igor: Phone
) -> None:
    ivan = phone(bot, cast.ivan)
    ivan.type(receipt.number)
    assert not ivan.offers("↩ Undo")


def test_something_came_after_it(cast: Cast, receipt: Receipt, igor: Phone) -> None:
    add_comment(receipt_id=receipt.pk, text="seen", actor=cast.actor("ivan"))
    before = written()
    igor.press("↩ Undo")
    assert igor.sees("Something was recorded after it: correct it on the receipt.")
    assert written() == before
    assert not igor.offers("↩ Undo")


def test_what_cannot_be_undone_offers_nothing(cast: Cast, igor: Phone) -> None:
    new = make_receipt(cast)
    igor.type(new.number)
    assert not igor.offers("↩ Undo")
