"""Alerts in the office: rules by their form, the test button, answers as verbs, the first page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import Alert, AlertCheck, AlertRule
from analytics.monitoring.sources import Reading, source
from analytics.services import alert_rules, alerts
from analytics.tests.test_alerts import ACTOR, KINDS, QUEUE, SLOW
from history.models import Event
from staff import roles
from tests.cast import Cast, make_cast
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    measured = {"test_queue": 90, "test_slow": None, "test_kinds:a": 1, "test_kinds:b": 9}
    with source("test", [QUEUE, SLOW, KINDS], lambda at: measured):
        yield make_cast()


@pytest.fixture
def manager(cast: Cast) -> Client:
    user = make_user("anna", roles.GROUPS[roles.MANAGER])
    cast.anna.user = user
    cast.anna.save(update_fields=["user"])
    return signed_in(user)


@pytest.fixture
def owner(cast: Cast) -> Client:
    return signed_in(make_user("boris", roles.GROUPS[roles.OWNER]))


def url(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:analytics_{model}_{page}", args=args)


def rule(cast: Cast, **more: Any) -> AlertRule:
    values = {
        "name": "Очередь стоит",
        "metric": "test_queue",
        "comparison": "above",
        "threshold": Decimal(60),
        "roles": [roles.MANAGER],
        **more,
    }
    return alert_rules.add_rule(values=values, actor=cast.actor("anna")).object


def fired(cast: Cast, value: int = 90) -> Alert:
    AlertRule.objects.update(active=False)
    own = rule(cast)
    reading = Reading(clock.now(), {"test_queue": value})
    alerts.evaluate(reading, minutely=True, actor=ACTOR)
    return Alert.objects.get(rule=own)


SENT = {
    "name": "Много ждёт",
    "number": "test_kinds:a",
    "comparison": "above",
    "threshold": "2,5",
    "clear_at": "1",
    "lasts_minutes": "10",
    "severity": "critical",
    "roles": [roles.MANAGER, roles.OWNER],
    "cooldown_minutes": "60",
    "escalate_minutes": "",
    "quiet_from": "22:00",
    "quiet_to": "06:00",
    "ignores_quiet": "on",
    "unless": ["bot_silent"],
}


def test_a_rule_by_its_form(manager: Client, cast: Cast) -> None:
    page = manager.get(url("alertrule", "add"))
    grouped = dict(page.context["form"].fields["number"].choices)
    flat = dict(entry for choices in grouped.values() for entry in choices)
    assert flat["test_kinds:b"].endswith(": Б")
    assert flat["test_queue"].endswith("(секунды)")
    assert "received_today" not in flat  # nothing alerts on it
    manager.post(url("alertrule", "add"), {**SENT, "employees": [cast.igor.pk]})
    row = AlertRule.objects.get(name="Много ждёт")
    assert (row.metric, row.label) == ("test_kinds", "a")
    assert (row.threshold, row.clear_at) == (Decimal("2.5"), Decimal(1))
    assert (row.roles, row.unless) == ([roles.MANAGER, roles.OWNER], ["bot_silent"])
    assert list(row.employees.all()) == [cast.igor]
    text = manager.get(url("alertrule", "change", row.pk)).content.decode()
    for part in ("больше 2,5", "дольше 10 мин", "22:00–06:00", "Бот молчит"):
        assert part in text


def test_a_form_shows_what_is_and_writes_nothing_for_nothing(manager: Client, cast: Cast) -> None:
    row = AlertRule.objects.get(key="outbox_lag")
    form = manager.get(url("alertrule", "verb", row.pk, "change")).context["form"]
    sent = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    sent = {name: value for name, value in sent.items() if value is not False}
    sent.pop("command_key")  # each press has its own
    manager.post(url("alertrule", "verb", row.pk, "change"), sent)
    row.refresh_from_db()
    assert not Event.objects.filter(stream=row.stream, kind="alert_rule.changed").exists()
    manager.post(url("alertrule", "verb", row.pk, "change"), {**sent, "threshold": "900"})
    event = Event.objects.get(stream=row.stream, kind="alert_rule.changed")
    assert event.payload["changes"] == {"threshold": ["600", "900"]}


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"clear_at": "3"}, "clear_at", "по хорошую сторону"),
        ({"quiet_to": ""}, "quiet_to", "и начало, и конец"),
        ({"severity": "warning"}, "ignores_quiet", "только критичная"),
        ({"escalate_minutes": "30"}, "escalate_roles", "через сколько и кому"),
        ({"number": "received_today"}, "number", "received_today"),
        ({"threshold": "много"}, "threshold", ""),
        ({"threshold": "9" * 15}, "threshold", ""),
        ({"cooldown_minutes": "1"}, "cooldown_minutes", ""),
        ({"roles": []}, "roles", "Выберите, кому"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    manager: Client, cast: Cast, change: dict[str, Any], field: str, text: str
) -> None:
    count = AlertRule.objects.count()
    answer = manager.post(url("alertrule", "add"), {**SENT, **change})
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert text in str(errors[field])
    assert AlertRule.objects.count() == count


def test_the_test_button_says_what_the_rule_says_now(manager: Client, cast: Cast) -> None:
    row = rule(cast)
    page = manager.get(url("alertrule", "verb", row.pk, "try")).content.decode()
    assert "это тревога" in page
    manager.post(url("alertrule", "verb", row.pk, "try"))
    event = Event.objects.get(kind="alert_rule.tested")
    assert event.payload["employee"]["id"] == cast.anna.pk
    assert "90 с (порог: больше 60 с)" in event.payload["says"]
    assert not Alert.objects.exists()
    quiet = rule(cast, name="Тихо", metric="test_slow")
    text = manager.get(url("alertrule", "verb", quiet.pk, "try")).content.decode()
    assert "нет данных, тревоги нет" in text


def test_each_label_is_said(manager: Client, cast: Cast) -> None:
    row = rule(cast, metric="test_kinds", threshold=Decimal(5))
    text = manager.get(url("alertrule", "change", row.pk)).content.decode()
    assert "А: 1 (порог: больше 5): в порядке" in text
    assert "Б: 9 (порог: больше 5): это тревога" in text


def test_switched_off_and_on(manager: Client, cast: Cast) -> None:
    row = AlertRule.objects.get(key="overdue")
    for slug, active in (("off", False), ("on", True)):
        manager.post(url("alertrule", "verb", row.pk, slug))
        row.refresh_from_db()
        assert row.active is active


def test_an_alert_is_answered_by_verbs(manager: Client, cast: Cast) -> None:
    alert = fired(cast)
    assert manager.get(url("alert", "verb", alert.pk, "acknowledge")).status_code == 200
    alert.refresh_from_db()
    assert alert.acknowledged_at is None, "nothing happens on GET"
    manager.post(url("alert", "verb", alert.pk, "snooze"), {"minutes": "240"})
    manager.post(url("alert", "verb", alert.pk, "acknowledge"))
    manager.post(url("alert", "verb", alert.pk, "close"), {"comment": "чиним"})
    kinds = Event.objects.filter(stream=alert.stream).order_by("sequence")
    assert [one.kind for one in kinds][2:] == [
        "alert.snoozed",
        "alert.acknowledged",
        "alert.resolved",
    ]
    text = manager.get(url("alert", "change", alert.pk)).content.decode()
    assert "чиним" in text
    assert "снята вручную" in text
    refused = manager.post(url("alert", "verb", alert.pk, "acknowledge"))
    assert "Эта тревога уже снята." in refused.content.decode()


def test_an_owner_answers_and_changes_no_rule(owner: Client, cast: Cast) -> None:
    alert = fired(cast)
    owner.post(url("alert", "verb", alert.pk, "acknowledge"))
    alert.refresh_from_db()
    assert alert.acknowledged_at is not None
    for slug in ("close",):
        assert owner.post(url("alert", "verb", alert.pk, slug)).status_code == 403
    assert owner.get(url("alertrule", "changelist")).status_code == 200
    assert owner.get(url("alertrule", "add")).status_code == 403
    for slug in ("change", "try", "off"):
        answer = owner.post(url("alertrule", "verb", alert.rule_id, slug))
        assert answer.status_code == 403, slug


def test_nobody_else_sees_them(cast: Cast) -> None:
    alert = fired(cast)
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:1])
    cast.igor.save(update_fields=["user"])
    inspector = signed_in(cast.igor.user)
    for address in (
        url("alert", "changelist"),
        url("alert", "change", alert.pk),
        url("alertrule", "changelist"),
        url("alertrule", "change", alert.rule_id),
    ):
        assert inspector.get(address).status_code == 403


def test_an_administrator_keeps_rules(cast: Cast) -> None:
    admin = signed_in(make_user("adam", roles.ADMINISTRATORS))
    row = AlertRule.objects.get(key="bot_silent")
    admin.post(url("alertrule", "verb", row.pk, "off"))
    row.refresh_from_db()
    assert not row.active
    assert "не привязана" in admin.get(url("alertrule", "verb", row.pk, "try")).content.decode()


def test_the_first_page_tells_of_open_alerts_and_of_silence(manager: Client, cast: Cast) -> None:
    part = {one.part.name: one.html for one in manager.get(HOME).context["parts"]}["alerts"]
    assert "Тревог нет." in part
    fired(cast)
    answer = manager.get(HOME)
    part = {one.part.name: one.html for one in answer.context["parts"]}["alerts"]
    assert "Очередь стоит" in part
    assert "90 с" in part
    assert "office-danger" not in part
    AlertCheck.objects.update(minutely_at=clock.now() - timedelta(minutes=4))
    answer = manager.get(HOME)
    part = {one.part.name: one.html for one in answer.context["parts"]}["alerts"]
    assert "показатели никто не проверял" in part


def test_the_lists_ask_no_more_for_more_rows(manager: Client, cast: Cast) -> None:
    for address in (url("alertrule", "changelist"), url("alert", "changelist")):
        fired(cast)
        manager.get(address)
        with CaptureQueriesContext(connection) as few:
            manager.get(address)
        for number in range(3):
            AlertRule.objects.update(active=False)
            rule(cast, name=f"Ещё {number}")
            reading = Reading(clock.now(), {"test_queue": 90})
            alerts.evaluate(reading, minutely=True, actor=ACTOR)
        with CaptureQueriesContext(connection) as many:
            manager.get(address)
        assert len(few) == len(many)


def test_the_lists_are_filtered(manager: Client, cast: Cast) -> None:
    alert = fired(cast)
    for asked, found in (({}, 1), ({"on": "1"}, 1), ({"on": "0"}, 0), ({"on": "x"}, 1)):
        text = manager.get(url("alert", "changelist"), asked).content.decode()
        assert (url("alert", "change", alert.pk) in text) is bool(found)


def test_seeded_rules_in_the_language_of_whoever_reads(manager: Client, cast: Cast) -> None:
    seeded, renamed = AlertRule.objects.get(key="backup_old"), AlertRule.objects.get(key="overdue")
    AlertRule.objects.filter(pk=seeded.pk).update(name="Резервная копия устарела")
    AlertRule.objects.filter(pk=renamed.pk).update(name="Наше имя")
    names = {"ru": "Резервная копия устарела", "en": "The backup is old"}
    for language, name in names.items():
        manager.cookies["django_language"] = language
        text = manager.get(url("alertrule", "changelist")).content.decode()
        assert name in text
        assert "Наше имя" in text
        found = manager.get(url("alertrule", "changelist"), {"q": name}).context["cl"]
        assert [row.key for row in found.result_list] == ["backup_old"]
        page = manager.get(url("alertrule", "change", seeded.pk))
        assert name in page.content.decode()
        form = manager.get(url("alertrule", "verb", seeded.pk, "change")).context["form"]
        assert form["name"].value() == name
    # The name of another language is no other name; what a person writes is kept.
    for name, kept in (("The backup is old", "Резервная копия устарела"), ("Copies", "Copies")):
        alert_rules.change_rule(rule_id=seeded.pk, values={"name": name}, actor=cast.actor("anna"))
        seeded.refresh_from_db()
        assert seeded.name == kept
    told = Event.objects.filter(stream=seeded.stream, kind="alert_rule.changed")
    assert [one.payload["changes"] for one in told] == [
        {"name": ["Резервная копия устарела", "Copies"]}
    ]
