"""The work group over HTTP: real presses, a group that moves, a bot that is taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from botapp.models import GroupCard
from botapp.tests.simulated import SimulatorDriver, settled, simulated_bot, wait_until
from history.relay import relay_outbox
from receipts.models import Receipt
from receipts.seeding import seed_catalogues
from receipts.services.assignment import assign
from simulator.client import buttons
from staff import selectors
from tests.cast import OLGA_TELEGRAM_ID, Cast, make_cast, make_receipt

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = -4321


@pytest.fixture
def live(transactional_db: None, settings: Any) -> Iterator[SimulatorDriver]:
    settings.WORKSHOP_SELF_SERVICE = True
    seed_catalogues()
    with simulated_bot() as driver:
        yield driver


def test_a_day_of_the_group(live: SimulatorDriver) -> None:
    cast = make_cast()
    client = live.sim.client
    people = {name: live.person(getattr(cast, name)).id for name in ("igor", "maxim", "mark")}
    client.add_person(OLGA_TELEGRAM_ID, "Ольга")
    client.add_group(
        GROUP, "Мастерская", [*people.values(), OLGA_TELEGRAM_ID], type="group", bot_is_admin=False
    )
    client.send_text(people["maxim"], "/link", chat_id=GROUP)
    settled(live.sim)
    assert selectors.work_group_chat() is None
    client.send_text(people["igor"], "/link", chat_id=GROUP)
    settled(live.sim)
    assert selectors.work_group_chat() == GROUP

    receipt = handed(cast)
    card = shown(live, GROUP, lambda one: receipt.number in one["text"])
    assert buttons(card) == ["✅ Принять в работу", "Открыть в личном чате"]
    refused = client.press(OLGA_TELEGRAM_ID, "✅ Принять в работу", message=card)
    wait_until(lambda: client.answer(refused))
    assert client.answer(refused)["show_alert"]
    for _tap in range(3):
        pressed = client.press(people["maxim"], "✅ Принять в работу", message=card)
    wait_until(lambda: client.answer(pressed))
    assert client.answer(pressed)["text"] == f"Принято: №{receipt.number}"
    relay_outbox()
    accepted = shown(live, GROUP, lambda one: "Сдать на ОТК" in buttons(one))
    assert (accepted["id"], accepted["edits"]) == (card["id"], 1)

    moved = client.upgrade(GROUP, people["igor"])
    assert shown(live, moved, lambda one: receipt.number in one["text"])
    assert selectors.work_group_chat() == moved
    client.set_presence(moved, people["igor"], present=False)
    wait_until(lambda: selectors.work_group_chat() is None)
    assert not GroupCard.objects.filter(closed=False).exists()


def handed(cast: Cast) -> Receipt:
    receipt = make_receipt(cast)
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
    relay_outbox()
    return receipt


def shown(live: SimulatorDriver, chat: int, is_it: Callable[[Any], Any]) -> Any:
    """The message of the bot in the group that is waited for."""

    def look() -> Any:
        return [one for one in live.sim.client.chat(chat) if one["out"] and is_it(one)]

    wait_until(look)
    return look()[0]
