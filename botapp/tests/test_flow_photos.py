"""Photos: an album on a card, one with a number, one in the middle of a step."""

from __future__ import annotations

import pytest

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import Photo
from receipts.services.flow import issue
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def test_an_album_on_the_card_is_attached(cast: Cast, igor: Phone) -> None:
    receipt = make_submitted(cast)
    igor.type(receipt.number)
    igor.person.photo(count=3)
    rows = Photo.objects.filter(receipt=receipt)
    assert [row.stage for row in rows] == ["qc"] * 3
    assert igor.sees("Photo added: %(stage)s", stage=igor.say("quality control"))
    igor.press("📷 Photo")
    assert igor.person.screen.picture
    assert "1/3" in igor.buttons
    igor.walk("Void this photo", "<blurred>")
    igor.press("✅ Confirm")
    assert Photo.objects.valid().filter(receipt=receipt).count() == 2


def test_an_album_is_one_of_the_last_events(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast)
    igor.type(receipt.number)
    igor.person.photo(count=4)
    stage = igor.say("in work")
    assert f"{igor.say('Photo added: %(stage)s', stage=stage)} × 4" in igor.text
    assert igor.sees("Receipt created: №%(number)s", number=receipt.number)


def test_what_is_written_below_a_photo_is_a_remark(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast)
    igor.type(receipt.number)
    igor.person.photo(caption="скол на безеле <6 ч>")
    assert igor.sees("Comment: %(text)s", text="скол на безеле <6 ч>")


def test_a_photo_with_a_number_goes_to_that_receipt(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast, number="501")
    igor.person.photo(count=2, caption="№501")
    assert igor.screen_id == "receipt.card"
    assert Photo.objects.filter(receipt=receipt).count() == 2


@pytest.mark.parametrize("screen", ["💬 Comment", "⏸ Put on hold", "🕒 Set the deadline"])
def test_a_photo_in_the_middle_of_a_step_goes_to_its_receipt(
    cast: Cast, igor: Phone, screen: str
) -> None:
    receipt = make_in_work(cast)
    igor.type(receipt.number)
    igor.press(screen)
    there = igor.screen_id
    igor.person.photo()
    assert igor.screen_id == there
    assert Photo.objects.get().receipt == receipt


def test_a_photo_on_an_issued_receipt_is_refused(cast: Cast, igor: Phone) -> None:
    receipt = make_ready(cast)
    issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("igor"))
    igor.type(receipt.number)
    before = written()
    igor.person.photo()
    assert "⚠" in igor.text
    assert written() == before


def test_a_photo_where_no_receipt_is_open_says_where_it_goes(igor: Phone) -> None:
    igor.person.photo()
    hint = "A photo belongs to a receipt: open it first, or write its number below the photo."
    assert igor.sees(hint)
    assert not Photo.objects.exists()
