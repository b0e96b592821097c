"""Customers: subscribed by the link of their receipt, told once, stopped by one press."""

from __future__ import annotations

import pytest
import time_machine

from botapp.dialogs import payload
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from botapp.transport.port import Incoming, Person
from history.models import Command, Event
from receipts.models import Receipt, RefusalReason, Subscription
from receipts.services.facts import revoke_public_link
from receipts.services.flow import refuse
from receipts.services.quality import pass_check
from receipts.services.undoing import WINDOW, undo
from receipts.services.voiding import void_decision
from tests.cast import (
    OLGA_TELEGRAM_ID,
    Cast,
    make_cast,
    make_in_work,
    make_ready,
    make_submitted,
)
from workshop.lib import clock

DISTINCT_ID = 7_700_123_456_789  # too long to stand in a hash by chance


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def olga_at(bot: BotDriver, receipt: Receipt, language: str = "en") -> MemoryPerson:
    """Olga has opened the link of her receipt."""
    olga = bot.person(OLGA_TELEGRAM_ID, language=language)
    olga.text(f"/start t_{receipt.public_token}")
    return olga


def told(bot: BotDriver, person: MemoryPerson) -> list[str]:
    """What he was told, once the time for Undo was over."""
    bot.notify()
    with time_machine.travel(clock.now() + WINDOW, tick=False):
        bot.notify()
    return [notice.text for notice in person.notices]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_subscribes_and_the_watch_is_told_ready(
    bot: BotDriver, cast: Cast, language: str
) -> None:
    receipt = make_submitted(cast)
    olga = olga_at(bot, receipt, language)
    number = f"№{receipt.number}"
    assert tr(language, "You are subscribed: receipt %(number)s", number=number) in olga.screen
    assert tr(language, "Now: in the workshop") in olga.screen
    stop = tr(language, "🔕 Do not tell me any more")
    assert stop in olga.screen.buttons
    assert tr(language, "🏠 Home") not in olga.screen.buttons
    assert told(bot, olga) == []

    pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    (text,) = told(bot, olga)
    assert text.splitlines()[:2] == [
        tr(language, "✅ The watch is ready and can be collected."),
        tr(language, "Receipt: %(number)s", number=number),
    ]
    olga.press_notice(stop)
    gone = tr(language, "No more messages about receipt %(number)s.", number=number)
    assert gone in olga.screen
    assert not Subscription.objects.live().exists()
    bot.notify()
    assert set(
        OutgoingMessage.objects.filter(template="customer.ready").values_list("chat_id", flat=True)
    ) == {None}


