"""The new receipt: found again or new, shown before it is saved, once even when pressed twice."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from history.models import Command, Event
from receipts.models import Customer, Receipt, Watch
from receipts.services.customers import create_customer
from receipts.services.intake import take_in
from tests.cast import Cast, make_receipt
from tests.office.forms import errors, press, shown

pytestmark = pytest.mark.django_db
ADD = "/admin/receipts/receipt/add/"


def test_only_the_number_is_required(manager: Client, cast: Cast) -> None:
    assert list(errors(press(manager, ADD))) == ["number"]
    answer = press(manager, ADD, number="№ 500")
    receipt = Receipt.objects.get()
    assert answer["Location"] == reverse("admin:receipts_receipt_change", args=[receipt.pk])
    assert (receipt.number, receipt.customer, receipt.watch) == ("500", None, None)


def test_everything_is_one_command(manager: Client, cast: Cast) -> None:
    token = manager.get("/admin/receipts/receipt/deadline-preview/", {"text": "завтра"}).json()
    typed = {
        "number": "501",
        "phone": "8 916 123-45-67",
        "customer_name": "Пётр",
        "brand": "Omega",
        "serial": "A 1",
        "agreed_price": "1 000,50",
        "do_not_polish": "on",
        "urgent": "on",
        "deadline": "завтра",
        "deadline_token": token["token"],
    }
    before = Command.objects.count()
    assert press(manager, ADD, **typed).status_code == 302
    receipt = Receipt.objects.get()
    assert Command.objects.count() == before + 1
    assert (receipt.customer.phone, receipt.watch.brand) == ("+79161234567", "Omega")
    assert receipt.urgent
    assert receipt.do_not_polish
    assert receipt.deadline
    assert str(receipt.agreed_price) == "1000.50"
    events = Event.objects.filter(stream=receipt.stream)
    assert {event.channel for event in events} == {"admin"}
    assert len({event.command_id for event in Event.objects.filter(channel="admin")}) <= 2


def test_a_double_submit_makes_one_receipt(manager: Client, cast: Cast) -> None:
    data = shown(manager, ADD) | {"number": "502", "phone": "+79161234567"}
    first, twin = manager.post(ADD, data), manager.post(ADD, data)
    # The twin sees the customer that the first one made, and its own number as taken.
    assert first.status_code == 302
    assert Receipt.objects.count() == 1
    assert Customer.objects.count() == 1
    assert twin.status_code in {200, 302}


def test_a_refusal_writes_nothing_and_keeps_the_input(manager: Client, cast: Cast) -> None:
    make_receipt(cast, "503")
    before = Event.objects.count(), Customer.objects.count(), Watch.objects.count()
    answer = press(manager, ADD, number="503", customer_name="Анна", brand="Omega")
    assert "number" in errors(answer)
    assert answer.context["form"]["customer_name"].value() == "Анна"
    assert (Event.objects.count(), Customer.objects.count(), Watch.objects.count()) == before
    assert "number" in errors(press(manager, ADD, number="!!!"))
    assert "phone" in errors(press(manager, ADD, number="504", phone="123"))
    assert Receipt.objects.count() == 1


def test_a_similar_open_number_is_shown_first(manager: Client, cast: Cast) -> None:
    make_receipt(cast, "123")
    answer = press(manager, ADD, number="00123")
    assert "number_sure" in errors(answer)
    assert "№123" in answer.content.decode()
    data = shown(manager, ADD) | {"number": "00123", "number_sure": "on"}
    assert manager.post(ADD, data).status_code == 302


def test_a_known_phone_is_offered(manager: Client, cast: Cast) -> None:
    igor = cast.actor("igor")
    one = create_customer(name="Пётр", phone="+79161234567", actor=igor).object
    press(manager, ADD, number="600", phone="8(916)1234567")
    assert Receipt.objects.get(number="600").customer == one
    create_customer(name="Анна", phone="+79161234567", actor=igor)
    answer = press(manager, ADD, number="601", phone="+79161234567")
    assert "customer_choice" in errors(answer)
    data = shown(manager, ADD) | {
        "number": "601",
        "phone": "+79161234567",
        "customer_choice": str(one.pk),
    }
    assert manager.post(ADD, data).status_code == 302
    assert Receipt.objects.get(number="601").customer == one
    data = shown(manager, ADD) | {
        "number": "602",
        "phone": "+79161234567",
        "customer_name": "Ольга",
        "customer_choice": "new",
    }
    assert manager.post(ADD, data).status_code == 302
    assert Customer.objects.count() == 3


def test_a_watch_that_comes_again_is_recognised(manager: Client, cast: Cast) -> None:
    take_in(number="700", watch={"brand": "Omega", "serial": "AB-12"}, actor=cast.actor("igor"))
    answer = press(manager, ADD, number="701", serial="ab 12")
    assert "watch_choice" in errors(answer)
    assert "№700" in answer.content.decode()
    watch = Watch.objects.get()
    data = shown(manager, ADD) | {
        "number": "701",
        "serial": "ab 12",
        "watch_choice": str(watch.pk),
        "visit_kind": "warranty",
    }
    assert manager.post(ADD, data).status_code == 302
    again = Receipt.objects.get(number="701")
    assert again.watch == watch
    assert again.repeats == Receipt.objects.get(number="700")
    page = manager.get(reverse("admin:receipts_receipt_change", args=[again.pk]))
    assert "№700" in page.content.decode()
