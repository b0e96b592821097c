"""Screens of a busy chat: the bot goes on, and only the newest one is shown when it is free."""

from __future__ import annotations

import threading
import time

import pytest

from botapp.models import Dialog
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import settled, simulated_bot, wait_until
from botapp.tests.test_running_bot import entered, live_screen

pytestmark = pytest.mark.django_db(transaction=True)
INPUTS = 10
METHODS = ("editMessageText", "sendMessage")


def test_only_the_newest_screen_of_a_busy_chat_is_shown(transactional_db: None) -> None:
    one = make_employee("Person A", 4000, is_manager=True, language="en")
    breath = threading.Event()
    with simulated_bot(limits=True) as driver:
        person = driver.person(one)
        person.text("/start")
        live_screen(person, "sample.broken")
        client = driver.sim.client
        mark = client.ledger()[-1]["n"]
        began = time.time()
        for number in range(INPUTS):
            client.send_text(person.id, f"text {number}")
            breath.wait(0.12)
        # Handled at once, whatever the chat can show by now.
        wait_until(lambda: entered(one) == f"text {INPUTS - 1}", 3)
        settled(driver.sim)
        entries = [one for one in client.ledger(mark) if one.get("method") in METHODS]
        shown = [entry for entry in entries if entry["status"] == 200]
        assert [entry for entry in entries if entry["status"] == 429] == []
        assert len(shown) <= 3 + (time.time() - began) + 1
        assert len(shown) < INPUTS
        assert Dialog.objects.get().shown_revision >= INPUTS
        assert len(person.screens) == 1
