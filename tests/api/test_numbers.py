"""The addresses of the numbers: who may ask what, wrong questions, caching, cost."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.activity import activity
from analytics.api.urls import NUMBERS
from analytics.first_pass import first_pass_yield
from analytics.flow import flow
from analytics.lead_time import lead_time
from analytics.output import output
from analytics.periods import Kind, period
from analytics.quality import quality
from integrations import scopes
from integrations.services.registrations import GROUP
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from staff import roles
from staff.models import Employee
from tests.api.bed import described
from tests.api.callers import BASE, SYSTEM, Caller
from tests.cast import (
    Cast,
    make_order,
    make_polished,
    make_receipt,
    make_worked,
    reason_id,
    type_id,
)
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock

pytestmark = pytest.mark.django_db
STATS = "/stats/"
NUMBERED = [f"/analytics/{name}/" for name in NUMBERS]
ADDRESSES = [*NUMBERED, STATS]
PERIODS = [path for path in NUMBERED if "master" not in path]
WATCHES = ("lead-time", "flow", "first-pass")
"""Numbers of whole watches: they know no persons and no types of work."""
PEOPLE = [path for path in NUMBERED if not any(name in path for name in WATCHES)]
"""Those that name people to whom it is allowed."""


@pytest.fixture(autouse=True)
def _often(settings: Any) -> None:
    settings.API_ANALYTICS_RATE = 10_000


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Works that passed and came back, a watch at a master, rounds at the polisher."""
    make_busy(cast)
    return cast


def make_busy(cast: Cast) -> None:
    igor = cast.actor("igor")
    bad = make_worked(cast, works=[("assembly", "maxim"), ("mechanism", "mark")])
    dirt = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    later = ItemInput(reason_id("polishing"), "undecided")
    return_watch(receipt_id=bad.pk, items=[dirt, later], assembler_id=cast.maxim.pk, actor=igor)
    make_polished(cast, bad)
    make_order(cast, make_worked(cast))
    good = make_worked(cast, works=[("assembly", "mark")])
    pass_check(receipt_id=good.pk, actor=igor)


class TestWhoMayAsk:
    def test_every_address_stands_in_the_description(self) -> None:
        told = [path.removeprefix(BASE) for path in described()["paths"]]
        found = [path for path in told if path.startswith(("/analytics/", STATS))]
        assert found == sorted(ADDRESSES)

    def test_scopes_of_programs(self, caller: Callable[..., Caller], busy: Cast) -> None:
        others = caller("others", held=tuple(set(scopes.ALL) - {scopes.ANALYTICS_READ}))
        reader = caller("reader", held=(scopes.ANALYTICS_READ,))
        for path in ADDRESSES:
            assert others.get(path).status_code == 403, path
            assert reader.get(path).status_code == 200, path
            assert Client().get(BASE + path).status_code == 401, path

    # Role → (the numbers, people by name); whoever stands in no row may ask nothing.
    ROLES = {
        roles.MANAGER: (200, True),
        roles.OWNER: (200, True),
        roles.INSPECTOR: (200, False),
        roles.MASTER: (403, False),
        roles.POLISHER: (403, False),
        roles.ADMINISTRATOR: (200, True),  # an account without a person is a manager's besides
    }

    def test_the_table_holds_every_role(self) -> None:
        assert set(self.ROLES) == {*roles.ALL, roles.ADMINISTRATOR}

    @pytest.mark.parametrize("role", list(ROLES))
    def test_roles_of_people(self, busy: Cast, role: str) -> None:
        wanted, named = self.ROLES[role]
        person = signed_in(user_of(busy, role))
        for path in ADDRESSES:
            answer = person.get(BASE + path)
            assert answer.status_code == wanted, path
            if wanted == 200 and path in [*PEOPLE, STATS]:
                best = "top_employees" if path == STATS else "people"
                told = answer.json()
                assert (told["people_shown"], bool(told[best])) == (named, named), path

    def test_who_signed_up_sees_no_people(self, busy: Cast) -> None:
        user = make_user("reader")
        user.groups.add(Group.objects.get_or_create(name=GROUP)[0])
        for path in ADDRESSES:
            answer = asked_by_name(user.username, "secret-enough-1", path)
            assert answer.status_code == 200, path
            for person in (busy.maxim, busy.mark, busy.pavel):
                assert person.short_name not in answer.content.decode(), path
        assert asked_by_name(user.username, "wrong", path).status_code == 401

    def test_one_person_cannot_be_picked_out_instead(
        self, caller: Callable[..., Caller], busy: Cast
    ) -> None:
        reader = caller("reader", held=(scopes.ANALYTICS_READ,))
        allowed = caller("boss", held=(scopes.ANALYTICS_READ, scopes.ANALYTICS_PEOPLE))
        for path in PEOPLE:
            answer = reader.get(path, employee=busy.maxim.pk)
            assert (answer.status_code, answer.json()["code"]) == (403, "api.scope_missing"), path
            found = allowed.get(path, employee=busy.maxim.pk).json()["people"]
            assert {one["employee_id"] for one in found} <= {busy.maxim.pk}, path

    def test_counted_apart(self, shop: Caller, settings: Any) -> None:
        settings.API_ANALYTICS_RATE = 2
        codes = [shop.get(ADDRESSES[0]).status_code for _attempt in range(3)]
        assert codes == [200, 200, 429]
        assert shop.get("/receipts/").status_code == 200