def test_one_press_on_the_screen_stops_it(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    olga = olga_at(bot, receipt)
    olga.press("🔕 Do not tell me any more", times=2)
    assert "No more messages" in olga.screen
    assert Event.objects.filter(kind="subscription.ended").count() == 1
    pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    assert told(bot, olga) == []
    olga.text(f"/start t_{receipt.public_token}")
    assert "You are subscribed" in olga.screen
    assert "Now: ready, can be collected" in olga.screen


def test_a_repair_that_failed_is_told_and_a_decision_taken_back_is_not(
    bot: BotDriver, cast: Cast
) -> None:
    first, second = make_in_work(cast), make_submitted(cast)
    olga = olga_at(bot, first)
    olga_at(bot, second)
    igor = cast.actor("igor")
    reason = RefusalReason.objects.get(code="price").pk
    refuse(receipt_id=first.pk, reason_id=reason, actor=igor)
    pass_check(receipt_id=second.pk, actor=igor)
    void_decision(receipt_id=second.pk, reason="pressed by mistake", actor=igor)
    (text,) = told(bot, olga)
    assert "not repaired" in text
    assert first.number in text


def test_what_happens_inside_is_not_the_customers_matter(bot: BotDriver, cast: Cast) -> None:
    for make in (make_in_work, make_submitted):
        assert "Now: in the workshop" in olga_at(bot, make(cast)).screen
    assert "Now: ready" in olga_at(bot, make_ready(cast)).screen


def test_a_subscribed_customer_is_not_turned_away(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    olga = olga_at(bot, receipt)
    before = written()
    olga.text("/start")
    assert "You are told when" in olga.screen
    olga.text("hello")
    olga.photo()
    olga.sticker()
    assert written() == before  # above all no event that names her account
    assert "You are subscribed" in olga.screen


@pytest.mark.parametrize("argument", ["t_", "t_x", "t_" + "a" * 60, "r_x", "x"])
def test_a_wrong_link_leaves_a_stranger_at_the_door(
    bot: BotDriver, cast: Cast, argument: str
) -> None:
    olga = bot.person(OLGA_TELEGRAM_ID, language="en")
    olga.text(f"/start {argument}")
    assert "This bot is for the staff" in olga.screen
    assert not Subscription.objects.exists()


def test_a_revoked_link_is_told_politely(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    olga = olga_at(bot, receipt)
    revoke_public_link(receipt_id=receipt.pk, actor=cast.actor("igor"))
    olga.text(f"/start t_{receipt.public_token}")
    assert "This link is not valid any more." in olga.screen
    assert not Subscription.objects.live().exists()


def test_nobody_stops_the_subscription_of_another(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    olga_at(bot, receipt)
    row = Subscription.objects.get()
    other = bot.person(OLGA_TELEGRAM_ID + 1, language="en")
    other.text("/start")
    forged = payload.build(payload.STATELESS, "unsubscribe", row.pk)
    other.press_payload(forged, other.screen.message_id)
    row.refresh_from_db()
    assert row.ended_at is None


def test_a_subscription_that_ended_tells_strangers_nothing(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    olga = olga_at(bot, receipt)
    olga.press("🔕 Do not tell me any more")
    assert receipt.number in olga.screen
    other = bot.person(OLGA_TELEGRAM_ID + 1, language="en")
    other.text("/start")
    forged = payload.build(payload.STATELESS, "unsubscribe", Subscription.objects.get().pk)
    other.press_payload(forged, other.screen.message_id)
    assert receipt.number not in other.screen
    assert "once more" in other.screen


def test_an_employee_is_subscribed_without_losing_his_dialogue(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor = phone(bot, cast, "igor")
    igor.press("📥 New receipt")
    igor.text("A-777")
    igor.text(f"/start t_{receipt.public_token}")
    assert "You are subscribed" in igor.screen
    igor.press("🏠 Home")
    continued = [label for label in igor.screen.buttons if label.startswith("▶ Continue")]
    igor.press(continued[0])
    assert "A-777" in igor.screen


def test_blocking_the_bot_ends_it(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    olga_at(bot, receipt)
    person = Person(OLGA_TELEGRAM_ID)
    bot.feed(
        Incoming(
            kind="membership",
            chat_id=OLGA_TELEGRAM_ID,
            private=True,
            person=person,
            blocked=True,
        )
    )
    assert not Subscription.objects.live().exists()
    assert Event.objects.latest("pk").payload["cause"] == "blocked"


def test_the_account_enters_nothing_that_is_kept_for_ever(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    olga = bot.person(DISTINCT_ID, language="en")
    olga.text(f"/start t_{receipt.public_token}")
    pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    assert len(told(bot, olga)) == 1
    olga.press_notice("🔕 Do not tell me any more")
    bot.notify()
    kept = [*Event.objects.values(), *Command.objects.values(), *Subscription.objects.values()]
    assert str(DISTINCT_ID) not in str(kept)


def test_a_wrong_press_that_was_taken_back_is_never_told(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    olga = olga_at(bot, receipt)
    igor = cast.actor("igor")
    done = pass_check(receipt_id=receipt.pk, actor=igor)
    bot.notify()
    assert olga.notices == []
    assert done.command is not None
    undo(command_id=done.command.pk, actor=igor)
    assert told(bot, olga) == []


def test_ready_twice_is_told_once(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    olga = olga_at(bot, receipt)
    igor = cast.actor("igor")
    done = pass_check(receipt_id=receipt.pk, actor=igor)
    assert done.command is not None
    undo(command_id=done.command.pk, actor=igor)
    pass_check(receipt_id=receipt.pk, actor=igor)
    assert len(told(bot, olga)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer_who_types_is_shown_his_watch(bot: BotDriver, cast: Cast, language: str) -> None:
    """A number, a question, a photo: politely, with nothing refused and no way to nowhere."""
    receipt, other = make_submitted(cast), make_ready(cast)
    olga = olga_at(bot, receipt, language)
    before = written()
    back, polite = (
        tr(language, "⬅ Back"),
        tr(language, "Nobody reads messages here. This is how your watch stands:"),
    )
    for text in (receipt.number, other.number, "when?"):
        olga.text(text)
        assert f"№{receipt.number}" in olga.screen
        assert tr(language, "Now: in the workshop") in olga.screen
        assert polite in olga.screen
        assert back not in olga.screen.buttons
    olga.photo()
    assert f"№{receipt.number}" in olga.screen
    olga.text("/start")  # the door of a customer: his list
    olga.text("when?")
    assert tr(language, "Now: in the workshop") in olga.screen
    assert written() == before

    olga_at(bot, other, language)
    olga.text(receipt.number)
    assert tr(language, "Now: in the workshop") in olga.screen
    olga.press(back)  # two receipts: there is a list to go back to
    for row in (receipt, other):
        olga.press(f"№{row.number}")
        olga.press(tr(language, "🔕 Do not tell me any more"))
        olga.text("/start")
    assert back not in olga.screen.buttons
