"""People, accounts, catalogues, calendar, customers: changed by services alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from history.models import Event
from receipts.models import (
    Customer,
    HoldReason,
    OperationType,
    ReturnReason,
    ServiceLimit,
    Watch,
    WorkCalendar,
)
from receipts.services.customers import create_customer
from staff import roles
from staff.models import Employee
from tests.cast import Cast, type_id
from tests.office.conftest import make_user, signed_in
from tests.office.forms import errors, press, shown

pytestmark = pytest.mark.django_db


def page(row: models.Model, name: str, *args: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=args)


def verb(row: models.Model, slug: str) -> str:
    return page(row, "verb", row.pk, slug)


def kinds(stream: str) -> list[str]:
    rows = Event.objects.filter(stream=stream, channel="admin").order_by("sequence")
    return list(rows.values_list("kind", flat=True))


def test_a_person_from_the_first_day_to_the_last(manager: Client, cast: Cast) -> None:
    add = reverse("admin:staff_employee_add")
    assert "full_name" in errors(press(manager, add))
    typed = {"full_name": "Иванов Иван", "access": ["master"], "language": "ru"}
    assert press(manager, add, **typed).status_code == 302
    person = Employee.objects.get(full_name="Иванов Иван")
    assert person.short_name == "Иванов И."
    press(manager, verb(person, "rename"), full_name="Иванов Пётр", short_name="")
    press(manager, verb(person, "roles"), access=["master", "polisher"])
    press(manager, verb(person, "skills"), skills=[type_id("assembly")])
    press(manager, verb(person, "absence"), absent_until="2099-01-01")
    press(manager, verb(person, "language"), language="en")
    press(manager, verb(person, "deactivate"))
    person.refresh_from_db()
    assert not person.active
    press(manager, verb(person, "activate"))
    assert len(kinds(person.stream)) == 8
    assert manager.get(page(person, "change", person.pk)).status_code == 200


def test_an_invite_is_shown_once(manager: Client, cast: Cast) -> None:
    person = cast.mark
    press(manager, verb(person, "unbind"))
    url = verb(person, "invite")
    data = shown(manager, url)
    first = manager.post(url, data)
    token = re.search(r"[0-9a-f]{40}", first.context["link"])
    assert token
    assert "no-store" in first["Cache-Control"]
    assert "data:image/svg+xml" in first.content.decode()
    twin = manager.post(url, data)
    assert twin.status_code == 302
    later = manager.get(page(person, "change", person.pk)).content.decode()
    assert token[0] not in later


def test_stale_roles_are_told(manager: Client, cast: Cast) -> None:
    url = verb(cast.mark, "roles")
    data = shown(manager, url)
    press(manager, url, access=["polisher"])
    answer = manager.post(url, data | {"access": ["master", "inspector"]})
    assert "access" in errors(answer)


def test_office_accounts(administrator: Client, manager: Client, cast: Cast) -> None:
    add = reverse("admin:auth_user_add")
    group = roles.GROUPS[roles.OWNER]
    typed = {"username": "new", "password": "short", "groups": [group]}
    assert "password" in errors(press(manager, add, **typed))
    typed["password"] = "long-enough-word-7"
    assert press(manager, add, **typed).status_code == 302
    user = User.objects.get(username="new")
    assert list(user.groups.values_list("name", flat=True)) == [group]
    press(manager, verb(user, "groups"), groups=[roles.GROUPS[roles.MANAGER]])
    press(manager, verb(user, "rename"), first_name="Анна", last_name="Новая")
    press(manager, verb(user, "password"), password="another-long-word-8")
    press(manager, verb(cast.anna, "account"), user=user.pk)
    press(manager, verb(user, "deactivate"))
    user.refresh_from_db()
    assert not user.is_active
    assert user.check_password("another-long-word-8")
    assert len(kinds(f"access:user:{user.pk}")) == 6
    refused = press(manager, verb(user, "groups"), groups=[roles.ADMINISTRATORS])
    assert errors(refused), "administrators are made by administrators"


def test_ones_own_password_is_an_event(db: None) -> None:
    user = make_user("petr", roles.GROUPS[roles.OWNER])
    client = signed_in(user)
    data = {
        "old_password": "secret-enough-1",
        "new_password1": "quite-another-9",
        "new_password2": "quite-another-9",
    }
    url = reverse("admin:password_change")
    before = kinds(f"access:user:{user.pk}")  # the sign-in
    assert client.get(url).status_code == 200
    assert client.post(url, data | {"old_password": "wrong"}).status_code == 200
    assert kinds(f"access:user:{user.pk}") == before
    assert client.post(url, data).status_code == 302
    assert len(kinds(f"access:user:{user.pk}")) == len(before) + 1
    assert client.get("/admin/").status_code == 200, "still signed in"


def test_catalogue_rows(manager: Client, cast: Cast) -> None:
    add = reverse("admin:receipts_holdreason_add")
    assert {"name", "code"} <= set(errors(press(manager, add)))
    typed = {"name": "Ждём чуда", "code": "miracle", "order": "7"}
    assert press(manager, add, **typed).status_code == 302
    row = HoldReason.objects.get(code="miracle")
    change = page(row, "change", row.pk)
    assert press(manager, change, name="Ждём", active=None).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.active, row.code) == ("Ждём", False, "miracle")
    assert "code" in errors(press(manager, add, name="Ещё", code="miracle", order="1"))
    assert kinds("catalogue:receipts.holdreason") == ["catalogue.added", "catalogue.changed"] or (
        len(kinds("catalogue:receipts.holdreason")) == 2
    )


@pytest.mark.parametrize("model", [OperationType, ReturnReason, ServiceLimit])
def test_a_catalogue_form_changes_only_what_was_touched(
    model: type[models.Model], manager: Client, cast: Cast
) -> None:
    for row in model._default_manager.all():
        before = Event.objects.count()
        assert press(manager, page(row, "change", row.pk)).status_code == 302
        assert Event.objects.count() == before, str(row)


def test_the_order_is_typed_into_the_list(manager: Client, cast: Cast) -> None:
    url = reverse("admin:receipts_metal_changelist")
    view = manager.get(url)
    data = {"_save": "1"}
    for form in view.context["cl"].formset:
        data |= {field.html_name: field.value() or "" for field in form}
    for field in view.context["cl"].formset.management_form:
        data[field.html_name] = field.value()
    data["form-0-order"] = "77"
    before = Event.objects.count()
    assert manager.post(url, data).status_code == 302
    assert Event.objects.count() == before + 1
    event = Event.objects.latest("id")
    assert (event.channel, event.stream) == ("admin", "catalogue:receipts.metal")


def test_the_calendar(manager: Client, cast: Cast) -> None:
    add = reverse("admin:receipts_workcalendar_add")
    assert "day_0" in errors(press(manager, add, name="Основной", day_0="с десяти"))
    assert press(manager, add, name="Основной", day_0="10:00-14:00, 15:00-19:00").status_code == 302
    calendar = WorkCalendar.objects.get()
    assert press(manager, verb(calendar, "week"), day_5="11:00-16:00").status_code == 302
    for typed in (
        {"day": "2026-12-31", "kind": "hours", "hours": "10:00-15:00", "note": "короткий"},
        {"day": "2027-01-01", "kind": "off"},
        {"day": "2027-01-01", "kind": "usual"},
    ):
        assert press(manager, verb(calendar, "day"), **typed).status_code == 302
    bad = {"day": "2026-12-30", "kind": "hours", "hours": ""}
    assert "hours" in errors(press(manager, verb(calendar, "day"), **bad))
    assert len(kinds(f"settings:calendar:{calendar.pk}")) == 5
    assert manager.get(page(calendar, "change", calendar.pk)).status_code == 200


def test_customers_and_watches(manager: Client, cast: Cast) -> None:
    press(manager, reverse("admin:receipts_customer_add"), name="Пётр", phone="89161234567")
    one = Customer.objects.get()
    other = create_customer(phone="+79161234567", actor=cast.actor("igor")).object
    press(manager, verb(one, "change"), note="звонить вечером")
    press(manager, verb(one, "merge"), other=other.pk)
    other.refresh_from_db()
    assert other.merged_into == one
    press(manager, verb(one, "erase"), sure="on")
    one.refresh_from_db()
    assert (one.name, one.phone) == ("", "")
    press(manager, reverse("admin:receipts_watch_add"), brand="Omega", serial="S1")
    watch = Watch.objects.get()
    press(manager, verb(watch, "change"), water_resistance_bar="3,5")
    watch.refresh_from_db()
    assert str(watch.water_resistance_bar) == "3.5"


def test_names_never_reach_the_events_list(manager: Client, cast: Cast) -> None:
    press(manager, reverse("admin:receipts_customer_add"), name="Пётр Секретный", phone="")
    assert "Секретный" not in manager.get("/admin/history/event/").content.decode()


def test_the_language_is_switched_in_the_header(manager: Client, cast: Cast) -> None:
    assert "Квитанции" in manager.get("/admin/").content.decode()
    manager.post("/i18n/setlang/", {"language": "en", "next": "/admin/"})
    assert "Receipts" in manager.get("/admin/").content.decode()
    assert "Квитанции" not in manager.get("/admin/").content.decode()
