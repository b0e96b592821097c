"""The receipt card and the verbs that stand on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import translation

from botapp.dialogs.registry import all_screens, find_screen
from botapp.screens import words
from botapp.screens.actions import _actions
from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from history.models import Event
from polishing.models import PolishingOrder
from receipts.models import Assignment, HoldReason, Metal, Receipt, RefusalReason
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, refuse, submit
from receipts.services.photos import add_photo
from receipts.services.registration import void_receipt
from receipts.states import VERBS
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
)
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def status(receipt: Receipt) -> str:
    receipt.refresh_from_db()
    return receipt.status


# --- what it shows ------------------------------------------------------------------------------


def test_the_card_in_russian(bot: BotDriver, cast: Cast) -> None:
    receipt = make_worked(cast)
    make_order(cast, receipt)
    at = clock.now() + timedelta(minutes=1)
    change_deadline(receipt_id=receipt.pk, deadline=at, actor=cast.actor("ivan"))
    igor = phone(bot, cast.igor)
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        text = igor.type(receipt.number)
    assert f"№{receipt.number} · В работе" in text
    assert "Часы: Максим М., с " in text
    assert "Корпус: Павел П., с " in text
    assert "⚠ просрочка 2 ч" in text
    assert "Сборка: Максим М., " in text
    assert "Работа: Сборка, Максим М. (Игорь К., бот)" in text
    assert "(Иван В., бот)" in text
    assert text.count("(Игорь К., бот)") == 2  # the last three events, no more
    assert "👨‍🔧 Сменить мастера" in igor.buttons
    assert "✅ Часы готовы" in igor.buttons


def test_only_possible_verbs_have_a_button(cast: Cast, igor: Phone) -> None:
    ready = make_ready(cast)
    igor.type(ready.number)
    assert igor.offers("🛠 Rework without a return")
    assert not igor.offers("⏸ Put on hold")
    assert not igor.offers("Submit to QC")
    received = make_receipt(cast)
    igor.type(received.number)
    assert igor.offers("⏸ Put on hold")
    assert not igor.offers("🛠 Rework without a return")


def test_no_verb_leads_to_a_screen_that_is_not_there() -> None:
    for verb, action in _actions.items():
        assert verb in VERBS
        assert find_screen(action.screen) is not None, action


def test_what_people_wrote_cannot_break_the_card(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    igor.press("💬 Comment")
    igor.type("<b>&lt;script> %(x)s %s")
    assert "<b>&lt;script> %(x)s %s" in igor.text


def test_an_owner_reads_and_changes_nothing(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    boris = phone(bot, cast.boris)
    boris.type(receipt.number)
    assert boris.buttons == ["🗂 История", "⬅ Назад", "🏠 В меню"]
    boris.press("🗂 История")
    assert "Передано мастеру: Максим М." in boris.text


def test_a_master_sees_his_watch_and_no_other(bot: BotDriver, cast: Cast) -> None:
    mine, other = make_in_work(cast), make_in_work(cast, master="mark")
    maxim = phone(bot, cast.maxim)
    maxim.type(mine.number)
    assert f"№{mine.number} · В работе" in maxim.text
    assert maxim.buttons == ["⬅ Назад", "🏠 В меню"]
    maxim.type(other.number)
    assert f"⚠ №{other.number} – не у вас." in maxim.text


def test_the_label_opens_the_card(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(f"/start r_{receipt.label_token}")
    assert f"№{receipt.number} · " in igor.text
    igor.type("/start r_forged")
    assert igor.sees("This label is not known.")


def test_a_typed_number_opens_the_receipt_anywhere(cast: Cast, igor: Phone) -> None:
    receipt, other = make_receipt(cast), make_receipt(cast)
    igor.type(receipt.number)
    igor.press("⏸ Put on hold")
    igor.type(other.number)
    assert f"№{other.number} · " in igor.text
    igor.press("⬅ Back")
    assert igor.sees("Why does it wait?")


# --- one tap ------------------------------------------------------------------------------------


def test_submit_and_pass_are_one_tap_each_and_can_be_undone(cast: Cast, igor: Phone) -> None:
    receipt = make_worked(cast)
    igor.type(receipt.number)
    igor.start_counting()
    igor.press("Submit to QC", times=2)
    assert status(receipt) == "quality_control"
    igor.press("✅ The watch is ready", times=2)
    assert status(receipt) == "ready"
    assert igor.taps == 2
    kinds = Event.objects.filter(stream=receipt.stream).values_list("kind", flat=True)
    assert list(kinds).count("receipt.passed") == 1
    igor.press("↩ Undo")
    assert status(receipt) == "quality_control"


def test_two_inspectors_press_the_same(bot: BotDriver, cast: Cast, igor: Phone) -> None:
    receipt = make_worked(cast)
    ivan = phone(bot, cast.ivan)
    ivan.type(receipt.number)
    igor.type(receipt.number)
    igor.press("Submit to QC")
    before = written()[0]
    ivan.press("Submit to QC")
    assert "Уже сделано: Игорь К., " in ivan.text
    assert written()[0] == before


def test_a_pass_on_something_else_than_was_shown_is_told(cast: Cast, igor: Phone) -> None:
    receipt = make_worked(cast)
    igor.type(receipt.number)
    submit(receipt_id=receipt.pk, actor=cast.actor("ivan"))
    igor.press("✅ The watch is ready")
    assert "Иван В." in igor.text
    assert status(receipt) == "quality_control"
    igor.press("✅ The watch is ready")
    assert status(receipt) == "ready"


def test_urgent_is_a_target_state(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    igor.press("☰ More")
    igor.press("🔥 Mark urgent", times=2)
    assert igor.sees("Marked urgent")
    receipt.refresh_from_db()
    assert receipt.urgent
    igor.press("Not urgent any more")
    receipt.refresh_from_db()
    assert not receipt.urgent


# --- confirms -----------------------------------------------------------------------------------


def test_hold_names_old_and_new_and_offers_the_deadline(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast)
    at = clock.now() + timedelta(days=2)
    change_deadline(receipt_id=receipt.pk, deadline=at, actor=cast.actor("igor"))
    with translation.override(igor.language):
        shown = words.moment(at)
    reason = HoldReason.objects.get(code="parts")
    igor.type(receipt.number)
    igor.walk("⏸ Put on hold", reason.name)
    before = written()
    igor.type("yesterday")
    assert "⚠" in igor.text
    assert written() == before
    igor.press("+7")
    assert f" → {igor.say('On hold')}: {reason.name}, " in igor.text
    igor.press("✅ Confirm", times=2)
    assert status(receipt) == "on_hold"
    assert igor.sees("The deadline stays: %(when)s. It can be moved here.", when=shown)
    assert reason.name in igor.text.partition(igor.say("Last events"))[0]
    igor.press("▶ Resume work")
    assert status(receipt) == "in_work"


def test_refuse_and_reopen(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    reason = RefusalReason.objects.order_by("pk")[0]
    igor.type(receipt.number)
    igor.walk("☰ More", "🚫 Refuse the repair", reason.name)
    assert f"{igor.say('Received')} → {igor.say('Refused')}" in igor.text
    igor.press("✅ Confirm")
    assert status(receipt) == "refused"
    igor.walk("Reopen the repair", "<he agreed>")
    assert igor.sees("Reason: %(reason)s", reason="he agreed")
    igor.press("✅ Confirm")
    assert status(receipt) == "received"


def test_a_rework_order_names_the_master(cast: Cast, igor: Phone) -> None:
    receipt = make_ready(cast)
    igor.type(receipt.number)
    igor.walk("🛠 Rework without a return", "Марк С.", "<forgotten>")
    assert igor.sees("Hand to the master: %(name)s", name="Марк С.")
    igor.press("✅ Confirm")
    assert status(receipt) == "in_work"
    assert Assignment.objects.get(receipt=receipt, ended_at__isnull=True).master == cast.mark


def test_a_wrong_work_is_voided_with_a_reason(cast: Cast, igor: Phone) -> None:
    receipt = make_worked(cast)
    igor.type(receipt.number)
    igor.walk("☰ More", "Void a work", "Сборка, Максим М.", "<wrong receipt>")
    igor.press("✅ Confirm")
    assert igor.sees("The work is voided.")
    assert receipt.operations.get().is_void


def test_the_last_decision_is_voided(cast: Cast, igor: Phone) -> None:
    receipt = make_submitted(cast)
    igor.type(receipt.number)
    igor.walk("☰ More", "Void the last decision", "<wrong press>")
    assert igor.sees("Submitted to QC")
    igor.press("✅ Confirm")
    assert status(receipt) == "in_work"
    assert igor.sees("Voided. Status now: %(status)s", status=igor.say("In work"))


def test_a_number_is_corrected(cast: Cast, igor: Phone) -> None:
    receipt, taken = make_receipt(cast), make_receipt(cast)
    igor.type(receipt.number)
    igor.walk("☰ More", "Correct the number")
    before = written()
    igor.type(taken.number)
    assert igor.sees("Receipt №%(number)s exists already.", number=taken.number)
    assert written() == before
    igor.type("77-new")
    igor.type("typo")
    assert f"№{receipt.number} → №77-new" in igor.text
    igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert receipt.number == "77-new"


def test_only_a_manager_voids_a_receipt(bot: BotDriver, cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    igor.press("☰ More")
    assert not igor.offers("Void the receipt")
    anna = phone(bot, cast.anna)
    anna.type(receipt.number)
    anna.walk("☰ More", "Void the receipt", "<never came>")
    anna.press("✅ Confirm")
    assert anna.sees("The receipt is voided.")
    assert Receipt.objects.get(pk=receipt.pk).is_void


def test_a_record_moves_to_the_right_receipt(cast: Cast, igor: Phone) -> None:
    wrong = make_worked(cast)
    right = Receipt.objects.get(pk=make_receipt(cast).pk)
    Receipt.objects.filter(pk=right.pk).update(received_at=wrong.received_at)
    igor.type(wrong.number)
    igor.walk("☰ More", "Move to another receipt", "Сборка, Максим М.")
    before = written()
    igor.type("no-such-9")
    assert igor.sees("There is no receipt №%(number)s.", number="no-such-9")
    assert written() == before
    igor.walk(f"<{right.number}>", "<mixed up>")
    assert f"№{wrong.number} → №{right.number}" in igor.text
    igor.press("✅ Confirm", times=2)
    assert wrong.operations.get().is_void
    assert right.operations.get().employee == cast.maxim


def test_a_voided_receipt_offers_nothing(bot: BotDriver, cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    igor.type(receipt.number)
    void_receipt(receipt_id=receipt.pk, reason="never came", actor=cast.actor("anna"))
    igor.press("💬 Comment")
    igor.type("late")
    assert "⚠" in igor.text
    igor.press("⬅ Back")
    assert igor.sees("%(number)s: the receipt is voided", number=f"№{receipt.number}")
    assert igor.buttons == [igor.say(text) for text in ("🗂 History", "⬅ Back", "🏠 Home")]


def test_a_receipt_looked_at_in_between_does_not_end_what_was_begun(
    cast: Cast, igor: Phone
) -> None:
    """The hand-over waits while a remark is made on another watch."""
    first, second = make_receipt(cast, "1"), make_receipt(cast, "2")
    igor.press("👨‍🔧 Hand to a master")
    igor.type("1")
    igor.press("Максим М.")
    igor.type("2")
    igor.press("💬 Comment")
    igor.type("позвонить")
    igor.press("▶ Continue %(subject)s", subject="№1")
    igor.press("✅ Confirm")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.master, second.master) == (cast.maxim, None)


def test_a_watch_on_hold_lies_where_it_lay(cast: Cast, igor: Phone) -> None:
    here, there = make_receipt(cast, "1"), make_in_work(cast, number="2")
    reason = HoldReason.objects.get(code="parts").pk
    for receipt in (here, there):
        hold(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor"))
    igor.type("2")
    assert cast.maxim.short_name in igor.text.splitlines()[1]
    igor.type("1")
    assert igor.say("in the workshop") in igor.text.splitlines()[1]


# --- Back ---------------------------------------------------------------------------------------

WALKS = [
    ("igor", "make_in_work", ["⏸ Put on hold", "parts", "<31.12>"]),
    ("igor", "make_in_work", ["⏸ Put on hold", "parts", "⏭ Skip"]),
    ("igor", "make_in_work", ["☰ More", "🚫 Refuse the repair", "price"]),
    ("igor", "make_refused", ["Reopen the repair", "<because>"]),
    ("igor", "make_in_work", ["☰ More", "Void the last decision", "<because>"]),
    ("igor", "make_in_work", ["☰ More", "Correct the number", "<9-99>", "<because>"]),
    ("igor", "make_worked", ["☰ More", "Void a work", "Сборка", "<because>"]),
    (
        "igor",
        "make_worked",
        ["☰ More", "Move to another receipt", "Сборка", "<same>", "<why>"],
    ),
    ("anna", "make_receipt", ["☰ More", "Void the receipt", "<because>"]),
    ("igor", "make_ready", ["🛠 Rework without a return", "Марк С.", "<because>"]),
    ("igor", "make_in_work", ["🕒 Set the deadline"]),
    ("igor", "make_in_work", ["👨‍🔧 Change the master", "Марк С.", "🕒 Deadline"]),
    ("igor", "make_in_work", ["👨‍🔧 Change the master", "Марк С.", "💬 Reason of the change"]),
    ("igor", "make_in_work", ["💬 Comment"]),
    ("igor", "make_photographed", ["📷 Photo", "Void this photo", "<because>"]),
    ("igor", "make_in_work", ["🗂 History", "Filter"]),
    ("igor", "make_in_work", ["☰ More", "Edit the facts"]),
    ("maxim", "make_in_work", ["Cannot take it", "<because>"]),
    ("maxim", "menu", ["My queue"]),
    ("igor", "menu", ["☰ More", "⚙ Settings", "🌐 Language"]),
    ("igor", "menu", ["☰ More", "⚙ Settings", "🔔 Notices"]),
    ("igor", "menu", ["🔥 Urgent"]),
    ("igor", "menu", ["🔎 Find", "<zenith>"]),
    ("igor", "menu", ["📥 New receipt", "<77>"]),
    ("igor", "menu", ["👨‍🔧 Hand to a master"]),
]
# What follows an effect stands on the menu or the card: there is no step to go back to.
WALKED_ELSEWHERE = {"handover.done", "deadline.same"}
MODULES = {
    *("card", "comment", "corrections", "deadline", "facts", "find", "handed", "handover"),
    *("history", "hold", "moving", "my_queue", "photos", "refusal", "register", "settings"),
    "urgent",
}


def make_refused(cast: Cast) -> Receipt:
    receipt = make_receipt(cast)
    reason = RefusalReason.objects.order_by("pk")[0]
    return refuse(receipt_id=receipt.pk, reason_id=reason.pk, actor=cast.actor("igor")).object


def make_photographed(cast: Cast) -> Receipt:
    receipt = make_receipt(cast)
    add_photo(receipt_id=receipt.pk, source="file-1", actor=cast.actor("igor"))
    return receipt


@time_machine.travel("2026-12-01T09:00:00Z")
def test_back_leads_through_every_screen_with_what_was_typed(
    bot: BotDriver, cast: Cast, settings: Any
) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    names = {
        "parts": HoldReason.objects.get(code="parts").name,
        "price": RefusalReason.objects.order_by("pk")[0].name,
    }
    visited: set[str] = set()
    for who, make, steps in WALKS:
        person = phone(bot, getattr(cast, who))
        if make != "menu":
            receipt = globals()[make](cast)
            names["<same>"] = f"<{receipt.number}>"
            person.type(receipt.number)
        before = written()[0]
        visited.add(person.screen_id)
        person.walk(*(names.get(step, step) for step in steps))
        person.walk_back()
        assert written()[0] == before
        visited |= person.visited
    mine = {
        screen_id
        for screen_id, screen in all_screens().items()
        if screen.__module__.removeprefix("botapp.screens.") in MODULES
    }
    assert mine - visited == WALKED_ELSEWHERE


def test_a_stale_confirm_says_who_changed_what_and_then_works(cast: Cast, igor: Phone) -> None:
    receipt = make_receipt(cast)
    reason = RefusalReason.objects.order_by("pk")[0]
    igor.type(receipt.number)
    igor.walk("☰ More", "🚫 Refuse the repair", reason.name)
    assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("ivan"))
    igor.press("✅ Confirm")
    assert "Иван В." in igor.text
    assert status(receipt) == "in_work"
    assert f"{igor.say('In work')} → {igor.say('Refused')}" in igor.text
    igor.press("✅ Confirm")
    assert status(receipt) == "refused"


def test_why_a_watch_is_not_ready_is_said(cast: Cast, igor: Phone) -> None:
    make_in_work(cast, number="101")
    igor.type("101")
    igor.press("✅ The watch is ready")
    assert igor.sees("Not ready yet: look at what is marked ⚠.")
    assert igor.screen_id == "quality.card"


def test_an_unknown_text_in_the_middle_of_a_dialogue_changes_nothing(
    cast: Cast, igor: Phone
) -> None:
    make_in_work(cast, number="101")
    make_receipt(cast, "202")
    igor.type("101")
    igor.walk("👨‍🔧 Change the master", "Марк С.")
    shown = igor.text
    igor.type("in 3 days")
    assert igor.screen_id == "handover.confirm"
    assert shown in igor.text
    igor.type("202")  # one that is known is opened, and Back leads to the dialogue
    assert "№202 · " in igor.text
    igor.press("⬅ Back")
    assert igor.screen_id == "handover.confirm"


def test_the_polisher_reads_what_he_is_to_do(bot: BotDriver, cast: Cast) -> None:
    order = make_order(cast, make_in_work(cast))
    PolishingOrder.objects.filter(pk=order.pk).update(
        metal=Metal.objects.get(code="steel"), difficult=True, comment="mind the lugs"
    )
    pavel = phone(bot, cast.pavel, "en")
    pavel.type(order.receipt.number)
    assert "Сталь, difficult, mind the lugs" in pavel.text
