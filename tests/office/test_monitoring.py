"""The pages of monitoring: who may see them, what they say, where numbers lead, their cost."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.admin.monitoring import numbers
from analytics.models import AlertRule, Snapshot
from analytics.monitoring import catalogue
from analytics.services.alert_rules import add_rule
from analytics.services.snapshots import take
from analytics.system_state import SCHEDULER
from history import lease
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from staff import roles
from tests.cast import Cast, make_in_work, make_receipt
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
OVERVIEW = reverse("monitoring")
PROGRAMS = reverse("monitoring-programs")
RISKS = reverse("monitoring-risks")
CAPTURE = reverse("monitoring-capture")
MINUTES = timedelta(minutes=1)


def series(code: str, span: str = "day") -> str:
    return f"{reverse('monitoring-series', args=[code])}?span={span}"


def kept(ago: timedelta, **values: Any) -> Snapshot:
    at = clock.now() - ago
    return Snapshot.objects.create(taken_at=at, duration_ms=5, schema=1, numbers=values)


def late(cast: Cast) -> Receipt:
    two_days_ago = clock.now() - timedelta(days=2)
    receipt = make_in_work(cast, at=two_days_ago)
    yesterday, actor = clock.now() - timedelta(days=1), cast.actor("igor")
    change_deadline(receipt_id=receipt.pk, deadline=yesterday, actor=actor, at=two_days_ago)
    return receipt


def _programs_of_home(client: Client) -> str:
    parts = client.get(reverse("admin:index")).context["parts"]
    return str(next(one.html for one in parts if one.part.name == "system"))


def only_rule(**more: Any) -> AlertRule:
    AlertRule.objects.update(active=False)
    values = {
        "name": "Наше правило",
        "metric": "overdue",
        "comparison": "above",
        "threshold": Decimal(0),
        "roles": [roles.MANAGER],
        **more,
    }
    return add_rule(values=values, actor=system_actor("tests")).object


def test_who_may_see_them(manager: Client, owner: Client, cast: Cast) -> None:
    for client in (manager, owner):
        for page in (OVERVIEW, PROGRAMS, RISKS, series("overdue")):
            assert client.get(page).status_code == 200, page
    nobody = signed_in(make_user("nobody"))
    for page in (OVERVIEW, PROGRAMS, RISKS, series("overdue")):
        assert nobody.get(page).status_code == 403, page
    assert Client().get(OVERVIEW).status_code == 302


def test_before_the_first_numbers_nothing_is_an_alarm(manager: Client) -> None:
    text = manager.get(OVERVIEW).content.decode()
    assert "Измерений ещё нет" in text
    assert "office-danger" not in text
    assert "office-warning" not in text
    assert "нет данных" in _programs_of_home(manager)
    assert "За это время измерений не было." in manager.get(series("overdue")).content.decode()


def test_the_cause_its_number_and_its_list_agree(manager: Client, cast: Cast) -> None:
    rule, receipt = only_rule(severity="critical"), late(cast)
    take(slot=clock.now(), at=clock.now())
    text = manager.get(OVERVIEW).content.decode()
    assert "Критично" in text
    assert rule.name in text
    state = text[: text.index("office-metrics")]
    (address,) = re.findall(r'href="([^"]*due=overdue[^"]*)"', state)
    rows = manager.get(address.replace("&amp;", "&")).context["cl"]
    assert [one.pk for one in rows.result_list] == [receipt.pk]
    assert 'class="office-link office-text-danger" href="' in text[text.index("office-metrics") :]
    assert "Критично" in _programs_of_home(manager)


def test_a_cause_says_when_it_becomes_an_alert(manager: Client, cast: Cast) -> None:
    only_rule(lasts_minutes=10)
    late(cast)
    take(slot=clock.now(), at=clock.now())
    assert "тревога через 10 мин, если не пройдёт" in manager.get(OVERVIEW).content.decode()
    manager.cookies["django_language"] = "en"
    assert "alert in 10 min if it lasts" in manager.get(OVERVIEW).content.decode()


def test_empty_lists_ask_nobody_to_add_what_he_cannot(manager: Client) -> None:
    """The theme's own text asks everybody to create a row."""
    text = manager.get(reverse("admin:analytics_alert_changelist")).content.decode()
    assert "Пока ни одна тревога не срабатывала." in text
    AlertRule.objects.update(active=False)
    rules = reverse("admin:analytics_alertrule_changelist")
    nothing = manager.get(rules, {"q": "nonsense"}).content.decode()
    assert "Поиску и фильтрам ничего не соответствует." in nothing
    customers = manager.get(reverse("admin:receipts_customer_changelist")).content.decode()
    can_add = reverse("admin:receipts_customer_add") in customers
    assert ("Добавьте первую запись." in customers) is can_add


