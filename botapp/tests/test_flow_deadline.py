"""The deadline in the bot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import DeadlineCause, Receipt
from receipts.services.deadlines import change_deadline
from tests.cast import Cast, make_cast, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)  # Tuesday, 12:00 in Moscow
CHANGE = "🕒 Change the deadline"
SET = "🕒 Set the deadline"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def receipt(cast: Cast) -> Receipt:
    with time_machine.travel(NOW):
        return make_receipt(cast, "101")


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def saved(receipt: Receipt) -> str:
    receipt.refresh_from_db()
    return clock.show(receipt.deadline)


@time_machine.travel(NOW)
def test_two_taps_after_the_card(receipt: Receipt, igor: Phone) -> None:
    igor.type("101")
    igor.start_counting()
    igor.press(SET)
    weekday = {"ru": "вс", "en": "Sun"}[igor.language]
    assert f" → {weekday} 06.12.2026 18:00" in igor.text
    igor.press("✅ Confirm", times=2)
    assert igor.taps == 2
    assert saved(receipt) == "06.12.2026 18:00"
    assert igor.say("Deadline saved: %(when)s", when="") in igor.text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("25.12", "25.12.2026 18:00"),
        ("завтра 12:00", "02.12.2026 12:00"),
        ("послезавтра", "03.12.2026 18:00"),
        ("on friday 15:00", "04.12.2026 15:00"),
        ("через 3 дня", "04.12.2026 18:00"),
    ],
)
@time_machine.travel(NOW)
def test_natural_text_is_shown_resolved_before_it_is_saved(
    receipt: Receipt, igor: Phone, typed: str, shown: str
) -> None:
    igor.type("101")
    igor.press(SET)
    before = written()
    igor.type(typed)
    assert shown in igor.text
    assert written() == before
    igor.press("✅ Confirm")
    assert saved(receipt) == shown


@pytest.mark.parametrize("typed", ["вчера", "01.11", "abc", "32.12", "25.12.2020", "🔥"])
@time_machine.travel(NOW)
def test_what_cannot_be_a_deadline_is_refused(receipt: Receipt, igor: Phone, typed: str) -> None:
    igor.type("101")
    igor.press(SET)
    before = written()
    igor.type(typed)
    assert "⚠" in igor.text
    assert igor.sees("Entered: %(text)s", text=typed)
    assert not igor.offers("✅ Confirm"), "the usual one must not be saved in its place"
    assert written() == before


@time_machine.travel(NOW)
def test_a_change_asks_for_the_cause_which_saves_it(
    cast: Cast, receipt: Receipt, igor: Phone
) -> None:
    first = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    change_deadline(receipt_id=receipt.pk, deadline=first, actor=cast.actor("ivan"))
    wish = DeadlineCause.objects.get(replaces_promise=True)
    igor.type("101")
    igor.press(CHANGE)
    assert not igor.offers(wish.name), "the date comes before its cause"
    igor.start_counting()
    igor.press("+7")
    assert "10.12.2026 18:00 → " in igor.text
    igor.press(wish.name)
    assert igor.taps == 2
    assert saved(receipt) == "08.12.2026 18:00"
    assert receipt.first_promise == receipt.deadline
    igor.press(CHANGE)
    igor.type("09.12")
    igor.press("⏭ Skip")
    assert saved(receipt) == "09.12.2026 18:00"
    assert clock.show(receipt.first_promise) == "08.12.2026 18:00"


@time_machine.travel(NOW)
def test_clearing_is_confirmed_too(cast: Cast, receipt: Receipt, igor: Phone) -> None:
    igor.type("101")
    igor.press(SET)
    assert not igor.offers("Clear the deadline")
    first = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    change_deadline(receipt_id=receipt.pk, deadline=first, actor=cast.actor("ivan"))
    igor.type("/menu")
    igor.type("101")
    igor.press(CHANGE)
    igor.press("Clear the deadline")
    assert f"10.12.2026 18:00 → {igor.say('no deadline')}" in igor.text
    igor.press("⏭ Skip")
    assert igor.sees("The deadline is cleared.")
    assert saved(receipt) == ""


@time_machine.travel(NOW)
def test_somebody_else_changed_it_meanwhile(cast: Cast, receipt: Receipt, igor: Phone) -> None:
    igor.type("101")
    igor.press(SET)
    igor.type("25.12")
    other = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    change_deadline(receipt_id=receipt.pk, deadline=other, actor=cast.actor("ivan"))
    igor.press("✅ Confirm")
    assert "Иван В." in igor.text
    assert "10.12.2026 18:00 → " in igor.text
    assert saved(receipt) == "10.12.2026 18:00"
    igor.press("⏭ Skip")
    assert saved(receipt) == "25.12.2026 18:00"


@time_machine.travel(NOW)
def test_tomorrow_stays_the_day_it_was_when_it_was_typed(receipt: Receipt, igor: Phone) -> None:
    igor.type("101")
    igor.press(SET)
    igor.type("завтра 12:00")
    with time_machine.travel(datetime(2026, 12, 1, 21, 30, tzinfo=UTC)):  # after midnight
        igor.press("✅ Confirm")
    assert saved(receipt) == "02.12.2026 12:00"


@time_machine.travel(NOW)
def test_another_date_takes_the_place_of_the_first(receipt: Receipt, igor: Phone) -> None:
    igor.type(receipt.number)
    igor.walk(SET)
    igor.type("25.12")
    igor.type("26.12 12:00")
    assert "26.12.2026 12:00" in igor.text
    igor.press("+7")
    assert not igor.sees("Entered: %(text)s", text="26.12 12:00")
    igor.press("✅ Confirm")
    assert saved(receipt) == "08.12.2026 18:00"


@time_machine.travel(NOW)
def test_the_same_deadline_for_others(cast: Cast, receipt: Receipt, igor: Phone) -> None:
    """Each with its own old → new; where one stood, its cause is the one tap."""
    other, standing = make_receipt(cast, "102"), make_receipt(cast, "103")
    first = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    change_deadline(receipt_id=standing.pk, deadline=first, actor=cast.actor("ivan"))
    igor.type("101")
    igor.press(SET)
    igor.type("25.12 12:00")
    igor.press("✅ Confirm")
    igor.press("↩ Undo")
    assert not igor.offers("🕒 The same deadline for another"), "it does not stand any more"
    igor.press(SET)
    igor.type("25.12 12:00")
    igor.press("✅ Confirm")
    igor.press("🕒 The same deadline for another")
    igor.type("102")
    igor.press("✅ Confirm")
    igor.type("103")
    assert "10.12.2026 18:00 → " in igor.text
    igor.press(DeadlineCause.objects.get(code="mistake").name)
    assert {saved(one) for one in (receipt, other, standing)} == {"25.12.2026 12:00"}
    igor.type("/menu")
    igor.type("101")
    assert not igor.offers("🕒 The same deadline for another"), "only right after it"
