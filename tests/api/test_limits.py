"""Requests are counted exactly, in either store, and a lost store stops nobody."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import time_machine
from django.db import close_old_connections, connection
from django.test import Client

from integrations.limits import RedisStore, TableStore, counter
from tests.api.callers import BASE, Caller
from workshop.lib import clock
from workshop.lib.api.limits import PERIOD, Counter, Limit, headers

LIST = "/operation-types/"
MOST = 10
PARALLEL = 40


def many_at_once(store: Any, limit: Limit) -> int:
    """How many of the parallel requests pass."""
    passed: list[bool] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _number in range(PARALLEL // 8):
            passed.append(store.count([limit])[0].passed)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == PARALLEL
    return sum(passed)


@pytest.mark.django_db(transaction=True)
def test_exactly_as_many_as_allowed_pass_the_table() -> None:
    assert many_at_once(TableStore(), Limit("client", "one", MOST)) == MOST


def test_exactly_as_many_as_allowed_pass_redis(redis_url: str) -> None:
    store = RedisStore(redis_url)
    store._redis.delete("workshop:rate:one")
    assert many_at_once(store, Limit("client", "one", MOST)) == MOST


@pytest.mark.django_db
class TestTable:
    def test_a_window_begins_with_the_first_request_and_ends(self) -> None:
        store, limit = TableStore(), Limit("client", "two", 2)
        with time_machine.travel(clock.now(), tick=False) as moving:
            assert [store.count([limit])[0].passed for _ in range(3)] == [True, True, False]
            moving.shift(PERIOD - 1)
            late = store.count([limit])[0]
            assert (late.passed, late.reset) == (False, 1)
            moving.shift(1)
            fresh = store.count([limit])[0]
            assert (fresh.passed, fresh.left, fresh.reset) == (True, 1, PERIOD)

    def test_two_keys_are_counted_apart(self) -> None:
        store = TableStore()
        both = [Limit("address", "a", 5), Limit("client", "b", 9)]
        store.count(both)
        found = store.count(both)
        assert [(one.used, one.left) for one in found] == [(2, 3), (2, 7)]
        assert headers(found)["RateLimit-Policy"] == '"address";q=5;w=60, "client";q=9;w=60'


class TestLostStore:
    def test_every_request_passes_and_it_is_said_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        lost = Counter(RedisStore("redis://127.0.0.1:1/0"))
        assert [lost.count([Limit("client", "x", 1)]) for _ in range(5)] == [[]] * 5
        assert sum("not counted" in record.getMessage() for record in caplog.records) == 1

    @pytest.mark.django_db
    def test_the_api_goes_on(self, shop: Caller, settings: Any) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        counter.cache_clear()
        answers = [shop.get(LIST) for _ in range(5)]
        counter.cache_clear()
        assert {answer.status_code for answer in answers} == {200}


@pytest.mark.django_db
class TestApi:
    def test_the_limit_of_a_client(self, shop: Caller, settings: Any) -> None:
        settings.API_RATE = 3
        codes = [shop.get(LIST).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        answer = shop.get(LIST)
        assert answer.json()["code"] == "request.too_many"
        assert 1 <= int(answer["Retry-After"]) <= PERIOD
        assert '"client";r=0' in answer["RateLimit"]

    def test_a_rate_of_its_own(self, caller: Any, settings: Any) -> None:
        settings.API_RATE = 1
        busy = caller("busy", rate=4)
        assert [busy.get(LIST).status_code for _ in range(5)] == [200] * 4 + [429]

    def test_clients_do_not_share(self, shop: Caller, caller: Any, settings: Any) -> None:
        settings.API_RATE = 1
        other = caller("other")
        assert [shop.get(LIST).status_code, other.get(LIST).status_code] == [200, 200]

    def test_guessing_is_counted_by_address(self, shop: Caller, settings: Any) -> None:
        settings.API_ADDRESS_RATE = 5
        codes = [
            Client().get(BASE + LIST, headers={"X-API-Key": f"guess{n}"}).status_code
            for n in range(7)
        ]
        assert codes == [401] * 5 + [429] * 2
        # A right key learns nothing more from there either.
        assert shop.get(LIST).status_code == 429

    def test_invented_addresses_do_not_help(self, settings: Any, db: None) -> None:
        settings.API_ADDRESS_RATE = 2
        codes = [
            Client().get(BASE + LIST, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
            for n in range(4)
        ]
        assert codes == [401, 401, 429, 429]

    def test_behind_a_proxy_each_address_counts_alone(self, settings: Any, db: None) -> None:
        settings.API_ADDRESS_RATE, settings.TRUSTED_PROXY_COUNT = 1, 1
        codes = [
            Client().get(BASE + LIST, headers={"X-Forwarded-For": f"1.1.1.1, 10.0.0.{n}"})
            for n in range(3)
        ]
        assert [answer.status_code for answer in codes] == [401] * 3
