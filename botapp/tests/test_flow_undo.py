"""Undo on the card: 15 minutes, the same person, nothing after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import Photo, Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, edit_facts
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
    receipt = make_receipt(cast)
    edit_facts(receipt_id=receipt.pk, facts={"place": "A-1"}, actor=cast.actor("igor"))
    igor.type(receipt.number)
    assert not igor.offers("↩ Undo")


def test_a_receipt_just_created_is_taken_back(igor: Phone) -> None:
    """A slip of the thumb: its number is free again, and nothing more can be done with it."""
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("1361-9")
    igor.press("Create №%(number)s", number="1361-9")
    igor.press("↩ Undo")
    assert igor.sees("The receipt is voided; its number is free again.")
    assert "№1361-9" in igor.text
    assert igor.screen_id == "menu"
    assert Receipt.objects.get(number="1361-9").is_void
    igor.press("📥 New receipt")
    igor.type("1361-9")
    assert igor.offers("Create №%(number)s", number="1361-9")


def test_a_remark_a_photo_and_a_deadline_are_taken_back(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    igor.press("💬 Comment")
    igor.type("to the wrong watch")
    igor.press("↩ Undo")
    assert igor.sees("Comment voided: %(text)s", text="to the wrong watch")
    igor.person.photo()
    igor.press("↩ Undo")
    assert not Photo.objects.valid().filter(receipt=receipt).exists()
    change_deadline(
        receipt_id=receipt.pk, deadline=clock.now() + timedelta(days=1), actor=cast.actor("igor")
    )
    igor.type(receipt.number)
    igor.press("↩ Undo")
    assert igor.sees("Deadline: not set")
