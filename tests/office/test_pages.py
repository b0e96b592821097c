"""Every page of every model by role; nothing can be deleted anywhere."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import NoReverseMatch, reverse

from history.models import Event
from polishing.services.batches import open_batch
from receipts.services.customers import create_customer
from receipts.services.quality import ReadingInput, add_reading
from receipts.services.returns import ItemInput, return_watch
from receipts.services.watches import create_watch
from tests.cast import Cast, make_order, make_receipt, make_submitted, reason_id

pytestmark = pytest.mark.django_db
OURS = ("history", "staff", "receipts", "polishing", "botapp")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]
REGISTERED = list(admin.site._registry)


def url(model: type[models.Model], page: str, *args: object) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


@pytest.fixture
def filled(cast: Cast) -> Cast:
    igor = cast.actor("igor")
    make_order(cast, make_receipt(cast, "№ 17"))
    back = make_submitted(cast)
    add_reading(receipt_id=back.pk, reading=ReadingInput(amplitude=280), actor=igor)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=back.pk, items=[item], actor=igor)
    open_batch(polisher_id=cast.pavel.pk, actor=igor)
    create_customer(name="Пётр", phone="+79161234567", actor=igor)
    create_watch(values={"brand": "Omega", "serial": "A1"}, actor=igor)
    return cast


def test_every_model_is_in_the_office() -> None:
    absent = [m._meta.label for m in MODELS if m not in REGISTERED]
    assert absent == []


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
@pytest.mark.parametrize("role", ["manager", "owner", "administrator"])
def test_lists_open_empty_and_filled(
    model: type[models.Model], role: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(role)
    page = admin.site._registry[model]
    empty = client.get(url(model, "changelist"))
    if model._meta.app_label in {"auth", "django_celery_beat"} and role != "administrator":
        assert empty.status_code in {200, 403}
        return
    assert empty.status_code == 200
    request.getfixturevalue("filled")
    filled = client.get(url(model, "changelist"))
    assert filled.status_code == 200
    row = model._default_manager.first()
    if row is not None:
        assert filled.context["cl"].result_count > 0
        assert client.get(url(model, "change", row.pk)).status_code == 200
    if page.get_search_fields(None):
        for text in ("17", "Omega", "+7 916 123-45-67", "%", "a\x00b", "№", "receipt:1"):
            assert client.get(url(model, "changelist"), {"q": text}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
def test_nothing_can_be_deleted(
    model: type[models.Model], administrator: Client, filled: Cast
) -> None:
    row = model._default_manager.first()
    if row is None:
        pytest.skip("no row of this model in the sample")
    before = model._default_manager.count()
    assert administrator.get(url(model, "delete", row.pk)).status_code == 403
    assert administrator.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    administrator.post(url(model, "changelist"), data)
    assert model._default_manager.count() == before
    page = administrator.get(url(model, "change", row.pk)).content.decode()
    assert "/delete/" not in page


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
def test_the_owner_changes_nothing(model: type[models.Model], owner: Client, filled: Cast) -> None:
    events = Event.objects.count()
    assert owner.get(url(model, "add")).status_code == 403
    assert owner.post(url(model, "add"), {"name": "x", "number": "1"}).status_code == 403
    row = model._default_manager.first()
    if row is not None:
        assert owner.post(url(model, "change", row.pk), {"name": "x"}).status_code == 403
    assert Event.objects.count() == events


def test_the_owner_meets_no_verb(owner: Client, filled: Cast) -> None:
    from staff.office.registry import _verbs

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


def test_read_only_models_refuse_posts(manager: Client, filled: Cast) -> None:
    for model in REGISTERED:
        row = model._default_manager.first()
        page = admin.site._registry[model]
        if row is None or getattr(page, "change_verb", None):
            continue
        answer = manager.post(url(model, "change", row.pk), {"name": "changed"})
        assert answer.status_code == 403, model._meta.label


def test_a_stranger_sees_the_sign_in(db: None) -> None:
    answer = Client().get(reverse("admin:receipts_receipt_changelist"))
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


def test_the_history_button_leads_to_the_events(manager: Client, filled: Cast) -> None:
    page = reverse("admin:staff_employee_history", args=[filled.maxim.pk])
    answer = manager.get(page, follow=True)
    assert answer.status_code == 200
    assert f"employee:{filled.maxim.pk}" in answer.content.decode()


def test_every_line_of_the_sidebar_leads_somewhere(administrator: Client) -> None:
    from django.conf import settings

    for group in settings.UNFOLD["SIDEBAR"]["navigation"]:
        for item in group["items"]:
            try:
                link = str(item["link"])
            except NoReverseMatch as error:  # pragma: no cover - the message is the point
                pytest.fail(f"{item['title']}: {error}")
            assert administrator.get(link).status_code == 200, link
