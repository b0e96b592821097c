"""Who may read the numbers, what a request counts as, and that a stranger cannot make series."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.setup import free_port
from workshop.lib import scraping, telemetry

TOKEN = "t0ken-" * 6
HERE = {"HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _read_anew(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What stands in the database is a matter of other tests: it is read in a thread of its own."""
    monkeypatch.setattr(scraping, "_asked", None)
    settings.METRICS_READERS = []


def read(**head: str) -> Any:
    return Client().get("/metrics", headers=head or None, **HERE)


def told_by(answer: Any, name: str) -> list[float]:
    """The values of one metric in an answer."""
    families = text_string_to_metric_families(answer.content.decode())
    found = (sample for family in families for sample in family.samples)
    return [sample.value for sample in found if sample.name == f"repassage_{name}"]


def one_reading() -> list[telemetry.Reading]:
    return [telemetry.QUEUE_DEPTH.of(7, "outbox")]


def told(name: str) -> dict[tuple[str, ...], float]:
    """The samples of this program by their label values."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(scraping.own().decode())
        for sample in family.samples
        if sample.name == name
    }


class TestWhoMayRead:
    def test_this_machine_without_a_token(self) -> None:
        answer = read()
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
        assert b"repassage_http_requests_total" in answer.content

    @pytest.mark.parametrize(
        "place",
        [
            {"REMOTE_ADDR": "10.1.2.3"},
            {"REMOTE_ADDR": ""},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_FORWARDED": "for=127.0.0.1"},
            {"HTTP_X_REAL_IP": "127.0.0.1"},
            {"HTTP_HOST": "workshop.example.org"},
            {"HTTP_HOST": "127.0.0.1.example.org"},
        ],
    )
    def test_nobody_else_learns_that_it_is_there(self, place: dict[str, str]) -> None:
        assert Client().get("/metrics", **{**HERE, **place}).status_code == 404  # type: ignore[arg-type]

    def test_a_network_that_was_named_but_no_proxy(self, settings: Any) -> None:
        settings.METRICS_NETWORKS = ["10.1.0.0/16"]
        there = {"REMOTE_ADDR": "10.1.2.3", "HTTP_HOST": "web:8000"}
        assert Client().get("/metrics", **there).status_code == 200  # type: ignore[arg-type]
        passed_on = {**there, "HTTP_X_FORWARDED_FOR": "10.1.2.4"}
        assert Client().get("/metrics", **passed_on).status_code == 404  # type: ignore[arg-type]
        assert Client().get("/metrics", REMOTE_ADDR="10.2.2.3").status_code == 404

    @pytest.mark.parametrize(
        ("head", "status"),
        [
            ({}, 403),
            ({"Authorization": f"Bearer {TOKEN}"}, 200),
            ({"Authorization": f"bearer  {TOKEN} "}, 200),
            ({"Authorization": f"Bearer {TOKEN}x"}, 403),
            ({"Authorization": "Bearer "}, 403),
            ({"Authorization": f"Basic {TOKEN}"}, 403),
            ({"Authorization": "Bearer ключ"}, 403),
        ],
    )
    def test_the_token(self, settings: Any, head: dict[str, str], status: int) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert read(**head).status_code == status

    def test_token_and_network_together(self, settings: Any) -> None:
        settings.METRICS_TOKEN, settings.METRICS_NETWORKS = TOKEN, ["10.1.0.0/16"]
        settings.TRUSTED_PROXY_COUNT = 1
        key = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
        for address, status in (("10.1.2.3", 200), ("10.2.2.3", 403)):
            place = {**key, "HTTP_X_FORWARDED_FOR": f"10.1.9.9, {address}"}
            assert Client().get("/metrics", **place).status_code == status, address  # type: ignore[arg-type]

    def test_it_is_read_not_written(self) -> None:
        assert Client().post("/metrics", **HERE).status_code == 405  # type: ignore[arg-type]

    def test_it_does_not_exist_without_metrics(self, settings: Any) -> None:
        settings.METRICS = False
        assert read().status_code == 404


class TestOnAPortApart:
    @pytest.fixture
    def port(self) -> Iterator[int]:
        server = scraping.serve(found := free_port())
        assert server is not None
        yield found
        server.shutdown()
        server.server_close()

    def ask(self, port: int, path: str = "/metrics", **head: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers=head)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_a_program_tells_its_own_numbers(self, port: int) -> None:
        status, text = self.ask(port)
        assert status == 200
        assert b"process_resident_memory_bytes" in text
        assert b"repassage_bot_updates_total" in text
        assert b"repassage_queue_depth" not in text  # the site tells it
        assert self.ask(port, "/")[0] == 404
        assert self.ask(port, Host="bot.example.org")[0] == 404
        assert self.ask(port, Forwarded="for=127.0.0.1")[0] == 404

    def test_on_an_address_of_the_newer_kind(self, settings: Any) -> None:
        settings.METRICS_HOST = "::1"
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has none")
        server = scraping.serve(port := free_port())
        assert server is not None
        connection = http.client.HTTPConnection("::1", port, timeout=10)
        connection.request("GET", "/metrics")
        assert connection.getresponse().status == 200
        connection.close()
        server.shutdown()
        server.server_close()

    def test_to_those_with_the_token(self, port: int, settings: Any) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert self.ask(port)[0] == 403
        assert self.ask(port, Authorization=f"Bearer {TOKEN}")[0] == 200

    def test_a_port_that_is_taken_stops_nobody(
        self, port: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert scraping.serve(port) is None
        assert "no metrics" in caplog.text

    def test_none_without_a_port_or_metrics(self, settings: Any) -> None:
        assert scraping.serve(0) is None
        settings.METRICS = False
        assert scraping.serve(free_port()) is None


class TestTheDatabase:
    def test_one_that_hangs_is_not_waited_for(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = threading.Event()
        looks = []

        def hang() -> list[telemetry.Reading]:
            looks.append(1)
            held.wait(30)
            return [telemetry.QUEUE_DEPTH.of(3, "outbox")]

        monkeypatch.setattr(scraping, "PATIENCE", 0.05)
        monkeypatch.setattr(hang_home := sys.modules[__name__], "hang", hang, raising=False)
        settings.METRICS_READERS = [f"{hang_home.__name__}.hang"]
        for _ in range(2):
            assert told_by(read(), "readers_failed") == [1]
        assert looks == [1]  # as long as it hangs nobody asks again
        held.set()
        monkeypatch.setattr(scraping, "PATIENCE", 20)
        assert told_by(read(), "queue_depth") == [3]

    def test_a_reader_that_fails_hides_no_other(self, settings: Any) -> None:
        settings.METRICS_READERS = ["operator.truediv", f"{__name__}.one_reading"]
        found = {one.gauge.name: one.value for one in scraping.look()}
        assert found == {"repassage_queue_depth": 7, "repassage_readers_failed": 1}


class TestWhatARequestCountsAs:
    def test_by_route_method_and_class(self, client: Client) -> None:
        key = ("GET", "health/live", "2xx")
        before = told("repassage_http_requests_total").get(key, 0)
        client.get("/health/live")
        client.head("/health/live")
        now = told("repassage_http_requests_total")
        assert now[key] == before + 2
        spent = told("repassage_http_route_seconds_total")
        assert spent[("health/live",)] > 0

    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("/nowhere/Иванов/", "unknown"),
            ("/static/nothing.css", "static"),
            ("/api/v1/receipts/4711/", "api/v1/receipts/<int:pk>/"),
        ],
    )
    @pytest.mark.django_db
    def test_never_by_what_was_asked_for(self, client: Client, path: str, route: str) -> None:
        def count() -> float:
            found = told("repassage_http_requests_total").items()
            return sum(value for labels, value in found if labels[1] == route)

        before = count()
        client.get(path)
        assert count() == before + 1

    def test_an_invented_method_is_another_one(self, client: Client) -> None:
        client.generic("IVANOV", "/health/live")
        assert ("other", "health/live", "4xx") in told("repassage_http_requests_total")


class TestRoom:
    @pytest.fixture
    def instrument(self) -> Iterator[telemetry.Counted]:
        made = telemetry.Counted("room", "Of a test.", ("word",), most=3)
        yield made
        telemetry.registry.unregister(made._metric)
        del telemetry.CATALOGUE["repassage_room"]

    def test_what_is_too_much_counts_together(self, instrument: telemetry.Counted) -> None:
        for word in ("one", "two", "three", "four", "one"):
            instrument.add(word)
        found = told("repassage_room_total")
        assert found == {("one",): 2, ("two",): 1, ("other",): 2}

    def test_nothing_is_counted_without_metrics(
        self, instrument: telemetry.Counted, settings: Any
    ) -> None:
        settings.METRICS = False
        instrument.add("one")
        assert told("repassage_room_total") == {}


def test_all_instruments_together_have_a_bound() -> None:
    """Of one program that did everything there is: site, bot, worker and schedule in one."""
    assert sum(one.series for one in telemetry.CATALOGUE.values()) <= 2_000
