"""What an office manager and an attacker stumbled over once, kept so that it stays mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from history.models import Command
from receipts.models import Customer, DeadlineCause, HoldReason, Receipt, ReturnItem, Watch
from receipts.selectors import possible_verbs
from receipts.services.deadlines import change_deadline
from receipts.services.flow import submit
from receipts.services.voiding import void_decision
from tests.cast import Cast, make_receipt
from tests.office.forms import errors, press, shown, verb_url
from workshop.lib import clock

pytestmark = pytest.mark.django_db
ADD = "/admin/receipts/receipt/add/"


def promised(cast: Cast) -> Receipt:
    """A receipt with a deadline."""
    return change_deadline(
        receipt_id=make_receipt(cast).pk,
        deadline=clock.now() + timedelta(days=2),
        actor=cast.actor("igor"),
    ).object


def test_a_twin_of_a_new_receipt_with_phone_and_serial_replays(manager: Client, cast: Cast) -> None:
    typed = {"number": "601", "phone": "+79161234567", "brand": "Omega", "serial": "A 1"}
    data = shown(manager, ADD) | typed
    first, twin = manager.post(ADD, data), manager.post(ADD, data)
    assert (first.status_code, twin.status_code) == (302, 302)
    assert first["Location"] == twin["Location"]
    assert (Receipt.objects.count(), Customer.objects.count(), Watch.objects.count()) == (1, 1, 1)


def test_another_form_with_a_known_serial_still_asks(manager: Client, cast: Cast) -> None:
    assert press(manager, ADD, number="602", serial="A 2").status_code == 302
    assert "watch_choice" in errors(press(manager, ADD, number="603", serial="A 2"))


def test_a_twin_that_sets_the_watch_replays(manager: Client, cast: Cast) -> None:
    url = verb_url(make_receipt(cast), "watch")
    data = shown(manager, url) | {"serial": "A 3"}
    assert [manager.post(url, data).status_code for _twin in range(2)] == [302, 302]
    assert Watch.objects.count() == 1


def test_putting_on_hold_moves_the_deadline_in_the_same_press(manager: Client, cast: Cast) -> None:
    receipt = promised(cast)
    moved = clock.now().replace(second=0, microsecond=0) + timedelta(days=9)
    before = Command.objects.count()
    typed = {
        "reason": HoldReason.objects.active().first().pk,
        "cause": DeadlineCause.objects.active().first().pk,
        "deadline": clock.show(moved),
    }
    url = verb_url(receipt, "hold")
    asked = press(manager, url, **typed)
    assert "deadline" in errors(asked)  # without the script the moment is shown first
    again = {**typed, "deadline_token": asked.context["form"]["deadline_token"].value()}
    assert press(manager, url, **again).status_code == 302
    receipt.refresh_from_db()
    assert (receipt.status, receipt.deadline) == ("on_hold", moved)
    assert Command.objects.count() == before + 1


def test_a_hold_without_a_new_deadline_leaves_it(manager: Client, cast: Cast) -> None:
    receipt = promised(cast)
    promised_for = receipt.deadline
    url, reason = verb_url(receipt, "hold"), HoldReason.objects.active().first()
    assert press(manager, url, reason=reason.pk).status_code == 302
    receipt.refresh_from_db()
    assert (receipt.status, receipt.deadline) == ("on_hold", promised_for)


def test_nothing_to_void_is_not_offered(cast: Cast) -> None:
    receipt = make_receipt(cast)
    assert "void_decision" not in possible_verbs(receipt, cast.actor("igor"))
    receipt = submit(receipt_id=receipt.pk, actor=cast.actor("igor")).object
    assert "void_decision" in possible_verbs(receipt, cast.actor("igor"))
    receipt = void_decision(
        receipt_id=receipt.pk, reason="wrong press", actor=cast.actor("igor")
    ).object
    assert "void_decision" not in possible_verbs(receipt, cast.actor("igor"))


def test_a_cause_is_no_part_of_a_watch() -> None:
    with translation.override("ru"):
        assert ReturnItem.Cause.PART.label == "деталь"


def test_a_list_is_named_by_what_it_lists(manager: Client, cast: Cast) -> None:
    page = manager.get(reverse("admin:receipts_receipt_changelist"))
    assert page.context["title"] == "Квитанции"