WHO = {
    roles.MANAGER: "anna",
    roles.OWNER: "boris",
    roles.INSPECTOR: "igor",
    roles.MASTER: "maxim",
    roles.POLISHER: "pavel",
}


def user_of(cast: Cast, role: str) -> User:
    """The office account of somebody with this role."""
    if role == roles.ADMINISTRATOR:
        return make_user(role, roles.ADMINISTRATORS)
    user = make_user(role)
    Employee.objects.filter(pk=getattr(cast, WHO[role]).pk).update(user=user)
    return user


def asked_by_name(name: str, password: str, path: str) -> Any:
    proof = base64.b64encode(f"{name}:{password}".encode()).decode()
    return Client().get(BASE + path, headers={"Authorization": f"Basic {proof}"})


class TestQuestions:
    WRONG = (
        ({"period": "fortnight"}, "period"),
        ({"period": ""}, "period"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "from"),
        ({"from": "20260101", "to": "2026-03-01"}, "from"),
        ({"metal": "x"}, "metal"),
        ({"metal": "0"}, "metal"),
        ({"metal": "9" * 19}, "metal"),
        ({"metal": "1,2"}, "metal"),
        ({"brand": ""}, "brand"),
        ({"brand": " "}, "brand"),
        ({"brand": "x" * 101}, "brand"),
        ({"brand": "a\x00"}, "brand"),
        ({"months": "3"}, "query"),
    )
    # Right by themselves, wrong together.
    TOGETHER = (
        ({"period": "custom"}, "from"),
        ({"from": "2026-01-01"}, "to"),
        ({"to": "2026-01-01"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "1990-01-01", "to": "2026-03-01"}, "to"),
        ({"period": "month", "from": "2026-03-01", "to": "2026-03-02"}, "from"),
        ({"period": "week", "to": "2026-03-02"}, "to"),
        ({"from": "1900-01-01", "to": "2026-03-01"}, "from"),
    )

    @pytest.mark.parametrize("path", PERIODS)
    def test_a_wrong_one_names_the_parameter(self, shop: Caller, path: str) -> None:
        for asked, field in (*self.WRONG, *self.TOGETHER):
            answer = shop.get(path, **asked)
            assert answer.status_code == (400 if (asked, field) in self.WRONG else 422), asked
            assert list(answer.json()["field_errors"]) == [field], asked
            assert answer.json()["field_errors"][field][0]["detail"]

    @pytest.mark.parametrize("path", NUMBERED)
    def test_wrong_ids(self, shop: Caller, path: str) -> None:
        unknown = {"type"} if "polishing" in path else set()
        if any(name in path for name in WATCHES):
            unknown = {"employee", "type"}
        for name in ("employee", "type"):
            for value in ("x", "1,,2", "0", "9" * 19, ",".join(["1"] * 51), "²", ""):
                answer = shop.get(path, **{name: value})
                wanted = "query" if name in unknown else name
                assert answer.status_code == 400, value
                assert list(answer.json()["field_errors"]) == [wanted], value

    def test_a_dashboard_has_three_periods(self, shop: Caller) -> None:
        for kind in ("today", "custom", "all", "", "year"):
            answer = shop.get(STATS, period=kind)
            assert (answer.status_code, list(answer.json()["field_errors"])) == (400, ["period"])
        assert shop.get(STATS, **{"from": "2026-01-01"}).status_code == 400

    def test_without_the_slash_as_it_was(self, shop: Caller) -> None:
        with time_machine.travel(clock.now(), tick=False):
            for path in ADDRESSES:
                assert shop.get(path.rstrip("/")).json() == shop.get(path).json()

    @pytest.mark.parametrize("path", PERIODS)
    def test_every_period_on_an_empty_workshop(self, shop: Caller, path: str) -> None:
        for kind in set(Kind) - {Kind.CUSTOM}:
            answer = shop.get(path, period=kind.value)
            assert answer.status_code == 200, kind
            told = answer.json()
            assert told["period"]["kind"] == kind.value
            assert told["period"]["partial"] == (kind != Kind.YESTERDAY and "prev" not in kind)
            assert ("previous" in told) is ("polishing" not in path)
            if kind == Kind.ALL:
                assert told.get("previous") is None

    def test_days_of_the_workshop(self, shop: Caller) -> None:
        told = shop.get(ADDRESSES[0], **{"from": "2026-03-01", "to": "2026-03-31"}).json()
        assert told["period"] == {
            "kind": "custom",
            "from": "2026-03-01",
            "to": "2026-03-31",
            "start": "2026-02-28T21:00:00Z",
            "end": "2026-03-31T21:00:00Z",
            "partial": False,
        }
        assert told["previous"]["period"]["from"] == "2026-01-29"

    def test_no_cases_are_no_share(self, shop: Caller) -> None:
        found = shop.get("/analytics/quality/").json()["total"]["quality"]
        assert found == {
            "part": 0,
            "whole": 0,
            "percent": None,
            "interval": None,
            "enough": False,
        }


