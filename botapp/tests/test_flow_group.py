"""The work group: linked by a manager, one card for each assignment, edited as it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from botapp import group_cards
from botapp.cleanup import clean_up
from botapp.models import GroupCard
from botapp.testing import BotDriver
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from botapp.tests.group_chat import GROUP, GroupChat
from botapp.transport.port import ChatMoved, MessageGone, RetryLater, Unreachable
from history.models import Event
from history.relay import relay_outbox
from receipts.models import Assignment, Receipt
from receipts.services.assignment import assign, decline
from receipts.services.facts import add_comment, edit_facts
from receipts.services.flow import submit
from receipts.services.photos import add_photo
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work
from staff import selectors, services
from tests.cast import (
    OLGA_TELEGRAM_ID,
    Cast,
    make_cast,
    make_in_work,
    make_receipt,
    reason_id,
    type_id,
)
from workshop.lib import clock

ACCEPT, SUBMIT = "✅ Принять в работу", "Сдать на ОТК"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def group(bot: BotDriver, cast: Cast) -> GroupChat:
    """Linked by Igor."""
    chat = GroupChat(bot)
    chat.member(cast.igor).text("/link")
    return chat


@pytest.fixture
def serving(settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True


def card(group: GroupChat) -> Any:
    """The one card, after everything was told."""
    group.bot.notify()
    cards = [one for one in group.messages if one.text.startswith("👨‍🔧")]
    assert len(cards) == 1
    return cards[0]


def handed(cast: Cast, who: str = "maxim") -> Receipt:
    receipt = make_receipt(cast)
    master = getattr(cast, who)
    assign(receipt_id=receipt.pk, master_id=master.pk, actor=cast.actor("igor"))
    return Receipt.objects.get(pk=receipt.pk)


# --- linking ------------------------------------------------------------------------------------


def test_a_group_is_linked_and_unlinked_by_a_command(bot: BotDriver, cast: Cast) -> None:
    chat = GroupChat(bot)
    igor = chat.member(cast.igor)
    igor.text("/link@workshop_bot")
    assert selectors.work_group_chat() == GROUP
    assert "/unlink" in chat.messages[-1].text
    igor.text("/link")
    assert "Уже сделано" in chat.messages[-1].text
    igor.text("/unlink")
    assert selectors.work_group_chat() is None
    igor.text("/unlink")
    assert "/link" in chat.messages[-1].text
    assert Event.objects.filter(stream="settings:work_group").count() == 2


def test_masters_may_not_link_and_strangers_are_passed_over(bot: BotDriver, cast: Cast) -> None:
    chat = GroupChat(bot)
    chat.member(cast.maxim).text("/link")
    assert len(chat.messages) == 1  # told, not swallowed
    before = written()
    for text in ("/link", "/start", "/menu", "hello", "/unlink", "/"):
        chat.member(OLGA_TELEGRAM_ID).text(text)
    chat.member(cast.igor).text("what about №101?")
    chat.member(cast.igor).text("/menu")
    assert len(chat.messages) == 1  # not our group
    assert written() == before
    chat.member(cast.igor).text("/link")
    chat.member(cast.igor).text("/menu")
    assert "в личном чате" in chat.messages[-1].text
    assert Event.objects.filter(stream="settings:work_group").count() == 1


def test_the_bot_taken_out_of_the_group_is_unlinked(group: GroupChat, cast: Cast) -> None:
    handed(cast)
    card(group)
    group.update(cast.igor.telegram_id, kind="membership", blocked=True)
    assert selectors.work_group_chat() is None
    handed(cast)
    group.bot.notify()
    assert GroupCard.objects.filter(closed=False).count() == 0
    assert Event.objects.filter(kind="settings.work_group_unlinked").get().payload["cause"] == (
        "removed"
    )


def test_a_group_that_became_a_supergroup_is_followed(group: GroupChat, cast: Cast) -> None:
    receipt = handed(cast)
    card(group)
    group.update(OLGA_TELEGRAM_ID, kind="moved", moved_to=-100777)
    assert selectors.work_group_chat() == -100777
    group.bot.notify()
    assert receipt.number in GroupChat(group.bot, -100777).messages[0].text


# --- cards --------------------------------------------------------------------------------------


def test_an_assignment_gets_one_card_that_follows_it(group: GroupChat, cast: Cast) -> None:
    receipt = handed(cast)
    igor = cast.actor("igor")
    first = card(group)
    assert first.text.splitlines() == [f"👨‍🔧 №{receipt.number} → Максим М.", "В работе"]
    edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": True}, actor=igor)
    add_comment(receipt_id=receipt.pk, text="Клиент <просит> скорее", actor=igor)
    second = card(group)
    assert second.message_id == first.message_id
    assert "⛔" in second.text
    assert "просит" not in second.text
    submit(receipt_id=receipt.pk, actor=igor)
    assert "На ОТК" in card(group).text
    assert GroupCard.objects.count() == 1


def test_what_the_group_does_not_see_costs_no_call(
    group: GroupChat, cast: Cast, serving: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = handed(cast)
    card(group)
    edits: list[int] = []
    monkeypatch.setattr(group.bot.transport, "edit", lambda *_: edits.append(1))
    add_comment(receipt_id=receipt.pk, text="x", actor=cast.actor("igor"))
    add_photo(receipt_id=receipt.pk, source="file-1", actor=cast.actor("igor"))
    group.bot.notify()
    assert edits == []
    assert GroupCard.objects.get().shown_revision == GroupCard.objects.get().wanted_revision


def test_a_watch_handed_to_quality_control_unaccepted_cannot_be_accepted(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    receipt = handed(cast)
    submit(receipt_id=receipt.pk, actor=cast.actor("igor"))
    seen = card(group)
    assert seen.buttons == []
    assert "На ОТК" in seen.text


def test_a_return_is_not_told_to_the_group(group: GroupChat, cast: Cast) -> None:
    """A person's quality is told to him and the manager only."""
    receipt = handed(cast)
    igor = cast.actor("igor")
    work = WorkInput(type_id("assembly"), cast.maxim.pk)
    record_work(receipt_id=receipt.pk, works=[work], actor=igor)
    before = card(group).text
    submit(receipt_id=receipt.pk, actor=igor)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=receipt.pk, items=[item], comment="пыль", actor=igor)
    assert card(group).text == before


