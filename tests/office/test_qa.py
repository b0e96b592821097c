"""What an office manager and an attacker stumbled over once, kept so that it stays mended."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from PIL import Image

from history.models import Command
from receipts.models import Customer, DeadlineCause, HoldReason, Receipt, ReturnItem, Watch
from receipts.selectors import possible_verbs
from receipts.services.deadlines import change_deadline
from receipts.services.flow import submit
from receipts.services.images import re_encode
from receipts.services.photos import add_photo
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


SECRETS = (
    "/admin/auth/user/?password__startswith=p",
    "/admin/receipts/receipt/?label_token__startswith=a",
    "/admin/receipts/receipt/?public_token__startswith=a",
    "/admin/receipts/receipt/?received_at__year=1",
    "/admin/receipts/receipt/?customer__phone__startswith=%2B7",
    "/admin/receipts/customer/?phone__startswith=%2B7",
    "/admin/staff/invite/?token_hash__startswith=a",
)


@pytest.mark.parametrize("address", SECRETS)
def test_no_column_is_guessed_by_the_address(owner: Client, address: str) -> None:
    assert owner.get(address).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/admin/receipts/receipt/?status=here&urgent=1&master=1&due=today",
        "/admin/receipts/qualitycheck/?decision__exact=passed&decided_at_from=2026-01-01",
        "/admin/receipts/operation/?employee__id__exact=1&type__id__exact=1",
        "/admin/receipts/holdreason/?active__exact=1",
        "/admin/history/event/?stream=receipt:1&channel=bot",
    ],
)
def test_filters_of_the_page_are_let_through(owner: Client, address: str) -> None:
    assert owner.get(address).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-99-99", "x"])
@pytest.mark.parametrize("end", ["from", "to"])
def test_a_day_out_of_reach_finds_nothing(owner: Client, cast: Cast, day: str, end: str) -> None:
    make_receipt(cast)
    page = owner.get("/admin/receipts/receipt/", {f"received_at_{end}": day})
    assert page.status_code == 200
    assert page.context["cl"].result_count == 0


HUGE = "9" * 30


def test_an_impossible_id_is_a_wrong_choice(manager: Client, cast: Cast) -> None:
    typed = {"number": "604", "agreed_works": [HUGE]}
    assert "agreed_works" in errors(press(manager, ADD, **typed))
    assert "skills" in errors(
        press(manager, f"/admin/staff/employee/{cast.maxim.pk}/do/skills/", skills=["-1"])
    )
    order = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "_save": "1"}
    order |= {"form-0-id": HUGE, "form-0-order": HUGE}
    assert manager.post("/admin/receipts/holdreason/", order).status_code == 200
    undo = verb_url(make_receipt(cast), "undo")
    assert manager.post(undo, {"undo_command": HUGE}).status_code == 200
    page, chosen = "/admin/receipts/receipt/", {"action": "urgent_on"}
    for pk in ("abc", "\x00", HUGE):
        assert manager.post(page, chosen | {"_selected_action": [pk]}).status_code == 400


def test_a_photo_is_voided_on_its_own_receipt(manager: Client, cast: Cast) -> None:
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    own, other = make_receipt(cast), make_receipt(cast)
    photo = add_photo(
        receipt_id=own.pk, picture=re_encode(picture.getvalue()), actor=cast.actor("igor")
    ).object
    typed = {"row": photo.pk, "reason": "by mistake"}
    answer = manager.post(verb_url(other, "void_photo"), typed)
    assert answer.status_code == 200
    photo.refresh_from_db()
    assert not photo.is_void
    assert manager.post(verb_url(own, "void_photo"), typed).status_code == 302