class TestAnswers:
    def test_the_same_numbers_as_the_selectors(self, shop: Caller, busy: Cast) -> None:
        asked = period(Kind.MONTH, at=clock.now())
        report, made = quality(asked, at=clock.now()), output(asked)
        told = shop.get("/analytics/quality/").json()
        assert told["total"]["works"] == report.total.works == made.total
        found = {one["employee_id"]: one for one in told["people"]}
        for one in report.people:
            assert found[one.employee_id]["total"]["returned"] == one.total.returned
            assert found[one.employee_id]["as_assembler"] == one.as_assembler
        assert found[busy.maxim.pk]["total"]["returned"] == 1
        told = shop.get("/analytics/output/").json()
        assert told["works"] == made.total == sum(one["works"] for one in told["series"])
        assert told["works"] == sum(one["works"] for one in told["people"])
        assert told["works"] == sum(one["works"] for one in told["by_type"])
        assert len(told["series"]) == asked.days

    def test_returns(self, shop: Caller, busy: Cast) -> None:
        told = shop.get("/analytics/returns/").json()
        assert (told["cases"], told["receipts"]) == (1, 1)
        (one,) = told["people"]
        assert one == {
            "employee_id": busy.maxim.pk,
            "name": busy.maxim.short_name,
            "hit_a_work": 1,
            "without_a_work": 0,
        }
        columns = told["columns"]
        total = columns.pop("total")
        assert total == sum(columns.values()) == 2
        for bars in ("by_reason", "by_type", "by_brand", "by_calibre"):
            assert sum(bar["count"] for bar in told[bars]) == total
            assert told[bars][-1]["cumulative"] == 100

    def test_loads(self, shop: Caller, busy: Cast) -> None:
        told = shop.get("/analytics/polishing-load/").json()
        assert (told["total"]["open"], told["total"]["done"]["count"]) == (1, 0)
        assert told["total"]["reworks"]["count"] == 1
        (pavel,) = told["people"]
        assert (pavel["employee_id"], pavel["open"]) == (busy.pavel.pk, 1)
        told = shop.get("/analytics/master-load/").json()
        maxim = next(one for one in told["people"] if one["employee_id"] == busy.maxim.pk)
        assert maxim["watches"] == sum(maxim["places"].values()) == 2
        assert sum(one["count"] for one in maxim["purposes"]) == maxim["bench"]

    def test_whole_watches(self, shop: Caller, busy: Cast) -> None:
        at = clock.now()
        asked = period(Kind.MONTH, at=at)
        found = first_pass_yield(asked, at=at)
        told = shop.get("/analytics/first-pass-yield/").json()
        assert (told["passed"]["part"], told["passed"]["whole"]) == (1, 2)
        assert (found.passed.part, found.passed.whole) == (1, 2)
        assert told["rolled_percent"] == pytest.approx(100 * (found.rolled or 0), abs=0.01)
        assert sum(point["checked"] for point in told["series"]) == 2
        assert [one["days"] for one in told["escapes"]] == [30, 90, 365]
        told = shop.get("/analytics/flow/").json()
        assert told["total"]["received"] == flow(asked, at=at).total.received == 3
        assert sum(point["received"] for point in told["series"]) == 3
        told = shop.get("/analytics/lead-time/").json()
        assert told["ready"]["count"] == lead_time(asked, at=at).ready.n == 1
        assert sum(one["percent"] or 0 for one in told["statuses"]) == pytest.approx(
            100, abs=1
        ) or (told["ready"]["median_seconds"] == 0)

    def test_unchanged_is_not_sent_again(self, shop: Caller, busy: Cast) -> None:
        with time_machine.travel(clock.now(), tick=False) as moving:
            first = {path: shop.get(path) for path in ADDRESSES}
            moving.shift(timedelta(seconds=1))
            for path, answer in first.items():
                assert answer["Cache-Control"] == "private, no-cache"
                again = shop.get(path, headers={"If-None-Match": answer["ETag"]})
                assert (again.status_code, again.content) == (304, b""), path
            make_busy(busy)
            for path, answer in first.items():
                fresh = shop.get(path, headers={"If-None-Match": answer["ETag"]})
                assert fresh.status_code == 200, path

    def test_the_same_queries_at_few_and_many(self, shop: Caller, busy: Cast) -> None:
        few = {path: cost(shop, path) for path in ADDRESSES}
        for _time in range(5):
            make_busy(busy)
        assert {path: cost(shop, path) for path in ADDRESSES} == few
        assert {path: n for path, n in few.items() if n > COSTS[path]} == {}

    def test_a_person_of_another_workshop_has_no_data(self, shop: Caller, busy: Cast) -> None:
        told = shop.get("/analytics/quality/", employee=10**9).json()
        assert (told["people"], told["total"]["quality"]["percent"]) == ([], None)

    def test_only_his_works(self, shop: Caller, busy: Cast) -> None:
        told = shop.get("/analytics/output/", employee=f"{busy.maxim.pk},{busy.pavel.pk}").json()
        assert {one["employee_id"] for one in told["people"]} == {busy.maxim.pk, busy.pavel.pk}
        (types,) = [one["by_type"] for one in told["people"] if one["employee_id"] == busy.maxim.pk]
        assert [one["type_id"] for one in types] == [type_id("assembly")]


