"""Every page of every model by role; nothing can be deleted anywhere.

The sample is laid once for the class; a test walks over all models and tells every wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client, RequestFactory, TestCase
from django.urls import NoReverseMatch, reverse

from history.models import Event
from polishing.services.batches import open_batch
from receipts.services.customers import create_customer
from receipts.services.quality import ReadingInput, add_reading
from receipts.services.returns import ItemInput, return_watch
from receipts.services.watches import create_watch
from staff import roles
from tests.cast import Cast, make_cast, make_order, make_receipt, make_submitted, reason_id
from tests.office.conftest import make_user, signed_in

OURS = ("history", "staff", "receipts", "polishing", "botapp")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]
REGISTERED = list(admin.site._registry)
ROLES = {
    "manager": roles.GROUPS[roles.MANAGER],
    "owner": roles.GROUPS[roles.OWNER],
    "administrator": roles.ADMINISTRATORS,
}
# Models of the framework, which others than the administrator may not be shown at all.
FOREIGN = {"auth", "django_celery_beat"}
SEARCHED = ("17", "Omega", "+7 916 123-45-67", "%", "№", "receipt:1")
BROKEN = "a\x00b"

Wrong = Iterator[str]


def url(model: type[models.Model], page: str, *args: object) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def lay_sample(cast: Cast) -> None:
    igor = cast.actor("igor")
    make_order(cast, make_receipt(cast, "№ 17"))
    back = make_submitted(cast)
    add_reading(receipt_id=back.pk, reading=ReadingInput(amplitude=280), actor=igor)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=back.pk, items=[item], actor=igor)
    open_batch(polisher_id=cast.pavel.pk, actor=igor)
    create_customer(name="Пётр", phone="+79161234567", actor=igor)
    create_watch(values={"brand": "Omega", "serial": "A1"}, actor=igor)


def make_users() -> dict[str, User]:
    return {role: make_user(role, group) for role, group in ROLES.items()}


def test_every_model_is_in_the_office() -> None:
    absent = [m._meta.label for m in MODELS if m not in REGISTERED]
    assert absent == []


class TestEmpty(TestCase):
    users: ClassVar[dict[str, User]]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.users = make_users()

    def test_lists_open(self) -> None:
        """For the one who sees them all; each role opens them filled, below."""
        client = signed_in(self.users["administrator"])
        codes = {
            model._meta.label: client.get(url(model, "changelist")).status_code
            for model in REGISTERED
        }
        assert {label: code for label, code in codes.items() if code != 200} == {}

    def test_what_is_hidden_is_refused_in_order(self) -> None:
        foreign = [model for model in REGISTERED if model._meta.app_label in FOREIGN]
        for role in ("manager", "owner"):
            client = signed_in(self.users[role])
            codes = {client.get(url(model, "changelist")).status_code for model in foreign}
            assert codes <= {200, 403}, role

    def test_every_line_of_the_sidebar_leads_somewhere(self) -> None:
        from django.conf import settings

        client = signed_in(self.users["administrator"])
        for group in settings.UNFOLD["SIDEBAR"]["navigation"]:
            for item in group["items"]:
                try:
                    link = str(item["link"])
                except NoReverseMatch as error:  # pragma: no cover - the message is the point
                    pytest.fail(f"{item['title']}: {error}")
                assert client.get(link).status_code == 200, link


class TestFilled(TestCase):
    cast: ClassVar[Cast]
    users: ClassVar[dict[str, User]]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.cast = make_cast()
        lay_sample(cls.cast)
        cls.users = make_users()

    def client_of(self, role: str) -> Client:
        return signed_in(self.users[role])

    def test_lists_and_rows_open_for_the_manager(self) -> None:
        assert list(self._opened("manager")) == []

    def test_lists_and_rows_open_for_the_owner(self) -> None:
        assert list(self._opened("owner")) == []

    def test_lists_and_rows_open_for_the_administrator(self) -> None:
        assert list(self._opened("administrator")) == []

    def _opened(self, role: str) -> Wrong:
        client = self.client_of(role)
        for model in REGISTERED:
            if model._meta.app_label in FOREIGN and role != "administrator":
                continue
            page = client.get(url(model, "changelist"))
            row = model._default_manager.first()
            if page.status_code != 200:
                yield f"{model._meta.label}: {page.status_code}"
            elif row is not None:
                if not page.context["cl"].result_count:
                    yield f"{model._meta.label}: the list is empty"
                code = client.get(url(model, "change", row.pk)).status_code
                if code != 200:
                    yield f"{model._meta.label}: the row answers {code}"

    def test_every_list_is_searched_by_anything(self) -> None:
        assert list(self._searched()) == []

    def _searched(self) -> Wrong:
        client = self.client_of("administrator")
        for model, page in admin.site._registry.items():
            if not page.get_search_fields(None):
                continue
            code = client.get(url(model, "changelist"), {"q": BROKEN}).status_code
            if code != 200:
                yield f"{model._meta.label}: a NUL answers {code}"
            for text in SEARCHED:
                request = RequestFactory().get("/", {"q": text})
                request.user = self.users["administrator"]
                found = page.get_changelist_instance(request)
                if found.result_count != len(found.queryset):
                    yield f"{model._meta.label}: {text} is counted wrong"

    def test_nothing_can_be_deleted(self) -> None:
        assert list(self._deletable()) == []

    def _deletable(self) -> Wrong:
        client = self.client_of("administrator")
        for model in REGISTERED:
            row = model._default_manager.first()
            if row is None:
                continue
            before, name = model._default_manager.count(), model._meta.label
            address = url(model, "delete", row.pk)
            codes = [
                client.get(address).status_code,
                client.post(address, {"post": "yes"}).status_code,
            ]
            if codes != [403, 403]:
                yield f"{name}: the page of deletion answers {codes}"
            data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            client.post(url(model, "changelist"), data)
            if model._default_manager.count() != before:
                yield f"{name}: a row was deleted"
            if "/delete/" in client.get(url(model, "change", row.pk)).content.decode():
                yield f"{name}: the page offers deletion"

    def test_the_owner_changes_nothing(self) -> None:
        owner = self.client_of("owner")
        events = Event.objects.count()
        assert list(self._changeable(owner)) == []
        assert Event.objects.count() == events

    def _changeable(self, client: Client) -> Wrong:
        for model in REGISTERED:
            codes = [
                client.get(url(model, "add")).status_code,
                client.post(url(model, "add"), {"name": "x", "number": "1"}).status_code,
            ]
            row = model._default_manager.first()
            if row is not None:
                answer = client.post(url(model, "change", row.pk), {"name": "x"})
                codes.append(answer.status_code)
            if set(codes) != {403}:
                yield f"{model._meta.label}: {codes}"

    def test_the_owner_meets_no_verb(self) -> None:
        from staff.office.registry import _verbs

        owner = self.client_of("owner")
        for label, verbs in _verbs.items():
            model = apps.get_model(label)
            row = model._default_manager.first()
            if row is None:
                continue
            page = owner.get(url(model, "change", row.pk)).content.decode()
            assert "/do/" not in page
            for slug in verbs:
                assert owner.get(url(model, "verb", row.pk, slug)).status_code == 403
                assert owner.post(url(model, "verb", row.pk, slug)).status_code == 403

    def test_read_only_models_refuse_posts(self) -> None:
        manager = self.client_of("manager")
        for model in REGISTERED:
            row = model._default_manager.first()
            page = admin.site._registry[model]
            if row is None or getattr(page, "change_verb", None):
                continue
            answer = manager.post(url(model, "change", row.pk), {"name": "changed"})
            assert answer.status_code == 403, model._meta.label

    def test_the_history_button_leads_to_the_events(self) -> None:
        maxim = self.cast.maxim.pk
        page = reverse("admin:staff_employee_history", args=[maxim])
        answer = self.client_of("manager").get(page, follow=True)
        assert answer.status_code == 200
        assert f"employee:{maxim}" in answer.content.decode()


def test_a_stranger_sees_the_sign_in(db: None) -> None:
    answer = Client().get(reverse("admin:receipts_receipt_changelist"))
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
