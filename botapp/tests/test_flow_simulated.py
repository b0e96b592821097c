"""The first flows over HTTP: the real Application against a strict Bot API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from botapp.tests.flows import Phone, phone
from botapp.tests.simulated import SimulatorDriver, simulated_bot
from history.models import Event
from receipts.models import HoldReason, Photo, Receipt
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(transactional_db: None) -> Iterator[SimulatorDriver]:
    with simulated_bot() as driver:
        yield driver


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, live: SimulatorDriver, cast: Cast) -> Phone:
    return phone(live, cast.igor, request.param)


def test_a_watch_from_the_counter_to_the_master_and_on_hold(igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("101 <b>")
    assert "⚠" in igor.text
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("Omega Speedmaster\nserial: 12345678\n+7 916 123-45-67\nне идут <&>")
    igor.press("✅ Save", times=2)
    assert "не идут <&>" in igor.text
    igor.person.photo(count=3)
    igor.press("📷 Photo")
    assert igor.person.screen.picture
    igor.press("▶")
    igor.press("⬅ Back")
    igor.press("👨‍🔧 Hand to a master")
    igor.press("Максим М.")
    igor.press("🕒 Deadline")
    igor.press("+7")
    igor.press("✅ Confirm", times=2)
    igor.press("↩ Undo")
    igor.type("101")
    igor.press("✅ Confirm")
    assert igor.sees("Handed to the master: %(name)s", name="Максим М.")
    igor.type("/menu")
    igor.type("101")
    igor.walk("⏸ Put on hold", HoldReason.objects.get(code="parts").name, "⏭ Skip")
    igor.walk_back()
    igor.press("🕒 Change the deadline")
    igor.type("in 3 days")
    igor.press("⏭ Skip")
    igor.press("🗂 History")
    igor.press("▶")
    assert igor.sees("Receipt created: №%(number)s", number="101")
    receipt = Receipt.objects.get()
    assert (receipt.status, receipt.deadline_changes) == ("in_work", 1)
    assert Photo.objects.filter(receipt=receipt).count() == 3
    kinds = list(Event.objects.filter(stream=receipt.stream).values_list("kind", flat=True))
    assert kinds.count("receipt.assigned") == 2
    assert len(igor.person.screens) == 1
