"""My queue: the returns that name me, and the one comment on each."""

from __future__ import annotations

import pytest

from botapp.testing import BotDriver
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from history.models import Event
from receipts.models import Receipt, ReturnItem
from receipts.services.returns import ItemInput, change_responsible, return_watch
from receipts.services.voiding import void_decision
from tests.cast import Cast, make_cast, make_submitted, reason_id


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make_returned(cast: Cast, *reasons: str) -> Receipt:
    """A return that names Maxim for each of the reasons."""
    receipt = make_submitted(cast)
    items = [ItemInput(reason_id(code), "person", cast.maxim.pk) for code in reasons]
    return_watch(
        receipt_id=receipt.pk, items=items, comment="Пыль <под> стеклом", actor=cast.actor("igor")
    )
    return receipt


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_comment_from_the_queue(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_returned(cast, "dirt_inside", "dirt_outside")
    maxim = phone(bot, cast, "maxim", language)
    maxim.press(tr(language, "My queue"))
    maxim.press(tr(language, "🔁 Returns that name me (%(count)s)", count=1))
    assert "Грязь внутри, Грязь снаружи" in maxim.screen
    assert "Пыль <под> стеклом" in maxim.screen
    button = tr(language, "💬 Comment on %(number)s", number=f"№{receipt.number}")
    maxim.press(button)
    maxim.text("Стекло было <с трещиной>")
    assert "Стекло было <с трещиной>" in maxim.screen
    maxim.press(tr(language, "✅ Confirm"), times=2)
    assert tr(language, "The comment is saved.") in maxim.screen
    said = tr(language, "Your comment: %(text)s", text="Стекло было <с трещиной>")
    assert said in maxim.screen
    assert button not in maxim.screen.buttons
    assert Event.objects.filter(kind="receipt.return_commented").count() == 1


def test_one_comment_from_the_notice(bot: BotDriver, cast: Cast) -> None:
    make_returned(cast, "dirt_inside")
    maxim = phone(bot, cast, "maxim")
    bot.notify()
    maxim.press_notice("💬 Comment on it")
    maxim.text("x")
    maxim.text("the second thought")
    maxim.press("✅ Confirm")
    assert ReturnItem.objects.get().person_comment == "the second thought"
    before = written()
    maxim.press_notice("💬 Comment on it")  # the old message still has the button
    assert "Your comment: the second thought" in maxim.screen
    assert "✅ Confirm" not in maxim.screen.buttons
    maxim.text("and more")
    assert "✅ Confirm" not in maxim.screen.buttons
    assert written() == before


def test_it_is_for_the_person_named_alone(bot: BotDriver, cast: Cast) -> None:
    make_returned(cast, "dirt_inside")
    maxim, mark = phone(bot, cast, "maxim"), phone(bot, cast, "mark")
    bot.notify()
    assert mark.notices == []
    mark.press("My queue")
    assert not any("Returns" in label for label in mark.screen.buttons)
    change_responsible(
        receipt_id=ReturnItem.objects.get().return_case.receipt_id,
        item_id=ReturnItem.objects.get().pk,
        responsibility="person",
        responsible_id=cast.mark.pk,
        reason="mixed up",
        actor=cast.actor("igor"),
    )
    before = written()
    maxim.press_notice("💬 Comment on it")
    assert "does not name you any more" in maxim.screen
    assert written() == before


def test_a_void_return_is_gone_while_the_comment_is_typed(bot: BotDriver, cast: Cast) -> None:
    receipt = make_returned(cast, "dirt_inside")
    maxim = phone(bot, cast, "maxim")
    maxim.press("My queue")
    maxim.press("🔁 Returns that name me (1)")
    maxim.press("💬 Comment on")
    maxim.text("words")
    void_decision(receipt_id=receipt.pk, reason="wrong", actor=cast.actor("igor"))
    before = written()
    maxim.press("✅ Confirm")
    assert "does not name you any more" in maxim.screen
    assert written() == before
    maxim.press("⬅ Back")
    assert "No return names you." in maxim.screen
