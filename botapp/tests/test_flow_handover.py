"""Hand to a master."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from history.models import Event
from receipts.models import Assignment, Receipt
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from receipts.services.returns import ItemInput, return_watch
from staff.services.people import set_absence, set_active
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt, reason_id
from workshop.lib import clock

pytestmark = pytest.mark.django_db

HAND = "👨‍🔧 Hand to a master"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def at_masters() -> dict[str, str]:
    rows = Assignment.objects.filter(ended_at__isnull=True, voided_at__isnull=True)
    return {row.receipt.number: row.master.short_name for row in rows}


def test_two_taps_after_the_number_and_number_plus_one_for_the_next(
    cast: Cast, igor: Phone
) -> None:
    for number in ("101", "102"):
        make_receipt(cast, number)
    igor.press(HAND)
    igor.type("101")
    igor.start_counting()
    igor.press("Максим М.")
    assert igor.sees("Hand to the master: %(name)s", name="Максим М.")
    assert f"№101: – → Максим М. · {igor.say('Received')} → {igor.say('In work')}" in igor.text
    igor.press("✅ Confirm", times=2)
    assert igor.taps == 2
    assert igor.sees("Handed to the master: %(name)s", name="Максим М.")
    igor.type("102")
    igor.press("✅ Confirm")
    assert igor.taps == 3
    assert at_masters() == {"101": "Максим М.", "102": "Максим М."}
    assert Event.objects.filter(kind="receipt.assigned").count() == 2


def test_nothing_is_offered_from_a_master_to_himself(cast: Cast, igor: Phone) -> None:
    """What came back from QC stands in the list, but not after a hand-over to its master."""
    back, other = make_in_work(cast), make_receipt(cast)
    reasons = [ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)]
    return_watch(receipt_id=back.pk, items=reasons, actor=cast.actor("ivan"))
    igor.press(HAND)
    assert igor.offers(f"№{back.number}")
    igor.type(other.number)
    igor.press("Максим М.")
    igor.press("✅ Confirm")
    assert not igor.offers(f"№{back.number}")
    igor.type(back.number)  # meant so: the same master again
    assert "Максим М. → Максим М." not in igor.text
    assert igor.sees(
        "%(number)s: %(new)s again · %(status)s → %(after)s",
        number=f"№{back.number}",
        new="Максим М.",
        status=igor.say("Returned"),
        after=igor.say("In work"),
    )


def test_several_numbers_in_one_message_and_ticks(cast: Cast, igor: Phone) -> None:
    for number in ("101", "102", "103"):
        make_receipt(cast, number)
    igor.press(HAND)
    igor.press("№103")
    igor.press("№103")  # off again
    assert not igor.offers("Next (%(count)s chosen)", count=0)
    igor.press("№103")
    igor.type("101, 102")
    igor.press("Марк С.")
    for number in ("101", "102", "103"):
        assert f"№{number}: – → Марк С." in igor.text
    igor.press("✅ Confirm")
    assert set(at_masters()) == {"101", "102", "103"}
    igor.press("↩ Undo", times=2)
    assert igor.say("Taken back: %(numbers)s", numbers="") in igor.text
    assert at_masters() == {}
    assert set(Receipt.objects.values_list("status", flat=True)) == {"received"}


def test_urgency_and_deadline_are_buttons_of_the_confirm(cast: Cast, igor: Phone) -> None:
    with time_machine.travel("2026-12-01T09:00:00Z"):
        receipt = make_receipt(cast, "101")
        igor.type("/menu")
        igor.press(HAND)
        igor.type("101")
        igor.press("Максим М.")
        igor.press("🔥 Urgent receipt")
        igor.press("🕒 Deadline")
        igor.type("25.12")
        assert "25.12.2026 18:00" in igor.text
        assert igor.sees("Will be marked 🔥 urgent")
        igor.press("✅ Confirm")
        receipt.refresh_from_db()
        assert receipt.urgent
        assert clock.show(receipt.deadline) == "25.12.2026 18:00"
        # Undo takes back the hand-over alone: urgency and deadline were said on purpose.
        igor.press("↩ Undo")
        assert igor.sees("Urgency and deadline stay: they are changed on the card.")
    receipt.refresh_from_db()
    assert (receipt.status, receipt.urgent) == ("received", True)


@time_machine.travel("2026-12-01T09:00:00Z")
def test_a_deadline_that_changes_is_shown_old_to_new(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast, "101")
    change_deadline(
        receipt_id=receipt.pk,
        deadline=clock.now() + timedelta(days=1),
        actor=cast.actor("ivan"),
    )
    igor.type("101")
    igor.walk(HAND, "Максим М.", "🕒 Deadline", "<25.12>")
    assert "02.12.2026 12:00 → " in igor.text
    assert "25.12.2026 18:00" in igor.text


def test_the_purpose_is_a_switch_for_a_master_with_several_skills(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast, "101")
    igor.press(HAND)
    igor.type("101")
    igor.press("Максим М.")
    assert igor.offers("✅ Сборка")
    igor.press("Ремонт механизма")
    assert igor.offers("✅ Ремонт механизма")
    igor.press("✅ Confirm")
    assert receipt.assignments.get().purpose.code == "mechanism"


def test_another_master_with_a_reason_from_the_card(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast, number="101")
    igor.type("101")
    igor.walk("👨‍🔧 Change the master", "Марк С.", "💬 Reason of the change", "<holiday>")
    assert "№101: Максим М. → Марк С." in igor.text
    assert "holiday" in igor.text
    igor.press("✅ Confirm")
    assert at_masters() == {"101": "Марк С."}
    assert receipt.assignments.get(master=cast.mark).reason == "holiday"


def test_the_same_master_is_already_done(cast: Cast, igor: Phone) -> None:
    make_in_work(cast, number="101")
    before = written()[0]
    igor.press(HAND)
    igor.type("101")
    igor.press("Максим М.")
    igor.press("✅ Confirm")
    assert igor.say("Already done: %(who)s, %(when)s", who="Игорь К.", when="") in igor.text
    assert written()[0] == before
    assert not igor.offers("↩ Undo")


def test_an_unknown_number_keeps_the_step_and_writes_nothing(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "00123")
    igor.press(HAND)
    before = written()
    igor.type("123")
    assert igor.sees(
        "There is no receipt №%(number)s. Similar: %(similar)s", number="123", similar="№00123"
    )
    igor.type("00123, 999")
    assert igor.sees("There is no receipt №%(number)s.", number="999")
    assert written() == before


def test_one_refused_of_several_does_not_stop_the_others(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101")
    make_ready(cast)
    ready = Receipt.objects.get(status="ready")
    igor.press(HAND)
    igor.type(f"101, {ready.number}")
    igor.press("Максим М.")
    igor.press("✅ Confirm")
    assert at_masters() == {"101": "Максим М."}
    assert f"⚠ №{ready.number}: " in igor.text


def test_two_inspectors_hand_the_same_watch(bot: BotDriver, cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast, "101")
    igor.press(HAND)
    igor.type("101")
    igor.press("Максим М.")
    assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("ivan"))
    igor.press("✅ Confirm")
    assert "Иван В." in igor.text
    assert at_masters() == {"101": "Марк С."}
    assert "№101: Марк С. → Максим М." in igor.text
    igor.press("✅ Confirm")
    assert at_masters() == {"101": "Максим М."}


def test_the_picker_offers_active_people_last_used_first_absent_last(
    cast: Cast, igor: Phone
) -> None:
    make_in_work(cast, master="mark")
    receipt = make_receipt(cast, "101")
    igor.press(HAND)
    igor.type("101")
    masters = [label for label in igor.buttons if "(" in label]
    assert masters == ["Марк С. (1)", "Максим М. (0)"]
    today = clock.today()
    set_absence(employee_id=cast.mark.pk, absent_until=today, actor=cast.actor("anna"))
    igor.press("⬅ Back")
    igor.type("101")
    masters = [label for label in igor.buttons if "(" in label]
    assert masters == ["Максим М. (0)", f"Марк С. (1) · {igor.say('absent')}"]
    set_active(employee_id=cast.maxim.pk, active=False, actor=cast.actor("anna"))
    igor.press("Максим М.")
    assert igor.sees("This person is not active any more.")
    assert receipt.assignments.count() == 0


def test_undo_ends_after_fifteen_minutes(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101")
    igor.press(HAND)
    igor.type("101")
    igor.press("Максим М.")
    igor.press("✅ Confirm")
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        igor.press("↩ Undo")
        assert igor.sees("More than 15 minutes have passed: correct it on the receipt.")
    assert at_masters() == {"101": "Максим М."}


def test_the_menu_counts_what_waits_and_the_prompt_shows_the_urgent_first(
    cast: Cast, igor: Phone
) -> None:
    make_receipt(cast, "101")
    urgent = make_receipt(cast, "102")
    Receipt.objects.filter(pk=urgent.pk).update(urgent=True)
    igor.type("/menu")
    assert f"{igor.say(HAND)} (2)" in igor.buttons
    igor.press(HAND)
    assert "🔥 №102" in igor.buttons[0]


def test_back_from_every_step(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101")
    igor.walk(HAND, "<101>", "Максим М.", "🕒 Deadline")
    for _step in range(2):
        igor.press("⬅ Back")
    assert igor.sees("%(numbers)s: to which master?", numbers="№101")
    igor.press("⬅ Back")
    assert igor.offers("Next (%(count)s chosen)", count=1)
    assert any(label.startswith("✅ №101") for label in igor.buttons)
    igor.press("⬅ Back")
    assert igor.offers("📥 New receipt")


def test_one_wrong_number_of_several_costs_only_itself(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101")
    make_receipt(cast, "102")
    igor.press(HAND)
    igor.type("101, 777 888 102")
    for wrong in ("777", "888"):
        assert igor.sees("There is no receipt №%(number)s.", number=wrong)
    assert igor.sees("The other numbers are ticked.")
    igor.press("Next (%(count)s chosen)", count=2)
    assert "№101, №102" in igor.text


def test_all_that_waits_is_offered_then_my_last_ones(cast: Cast, igor: Phone) -> None:
    waiting = [make_receipt(cast, by="ivan") for _one in range(10)]
    mine = make_in_work(cast)
    set_urgent(receipt_id=mine.pk, urgent=True, actor=cast.actor("igor"))
    igor.press(HAND)
    offered = igor.buttons[:8]
    igor.press("▶")
    offered += igor.buttons[:3]
    assert [f"№{one.number} " in label for one, label in zip(waiting, offered, strict=False)]
    assert f"№{mine.number} " in offered[10]