class TestStats:
    SUMS = ("received", "ready", "issued", "works", "returns")

    @pytest.mark.parametrize(
        ("kind", "moment", "points"),
        [
            ("day", "2026-02-03T09:00:00Z", 24),
            ("week", "2026-02-03T09:00:00Z", 7),
            ("month", "2026-02-03T09:00:00Z", 28),
            ("month", "2028-02-03T09:00:00Z", 29),
            ("month", "2026-04-03T09:00:00Z", 30),
            ("month", "2026-03-31T20:59:59Z", 31),
        ],
    )
    def test_every_point_stands_there(
        self, shop: Caller, kind: str, moment: str, points: int
    ) -> None:
        with time_machine.travel(moment, tick=False):
            told = shop.get(STATS, period=kind).json()
        line = told["activity_timeline"]
        assert (told["period"]["kind"], len(line)) == (kind, points)
        assert (line[0]["start"], line[-1]["end"]) == (
            told["period"]["start"],
            told["period"]["end"],
        )
        assert all(one["end"] == two["start"] for one, two in pairwise(line))
        assert {point[name] for point in line for name in self.SUMS} == {0}
        assert (told["recent_receipts"], told["top_employees"]) == ([], [])

    def test_the_day_of_the_workshop(self, shop: Caller, cast: Cast) -> None:
        """Half past midnight in Moscow: yesterday in UTC, and the first hour here."""
        with time_machine.travel("2026-02-02T21:30:00Z", tick=False):
            make_busy(cast)
            told = shop.get(STATS, period="day").json()
        first = told["activity_timeline"][0]
        assert first["start"] == "2026-02-02T21:00:00Z"
        assert {name: first[name] for name in self.SUMS} == {
            "received": 3,
            "ready": 1,
            "issued": 0,
            "works": 5,
            "returns": 1,
        }
        assert told["summary"]["period"] == {name: first[name] for name in self.SUMS}

    @pytest.mark.parametrize("kind", ["day", "week", "month"])
    def test_the_sums_are_those_of_the_measures(self, shop: Caller, busy: Cast, kind: str) -> None:
        at = clock.now()
        told = shop.get(STATS, period=kind).json()
        asked = period("today" if kind == "day" else kind, at=at)
        total = flow(asked, at=at).total
        assert told["summary"]["period"] == {
            "received": total.received,
            "ready": total.ready,
            "issued": total.issued,
            "works": output(asked).total,
            "returns": 1,
        }
        best = [(one["employee_id"], one["works"]) for one in told["top_employees"]]
        assert best == output(asked).top(5)
        now = told["summary"]["now"]
        assert now["in_workshop"] == sum(now["places"].values()) == 3
        assert [one["number"] for one in told["recent_receipts"]] == [
            row["number"] for row in shop.get("/receipts/").json()["results"]
        ]

    def test_an_hour_of_the_clock_that_comes_twice(self, cast: Cast, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        for day, hours in (("2026-10-25T12:00:00Z", 25), ("2026-03-29T12:00:00Z", 23)):
            with time_machine.travel(day, tick=False):
                make_worked(cast, at=clock.now())
                points = activity(period("today", at=clock.now()), at=clock.now())
            assert (len(points), sum(one.works for one in points)) == (hours, 1)

    def test_late_and_due_today(self, shop: Caller, cast: Cast) -> None:
        with time_machine.travel("2026-02-03T09:00:00Z", tick=False) as moving:
            soon, tonight, later = (clock.now() + timedelta(hours=hours) for hours in (1, 11, 13))
            for deadline in (soon, tonight, later):
                receipt = make_receipt(cast)
                change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=SYSTEM)
            moving.shift(timedelta(hours=2))
            told = shop.get(STATS).json()
        now = told["summary"]["now"]
        assert (now["overdue"], now["due_today"]) == (1, 2)
        assert [one["overdue"] for one in told["recent_receipts"]] == [False, False, True]


# Queries at most: two count the request, one finds the key; the rest is the measure, twice where
# it is compared with the period before. Receipts that changed a moment ago cost nine more a time.
COSTS = {
    "/analytics/quality/": 15,
    "/analytics/returns/": 15,
    "/analytics/output/": 9,
    "/analytics/polishing-load/": 8,
    "/analytics/master-load/": 6,
    "/analytics/lead-time/": 51,
    "/analytics/flow/": 25,
    "/analytics/first-pass-yield/": 32,
    "/stats/": 26,
}


def cost(shop: Caller, path: str) -> int:
    shop.get(path)  # the first request notes that the key was used
    with CaptureQueriesContext(connection) as queries:
        assert shop.get(path).status_code == 200
    return len(queries)