@pytest.mark.parametrize("ending", ["passed", "declined", "handed on", "voided"])
def test_a_card_that_is_over_has_no_buttons(
    group: GroupChat, cast: Cast, serving: None, ending: str
) -> None:
    services.remember_bot("workshop_bot")
    receipt = handed(cast)
    igor = cast.actor("igor")
    assert card(group).buttons == [ACCEPT, "Открыть в личном чате"]
    if ending == "declined":
        decline(receipt_id=receipt.pk, reason="болен", actor=cast.actor("maxim"))
    elif ending == "voided":
        void_decision(receipt_id=receipt.pk, reason="ошибка", actor=igor)
    elif ending == "handed on":
        assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=igor)
    else:
        work = WorkInput(type_id("assembly"), cast.maxim.pk)
        record_work(receipt_id=receipt.pk, works=[work], actor=igor)
        pass_check(receipt_id=receipt.pk, actor=igor)
    group.bot.notify()
    first = next(one for one in group.messages if "Максим М." in one.text)
    assert first.buttons == []
    assert "болен" not in first.text
    over = GroupCard.objects.get(assignment__master=cast.maxim)
    assert over.closed


def test_a_decision_taken_back_opens_the_card_again(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    receipt = handed(cast)
    first = card(group)
    decline(receipt_id=receipt.pk, reason="болен", actor=cast.actor("maxim"))
    assert card(group).buttons == []
    void_decision(receipt_id=receipt.pk, reason="может", actor=cast.actor("igor"))
    again = card(group)
    assert (again.message_id, again.buttons) == (first.message_id, [ACCEPT])
    group.member(cast.maxim).press(ACCEPT)
    assert "В работе" in card(group).text


def test_a_bug_in_one_card_stops_nothing(
    group: GroupChat, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = handed(cast), handed(cast)
    whole = group_cards.render

    def render(row: GroupCard, **more: Any) -> Any:
        if row.assignment.receipt_id == broken.pk:
            raise ZeroDivisionError
        return whole(row, **more)

    monkeypatch.setattr(group_cards, "render", render)
    assert good.number in card(group).text
    monkeypatch.setattr(group_cards, "render", whole)
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        group.bot.notify()
    assert any(broken.number in one.text for one in group.messages)


def test_unlinking_disarms_the_cards(group: GroupChat, cast: Cast, serving: None) -> None:
    handed(cast)
    assert ACCEPT in card(group).buttons
    group.member(cast.igor).text("/unlink")
    assert card(group).buttons == []


def test_nothing_is_sent_of_what_was_over_before(group: GroupChat, cast: Cast) -> None:
    receipt = handed(cast)
    void_decision(receipt_id=receipt.pk, reason="ошибка", actor=cast.actor("igor"))
    group.bot.notify()
    assert not any(one.text.startswith("👨‍🔧") for one in group.messages)


def test_long_names_and_markup_are_safe(group: GroupChat, cast: Cast) -> None:
    services.rename_employee(
        employee_id=cast.maxim.pk,
        full_name="<b>Максим</b> & Ко",
        short_name="<b>М</b> & Ко",
        actor=cast.actor("anna"),
    )
    handed(cast)
    assert "<b>М</b> & Ко" in card(group).text


# --- buttons ------------------------------------------------------------------------------------


def test_the_master_accepts_and_submits_in_the_group(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    receipt = handed(cast)
    assert "Ждёт ответа мастера" in card(group).text
    maxim = group.member(cast.maxim)
    assert maxim.press(ACCEPT, times=2) == f"Принято: №{receipt.number}"
    assert Event.objects.filter(kind="receipt.accepted").count() == 1
    seen = card(group)
    assert seen.buttons == [SUBMIT]
    assert "В работе" in seen.text
    assert maxim.press(SUBMIT) == f"Сдано на ОТК: №{receipt.number}"
    assert card(group).buttons == []
    receipt.refresh_from_db()
    assert receipt.status == "quality_control"


def test_the_same_button_again_after_a_return_is_another_press(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    receipt = handed(cast)
    card(group)
    maxim = group.member(cast.maxim)
    maxim.press(ACCEPT)
    card(group)
    maxim.press(SUBMIT)
    item = ItemInput(reason_id("dirt_inside"), "undecided")
    return_watch(receipt_id=receipt.pk, items=[item], actor=cast.actor("igor"))
    card(group)
    maxim.press(SUBMIT)
    receipt.refresh_from_db()
    assert receipt.status == "quality_control"
    assert Event.objects.filter(kind="receipt.submitted").count() == 2


def test_only_permitted_people_may_press(group: GroupChat, cast: Cast, serving: None) -> None:
    handed(cast)
    card(group)
    before = written()
    refusals = {tr(language, "You may not do this.") for language in LANGUAGES}
    for who in (OLGA_TELEGRAM_ID, cast.mark, cast.pavel, cast.igor):
        assert group.member(who).press(ACCEPT) in refusals
    assert written() == before
    assert group.member(cast.anna).press(ACCEPT).startswith("Принято")


def test_a_press_on_an_old_card_answers_that_it_is_over(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    receipt = handed(cast)
    old = card(group)
    stored = group.bot.transport.chats[GROUP][old.message_id]
    assert stored.message is not None
    payload = stored.message.keys[0][0].payload
    assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("igor"))
    before = written()
    toast = group.member(cast.maxim).press_payload(payload, old.message_id)
    assert "устарел" in toast
    for forged in (payload.replace("group_accept", "receipt"), "1:-:group_accept:1-", "x"):
        assert "устарел" in group.member(cast.maxim).press_payload(forged, old.message_id)
    assert written() == before


def test_a_copy_left_by_a_crash_goes_when_it_is_pressed(
    group: GroupChat, cast: Cast, serving: None
) -> None:
    handed(cast)
    token = "lost"
    assert group_cards.claim(token) == []  # not relayed yet
    group.bot.notify()
    row = GroupCard.objects.get()
    copy = group.messages[-1]
    # the kill before the record
    GroupCard.objects.update(message_id=None, shown_revision=0, shown_digest="")
    group.bot.notify()
    assert len([one for one in group.messages if one.text.startswith("👨‍🔧")]) == 2
    stored = group.bot.transport.chats[GROUP][copy.message_id]
    assert stored.message is not None
    group.member(cast.maxim).press_payload(stored.message.keys[0][0].payload, copy.message_id)
    assert Event.objects.filter(kind="receipt.accepted").count() == 1
    assert copy.message_id not in group.bot.transport.chats[GROUP]
    row.refresh_from_db()
    assert row.message_id != copy.message_id


# --- what the messenger says ----------------------------------------------------------------


def test_a_claim_that_was_lost_is_taken_over_and_repeats_an_edit(
    group: GroupChat, cast: Cast
) -> None:
    receipt = handed(cast)
    card(group)
    submit(receipt_id=receipt.pk, actor=cast.actor("igor"))
    relay_outbox()
    assert len(group_cards.claim("killed")) == 1
    assert group_cards.claim("other") == []
    GroupCard.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert "На ОТК" in card(group).text


def test_a_card_that_may_be_there_twice_says_so_until_it_changes(
    group: GroupChat, cast: Cast
) -> None:
    receipt = handed(cast)
    relay_outbox()
    assert len(group_cards.claim("killed")) == 1  # and nobody knows whether it was sent
    GroupCard.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert "Возможно, повтор" in card(group).text
    submit(receipt_id=receipt.pk, actor=cast.actor("igor"))
    assert "повтор" not in card(group).text


def test_errors_of_the_messenger(group: GroupChat, cast: Cast) -> None:
    maxim = cast.actor("maxim")  # nothing but the card is sent
    services.mute_notices(employee_id=cast.maxim.pk, kinds=["assignment"], muted=True, actor=maxim)
    receipt = handed(cast)
    group.bot.transport.fail = [RetryLater(30)]
    group.bot.notify()
    assert GroupCard.objects.get().message_id is None
    GroupCard.objects.update(show_after="2020-01-01T00:00:00Z")
    first = card(group)
    group.bot.transport.fail = [MessageGone("message to edit not found")]
    edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": True}, actor=cast.actor("igor"))
    group.bot.notify()
    assert GroupCard.objects.get().message_id != first.message_id
    group.bot.transport.fail = [ChatMoved(-100777)]
    edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": False}, actor=cast.actor("igor"))
    group.bot.notify()
    assert selectors.work_group_chat() == -100777
    assert len(GroupChat(group.bot, -100777).messages) == 1
    group.bot.transport.fail = [Unreachable("bot was kicked from the supergroup chat")]
    edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": True}, actor=cast.actor("igor"))
    group.bot.notify()
    assert selectors.work_group_chat() is None
    assert GroupCard.objects.get().closed


def test_without_a_group_there_are_no_cards(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast, "igor")
    make_in_work(cast)
    bot.notify()
    assert Assignment.objects.exists()
    assert not GroupCard.objects.exists()
    assert igor.screens


def test_cards_that_are_over_are_forgotten_after_a_while(group: GroupChat, cast: Cast) -> None:
    first, second = handed(cast), handed(cast)
    submit(receipt_id=second.pk, actor=cast.actor("igor"))
    void_decision(receipt_id=first.pk, reason="ошибка", actor=cast.actor("igor"))
    group.bot.notify()
    GroupCard.objects.update(created_at=clock.now() - timedelta(days=91))
    assert clean_up()["cards"] == 1
    assert GroupCard.objects.get().assignment.receipt == second