def test_every_number_that_is_shown_opens_its_list(manager: Client, cast: Cast) -> None:
    late(cast)
    make_receipt(cast)
    take(slot=clock.now(), at=clock.now())
    text = manager.get(OVERVIEW).content.decode()
    addresses = set(re.findall(r'href="([^"]+)"', text[text.index("office-metrics") :]))
    asked = [one.replace("&amp;", "&") for one in addresses if one.startswith("/admin/")]
    assert len(asked) > 30
    for address in asked:
        assert manager.get(address).status_code == 200, address


def test_old_and_missing_numbers_say_so(manager: Client) -> None:
    snapshot = kept(50 * MINUTES, overdue=0, open_receipts=None)
    Snapshot.objects.filter(pk=snapshot.pk).update(failed=["limits"])
    text = manager.get(OVERVIEW).content.decode()
    assert "устарело" in text
    assert "Не удалось измерить: limits" in text
    assert 'title="нет данных">–</span>' in text


def test_charts_show_gaps_and_what_still_runs(manager: Client) -> None:
    for hours in (1, 2, 8, 9, 10):
        kept(timedelta(hours=hours), open_receipts=hours)
    text = manager.get(series("open_receipts", "week")).content.decode()
    assert text.count('<polyline class="office-series"') == 2, "the line breaks at a gap"
    assert text.count('class="office-gap"') == 3
    assert "измерений не было" in text
    assert "office-dot-partial" not in text, "the running hour has no number"
    kept(timedelta(), open_receipts=4)
    assert "ещё идёт" in manager.get(series("open_receipts", "week")).content.decode()
    assert manager.get(series("open_receipts", "month")).status_code == 200
    assert manager.get(reverse("monitoring-series", args=["nonsense"])).status_code == 404


def test_a_metric_with_labels_has_a_chart_for_each(manager: Client) -> None:
    for ago in (20, 5):
        kept(ago * MINUTES, **{"open_by_status:in_work": ago, "open_by_status:ready": 2})
    text = manager.get(series("open_by_status")).content.decode()
    assert text.count("office-chart-wide") == 2
    assert "В работе" in text


def test_a_second_press_takes_no_second_snapshot(manager: Client, cast: Cast) -> None:
    key = re.search(r'name="command_key" value="([^"]+)"', manager.get(OVERVIEW).content.decode())
    assert key is not None
    for _press in range(2):
        answer = manager.post(CAPTURE, {"command_key": key[1]}, follow=True)
        assert "сняты" in answer.content.decode()
    assert Snapshot.objects.count() == 1
    assert manager.get(CAPTURE).status_code == 405
    nobody = signed_in(make_user("nobody"))
    nobody.post(CAPTURE, {"command_key": "x"})
    assert Snapshot.objects.count() == 1


def test_the_programs_their_leader_and_its_term(manager: Client) -> None:
    lease.acquire(SCHEDULER, "shop-1/4711/beat")
    text = manager.get(PROGRAMS).content.decode()
    assert "shop-1/4711/beat" in text
    assert clock.local(clock.now()).strftime("%d.%m.%Y") in text
    assert text.count("ещё не запускалось") == 3


def test_risks_by_level_with_reasons(manager: Client, cast: Cast) -> None:
    receipt = late(cast)
    undated = make_receipt(cast)
    text = manager.get(RISKS).content.decode()
    assert text.index(f"№{receipt.number}") < text.index(f"№{undated.number}")
    assert "Просрочен" in text
    assert "Без срока, принята" in text
    only = manager.get(RISKS, {"level": "critical", "page": "x"}).content.decode()
    assert f"№{receipt.number}" in only
    assert f"№{undated.number}" not in only
    assert manager.get(RISKS, {"level": "none", "page": "99"}).status_code == 200


def test_more_snapshots_ask_no_more_questions(manager: Client, cast: Cast) -> None:
    asked = []
    for number in (2, 40):
        for one in range(number):
            kept(one * 20 * MINUTES, overdue=one, open_receipts=one)
        for page in (OVERVIEW, series("overdue")):
            manager.get(page)
            with CaptureQueriesContext(connection) as captured:
                manager.get(page)
            asked.append(len(captured))
    assert asked[:2] == asked[2:]
    assert max(asked) <= 40, asked


def test_each_metric_stands_on_the_page_once(manager: Client) -> None:
    rows = [row for _panel, several in manager.get(OVERVIEW).context["panels"] for row in several]
    assert sorted(row.metric.code for row in rows) == sorted(catalogue.metrics())
    assert [one.code for one in numbers.SPANS] == ["day", "week", "month"]
