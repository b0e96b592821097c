"""Monitoring over the API: shapes, who may ask, wrong questions, one data set, cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.api.monitoring.urls import QUESTIONS
from analytics.models import Alert, AlertRule, Snapshot
from analytics.monitoring import catalogue, checking
from analytics.services.alert_rules import add_rule, seed_rules
from analytics.services.snapshots import take
from history.models import Command, Event
from integrations import scopes
from receipts.services.deadlines import change_deadline
from staff import roles
from tests.api.bed import described
from tests.api.callers import BASE, SYSTEM, Caller
from tests.api.test_examples import success, violations
from tests.api.test_numbers import user_of
from tests.cast import Cast, make_in_work, make_receipt
from tests.office.conftest import signed_in
from workshop.lib import clock

pytestmark = pytest.mark.django_db
READING = [f"/monitoring/{name}/" for name in QUESTIONS]
LISTS = ["/monitoring/alerts/", "/monitoring/alert-rules/"]
MINUTES = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _often(settings: Any) -> None:
    settings.API_ANALYTICS_RATE = 10_000


def kept(ago: timedelta, **numbers: Any) -> Snapshot:
    """A snapshot as it was kept so long ago."""
    at = clock.now() - ago
    return Snapshot.objects.create(taken_at=at, duration_ms=5, schema=1, numbers=numbers)


def rule(**more: Any) -> AlertRule:
    values = {
        "name": "Много просроченных",
        "metric": "overdue",
        "comparison": "above",
        "threshold": Decimal(2),
        "roles": [roles.MANAGER],
        **more,
    }
    return add_rule(values=values, actor=SYSTEM).object


def fired(of: AlertRule, value: int = 5) -> Alert:
    return Alert.objects.create(
        rule=of,
        key=of.metric,
        severity=of.severity,
        comparison=of.comparison,
        threshold=of.threshold,
        value=value,
        last_value=value,
        fired_at=clock.now(),
    )


class TestWhoMayAsk:
    def test_every_address_stands_in_the_description(self) -> None:
        told = [path.removeprefix(BASE) for path in described()["paths"]]
        found = {path for path in told if path.startswith("/monitoring/")}
        assert {*READING, *LISTS, "/monitoring/snapshot/capture/"} <= found
        assert len(found) == 21

    def test_scopes_of_programs(self, caller: Callable[..., Caller]) -> None:
        others = caller("others", held=tuple(set(scopes.ALL) - {scopes.MONITORING_READ}))
        reader = caller("reader", held=(scopes.MONITORING_READ,))
        for path in [*READING, *LISTS]:
            assert others.get(path).status_code == 403, path
            assert reader.get(path).status_code == 200, path
            assert Client().get(BASE + path).status_code == 401, path
        alert = fired(rule())
        for path in ("snapshot/capture/", "alert-rules/seed/", f"alerts/{alert.pk}/acknowledge/"):
            refused = reader.post(f"/monitoring/{path}")
            assert (refused.status_code, refused.json()["code"]) == (403, "api.scope_missing"), path

    # Who stands in no row may ask nothing.
    ROLES = {
        roles.MANAGER: (200, 201),
        roles.OWNER: (200, 403),
        roles.INSPECTOR: (200, 403),
        roles.MASTER: (403, 403),
        roles.POLISHER: (403, 403),
    }

    @pytest.mark.parametrize("role", list(ROLES))
    def test_roles_of_people(self, cast: Cast, role: str) -> None:
        reads, writes = self.ROLES[role]
        person = signed_in(user_of(cast, role))
        for path in [*READING, *LISTS]:
            assert person.get(BASE + path).status_code == reads, path
        assert _posted(person, "/monitoring/snapshot/capture/") == writes


def _posted(person: Client, path: str) -> int:
    return person.post(f"{BASE}{path}", {}, content_type="application/json").status_code


class TestShapes:
    def test_answers_have_the_form_they_promise(self, shop: Caller, cast: Cast) -> None:
        _late(cast)
        seed_rules(actor=SYSTEM)
        take(slot=clock.now(), at=clock.now())
        fired(AlertRule.objects.get(key="overdue"))
        for path in [*READING, *LISTS]:
            operation = described()["paths"][BASE + path]["get"]
            answer = shop.get(path)
            assert answer.status_code == 200, answer.content
            schema = success(operation)["application/json"]["schema"]
            assert violations(schema, answer.json()) == [], path

    def test_the_catalogue_in_the_readers_language(self, shop: Caller) -> None:
        rows = {one["code"]: one for one in shop.get("/monitoring/metrics/").json()["results"]}
        assert set(rows) == set(catalogue.metrics())
        spoken = {
            language: shop.get("/monitoring/metrics/", headers={"Accept-Language": language})
            for language in ("ru", "en")
        }
        assert spoken["ru"].json() != spoken["en"].json()

    def test_the_layout_holds_every_metric_once(self, shop: Caller) -> None:
        told = shop.get("/monitoring/layout/").json()
        placed = [code for panel in told["panels"] for code in panel["metrics"]]
        assert sorted(placed) == sorted(catalogue.metrics())
        assert set(told["glance"]) == {
            one.code for one in catalogue.metrics().values() if one.status
        }

    def test_nothing_has_been_measured_yet(self, shop: Caller) -> None:
        seed_rules(actor=SYSTEM)
        state = shop.get("/monitoring/status/").json()
        assert (state["state"], state["has_data"], state["stale"]) == ("ok", False, False)
        assert (state["causes"], state["age_seconds"]) == ([], None)
        assert shop.get("/monitoring/snapshot/").json()["snapshot"] is None
        assert shop.get("/monitoring/history/").json() == {"results": []}
        points = shop.get("/monitoring/timeseries/", metrics="overdue").json()["series"][0][
            "points"
        ]
        assert {one["count"] for one in points} == {0}
        assert {one["last"] for one in points} == {None}

    def test_a_new_installation_is_ok(self, shop: Caller) -> None:
        seed_rules(actor=SYSTEM)
        take(slot=clock.now(), at=clock.now())
        state = shop.get("/monitoring/status/").json()
        assert (state["state"], state["causes"], state["has_data"]) == ("ok", [], True)

    def test_unchanged_answers_are_not_sent_again(self, shop: Caller) -> None:
        first = shop.get("/monitoring/layout/")
        again = shop.get("/monitoring/layout/", headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def _late(cast: Cast, count: int = 1) -> None:
    for _number in range(count):
        receipt = make_in_work(cast, at=clock.now() - timedelta(days=2))
        change_deadline(
            receipt_id=receipt.pk,
            deadline=clock.now() - timedelta(days=1),
            actor=cast.actor("igor"),
            at=clock.now() - timedelta(days=2),
        )


class TestStatus:
    @pytest.fixture(autouse=True)
    def _only_ours(self) -> None:
        AlertRule.objects.update(active=False)

    def test_causes_are_of_the_data_set_that_is_told(self, shop: Caller) -> None:
        mine = rule()
        kept(50 * MINUTES, overdue=9)
        newest = kept(10 * MINUTES, overdue=3, overdue_days=None)
        told = shop.get("/monitoring/dashboard/").json()
        assert told["status"]["state"] == "warning"
        assert told["latest"]["snapshot"]["id"] == newest.pk
        (cause,) = told["status"]["causes"]
        assert (cause["rule_id"], cause["value"], cause["threshold"]) == (mine.pk, "3", "2")
        assert cause["words"]
        assert "receipt" in cause["link"]
        assert told["status"]["taken_at"] == told["latest"]["snapshot"]["taken_at"]
        assert 600 <= told["status"]["age_seconds"] < 660
        assert not told["status"]["stale"]

    def test_the_worst_counts_and_what_is_switched_off_does_not(self, shop: Caller) -> None:
        kept(MINUTES, overdue=3)
        rule()
        critical = rule(severity="critical", threshold=Decimal(1))
        state = shop.get("/monitoring/status/").json()
        assert (state["state"], state["causes"][0]["rule_id"]) == ("critical", critical.pk)
        AlertRule.objects.update(active=False)
        assert shop.get("/monitoring/status/").json()["state"] == "ok"

    def test_what_only_follows_is_no_cause_beside_it(self, shop: Caller) -> None:
        kept(MINUTES, overdue=3)
        first = rule()
        second = rule(name="Следствие", unless=[first.key])
        causes = shop.get("/monitoring/status/").json()["causes"]
        assert [one["rule_id"] for one in causes] == [first.pk]
        AlertRule.objects.filter(pk=first.pk).update(active=False)
        causes = shop.get("/monitoring/status/").json()["causes"]
        assert [one["rule_id"] for one in causes] == [second.pk]

    def test_a_cause_says_when_it_becomes_an_alert(self, shop: Caller) -> None:
        mine = rule(threshold=Decimal(0), lasts_minutes=10)
        at = clock.now()
        expected: list[tuple[int, int | None]] = [(0, 600), (4, 360), (9, 60), (11, None)]
        for minute, left in expected:
            with time_machine.travel(at + minute * MINUTES, tick=False):
                kept(0 * MINUTES, overdue=1)
                checking.check(actor=SYSTEM, at=clock.now())
                (cause,) = shop.get("/monitoring/status/").json()["causes"]
                assert cause["alert_in_seconds"] == left, minute
        assert Alert.objects.open().filter(rule=mine).exists()
        rule(threshold=Decimal(0))
        causes = shop.get("/monitoring/status/").json()["causes"]
        assert [one["alert_in_seconds"] for one in causes] == [None, None], "no time is needed"

    def test_old_numbers_are_said_to_be_old(self, shop: Caller) -> None:
        kept(36 * MINUTES, overdue=0)
        assert shop.get("/monitoring/status/").json()["stale"]


class TestSeries:
    def test_buckets_gaps_and_the_running_one(self, shop: Caller) -> None:
        with time_machine.travel("2026-11-20T12:40:00Z", tick=False):
            for minutes, number in ((130, 4), (125, 8), (5, 1)):
                kept(minutes * MINUTES, overdue=number)
            told = shop.get(
                "/monitoring/timeseries/",
                **{
                    "metrics": "overdue",
                    "from": "2026-11-20T10:00:00Z",
                    "to": "2026-11-20T13:00:00Z",
                    "bucket": "hour",
                },
            ).json()
        (series,) = told["series"]
        assert [one["count"] for one in series["points"]] == [2, 0, 1]
        first, gap, _last = series["points"]
        assert (first["min"], first["max"], first["avg"], first["last"]) == (4, 8, 6, 8)
        assert (gap["min"], gap["avg"], gap["last"]) == (None, None, None)
        assert [one["partial"] for one in series["points"]] == [False, False, True]
        assert (series["key"], series["unit"], told["bucket"]) == ("overdue", "count", "hour")

    def test_a_metric_with_labels_stands_for_all_of_them(self, shop: Caller) -> None:
        kept(MINUTES, **{"open_by_status:in_work": 4})
        told = shop.get("/monitoring/timeseries/", metrics="open_by_status").json()["series"]
        assert {one["metric"] for one in told} == {"open_by_status"}
        assert "open_by_status:in_work" in {one["key"] for one in told}
        only = shop.get("/monitoring/timeseries/", metrics="open_by_status:in_work").json()
        assert [one["key"] for one in only["series"]] == ["open_by_status:in_work"]

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ({"metrics": "overdue,nonsense"}, "metrics", "unknown"),
            ({"metrics": "overdue:x"}, "metrics", "unknown"),
            ({"metrics": ""}, "metrics", "unknown"),
            ({"bucket": "week"}, "bucket", "invalid_choice"),
            ({"from": "yesterday"}, "from", "invalid"),
            ({"nonsense": "1"}, "query", "unknown"),
        ],
    )
    def test_a_wrong_question_names_what_is_wrong(
        self, shop: Caller, query: dict[str, str], field: str, code: str
    ) -> None:
        answer = shop.get("/monitoring/timeseries/", **query)
        assert answer.status_code == 400, answer.content
        (error,) = answer.json()["field_errors"][field]
        assert error["code"] == code
        if query.get("metrics", "").endswith("nonsense"):
            assert "nonsense" in str(error)

    def test_too_much_is_refused(self, shop: Caller) -> None:
        path, long = "/monitoring/timeseries/", "2020-01-01T00:00:00Z"
        answer = shop.get(path, **{"metrics": "overdue", "from": long, "bucket": "raw"})
        assert (answer.status_code, answer.json()["code"]) == (422, "monitoring.too_many_points")
        far = shop.get(path, metrics="overdue", to="3954-08-18T19:00:00+21:54")
        assert (far.status_code, far.json()["code"]) == (422, "api.out_of_range")
        turned = shop.get(
            path, **{"metrics": "overdue", "to": long, "from": "2021-01-01T00:00:00Z"}
        )
        assert (turned.status_code, turned.json()["code"]) == (422, "monitoring.range_reversed")

    def test_limits(self, shop: Caller) -> None:
        for minutes in range(5):
            kept(minutes * MINUTES, overdue=minutes)
        rows = shop.get("/monitoring/history/", limit=2).json()["results"]
        assert [one["numbers"]["overdue"] for one in rows] == [0, 1]
        for wrong in ("0", "501", "x", "-1", "²"):
            assert shop.get("/monitoring/history/", limit=wrong).status_code == 400, wrong


class TestCapture:
    def test_the_same_key_is_the_same_snapshot(self, shop: Caller) -> None:
        first, again = (shop.once("k-1", "/monitoring/snapshot/capture/") for _n in range(2))
        assert first.status_code == 201
        assert first.json()["result"] == again.json()["result"]
        assert again["Idempotent-Replayed"] == "true"
        assert Snapshot.objects.count() == 1
        assert shop.post("/monitoring/snapshot/capture/").status_code == 201
        newest = shop.get("/monitoring/snapshot/").json()["snapshot"]
        assert newest["slot"] is None
        assert newest["numbers"]["overdue"] == 0


class TestAlerts:
    def test_list_filters_and_pages(self, shop: Caller) -> None:
        several = [rule(name=f"R{number}") for number in range(3)]
        open_ones = [fired(one) for one in several]
        Alert.objects.filter(pk=open_ones[0].pk).update(resolved_at=clock.now(), why="back")
        rows = shop.get("/monitoring/alerts/", open="true").json()["results"]
        assert [one["id"] for one in rows] == [open_ones[2].pk, open_ones[1].pk]
        page = shop.get("/monitoring/alerts/", limit=2).json()
        rest = shop.get("/monitoring/alerts/", limit=2, cursor=page["next_cursor"]).json()
        assert [one["id"] for one in (*page["results"], *rest["results"])] == [
            one.pk for one in reversed(open_ones)
        ]
        only = shop.get("/monitoring/alerts/", rule=several[0].pk).json()["results"]
        assert [one["why"] for one in only] == ["back"]
        told = shop.get(f"/monitoring/alerts/{open_ones[2].pk}/", expand="words").json()
        assert told["words"]["rule"] == "R2"
        assert "5" in told["words"]["cause"]

    def test_acknowledge_snooze_resolve(self, shop: Caller) -> None:
        alert = fired(rule())
        path = f"/monitoring/alerts/{alert.pk}"
        assert shop.get(f"{path}/").json()["value"] == "5.000"
        acknowledged = shop.post(f"{path}/acknowledge/").json()
        assert acknowledged["result"]["acknowledged_by"] == "shop"
        again = shop.post(f"{path}/acknowledge/").json()
        assert again["already"]["who"] == "shop"
        wrong = shop.post(f"{path}/snooze/", {"minutes": 0})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "alerts.bad_snooze")
        snoozed = shop.post(f"{path}/snooze/", {"minutes": 60}).json()["result"]
        assert snoozed["snoozed_until"] > snoozed["fired_at"]
        done = shop.post(f"{path}/resolve/", {"comment": "нашлись"}).json()["result"]
        assert (done["why"], done["resolved_by"]) == ("person", "shop")
        over = shop.post(f"{path}/snooze/", {"minutes": 60})
        assert over.json()["code"] == "alerts.over"

    def test_a_version_that_is_old_changes_nothing(self, shop: Caller) -> None:
        alert = fired(rule())
        path = f"/monitoring/alerts/{alert.pk}"
        tag = shop.get(f"{path}/")["ETag"]
        shop.post(f"{path}/snooze/", {"minutes": 5})
        answer = shop.post(f"{path}/acknowledge/", headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["code"]) == (409, "api.changed_meanwhile")
        alert.refresh_from_db()
        assert alert.acknowledged_at is None

    def test_there_is_no_such_one(self, shop: Caller) -> None:
        assert shop.get("/monitoring/alerts/777/").status_code == 404
        assert shop.post("/monitoring/alerts/777/acknowledge/").status_code == 404


class TestRules:
    PATH = "/monitoring/alert-rules/"

    def test_add_change_switch(self, shop: Caller, cast: Cast) -> None:
        body = {
            "name": "Срок прошёл",
            "metric": "overdue",
            "comparison": "above",
            "threshold": "10",
            "quiet_from": "22:00",
            "quiet_to": "06:30:00",
            "roles": ["manager"],
            "employees": [cast.igor.pk],
        }
        added = shop.post(self.PATH, body)
        assert added.status_code == 201, added.content
        row = added.json()["result"]
        assert (row["threshold"], row["quiet_to"]) == ("10.000", "06:30:00")
        path = f"{self.PATH}{row['id']}/"
        changed = shop.post(f"{path}change/", {"threshold": "4.5", "quiet_from": None,
                                               "quiet_to": None}).json()["result"]  # fmt: skip
        assert (changed["threshold"], changed["quiet_from"]) == ("4.500", None)
        assert changed["name"] == "Срок прошёл"
        assert shop.post(f"{path}switch/", {"active": False}).json()["result"]["active"] is False
        told = shop.get(path, expand="people").json()
        assert told["people"] == [cast.igor.pk]
        names = shop.get(self.PATH, active="false").json()["results"]
        assert row["id"] in [one["id"] for one in names]

    def test_what_a_rule_would_say_now(
        self, shop: Caller, cast: Cast, caller: Callable[..., Caller]
    ) -> None:
        _late(cast, 2)
        mine, quiet = rule(threshold=Decimal(1)), rule(threshold=Decimal(2))
        nothing = rule(metric="return_rate_7d")
        before = (Event.objects.count(), Command.objects.count(), Alert.objects.count())
        told = shop.post(f"{self.PATH}{mine.pk}/test/").json()
        assert (told["rule_id"], told["beyond"]) == (mine.pk, True)
        (number,) = told["results"]
        assert (number["key"], number["value"], number["beyond"]) == ("overdue", "2", True)
        assert number["words"] == "Просрочены: 2 (порог: больше 1): это тревога"
        assert number["link"] == "/admin/receipts/receipt/?due=overdue"
        assert shop.post(f"{self.PATH}{quiet.pk}/test/").json()["beyond"] is False
        (number,) = shop.post(f"{self.PATH}{nothing.pk}/test/").json()["results"]
        assert (number["value"], number["beyond"]) == (None, False)
        assert (Event.objects.count(), Command.objects.count(), Alert.objects.count()) == before
        path = f"{self.PATH}{mine.pk}/test/"
        reader = caller("reader", held=(scopes.MONITORING_READ,))
        assert reader.post(path).status_code == 200
        others = caller("others", held=tuple(set(scopes.ALL) - {scopes.MONITORING_READ}))
        assert others.post(path).json()["code"] == "api.scope_missing"
        assert shop.post(path, {"threshold": "1"}).status_code == 400
        assert shop.post(f"{self.PATH}77777/test/").status_code == 404

    def test_names_of_seeded_rules_in_the_readers_language(self, shop: Caller) -> None:
        seed_rules(actor=SYSTEM)
        found = AlertRule.objects.get(key="backup_old")
        for language, name in (("ru", "Резервная копия устарела"), ("en", "The backup is old")):
            told = shop.get(
                f"{self.PATH}{found.pk}/", expand="words", headers={"Accept-Language": language}
            ).json()
            assert (told["name"], told["words"]["name"]) == (found.name, name)

    def test_wrong_values_name_their_field(self, shop: Caller) -> None:
        mine = rule()
        path = f"{self.PATH}{mine.pk}/change/"
        for body, field, status in (
            ({"metric": "nonsense"}, "metric", 422),
            ({"clear_at": "5"}, "clear_at", 422),
            ({"roles": ["king"]}, "roles", 422),
            ({"threshold": 5}, "threshold", 400),
            ({"thresholt": "5"}, "thresholt", 400),
            ({"comparison": "near"}, "comparison", 400),
        ):
            answer = shop.post(path, body)
            assert answer.status_code == status, answer.content
            assert field in answer.json()["field_errors"], body

    def test_seed_adds_only_what_is_missing(self, shop: Caller) -> None:
        AlertRule.objects.filter(key="overdue").update(name="Наше имя")
        first = shop.post(f"{self.PATH}seed/").json()["result"]["added"]
        again = shop.post(f"{self.PATH}seed/").json()["result"]["added"]
        assert (again, AlertRule.objects.count() >= 10) == (0, True)
        assert first in {0, AlertRule.objects.count()}
        told = shop.get("/monitoring/bootstrap/").json()["rules"]
        assert len(told) == AlertRule.objects.count()


class TestRisks:
    def test_reasons_level_and_limit(self, shop: Caller, cast: Cast) -> None:
        _late(cast, 3)
        make_receipt(cast)
        told = shop.get("/monitoring/risk-focus/", limit=2).json()
        assert (told["total"], len(told["results"])) == (4, 2)
        assert told["levels"] == {"critical": 3, "warning": 0, "stale": 0, "no_deadline": 1}
        assert told["results"][0]["reasons"][0].startswith("Просрочен")
        (only,) = shop.get("/monitoring/risk-focus/", level="no_deadline").json()["results"]
        assert only["kind"] == "no_deadline"
        assert shop.get("/monitoring/risk-focus/", level="awful").status_code == 400


def test_more_rows_ask_no_more_questions(shop: Caller, cast: Cast) -> None:
    seed_rules(actor=SYSTEM)
    found = []
    for late in (2, 8):
        _late(cast, late)
        for number in range(late):
            kept(number * MINUTES, overdue=late)
            fired(rule(name=f"N{late}-{number}"))
        asked = {}
        for path in [*READING, *LISTS]:
            shop.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert shop.get(path).status_code == 200
            asked[path] = len(captured)
        found.append(asked)
    assert found[0] == found[1]
    assert max(found[1].values()) <= 60, found[1]
