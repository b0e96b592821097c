"""Undo on the card: 15 minutes, the same person, nothing after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import ChecklistAnswer, Photo, QualityCheck, Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, revoke_public_link
from tests.cast import Cast, make_cast, make_receipt, make_submitted, make_worked
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
    revoke_public_link(receipt_id=receipt.pk, actor=cast.actor("igor"))
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


def test_the_form_and_an_album_are_taken_back_as_a_whole(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    igor.walk("☰ More", "Edit the facts")
    igor.type("Omega Speedmaster\n+7 916 123-45-67 John Smith\nin 5 days\nit stops\nurgent")
    igor.press("✅ Save")
    assert igor.sees("Saved.")
    igor.press("↩ Undo")
    receipt.refresh_from_db()
    assert (receipt.watch, receipt.customer, receipt.deadline) == (None, None, None)
    assert (receipt.complaint, receipt.urgent) == ("", False)
    assert not igor.offers("↩ Undo")  # an undo is not undone
    igor.person.photo(count=3, caption="scratch")
    igor.press("↩ Undo")
    assert not Photo.objects.valid().filter(receipt=receipt).exists()
    assert igor.sees("Comment voided: %(text)s", text="scratch")


def test_water_and_checklist_are_taken_back(cast: Cast, igor: Phone) -> None:
    receipt = make_submitted(cast)
    igor.type("/menu")
    igor.type(receipt.number)
    igor.press("QC: measure and decide")
    igor.press("Water resistance")
    igor.type("5")
    igor.press("✅ Test passed")
    assert igor.sees("Saved.")
    igor.press("↩ Undo")
    assert not QualityCheck.objects.valid().filter(receipt=receipt).exists()
    igor.press("Checklist")
    igor.press("✅ The rest is in order")
    igor.press("💾 Save")
    igor.press("↩ Undo")
    assert not ChecklistAnswer.objects.valid().exists()
