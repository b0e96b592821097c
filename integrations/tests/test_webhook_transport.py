"""One request to a receiver: where it may go, what is sent, what is kept of the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import override_settings

from integrations.webhooks.addresses import ensure_url_allowed, is_allowed
from integrations.webhooks.transport import Answer, open_session, post
from tests.faults.nameserver import NameServer
from tests.faults.receivers import Receiver, serve
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

HERE = "127.77.0.1"


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """One network of loopback stands for the internet."""
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.77.0.0/16"], WEBHOOK_ALLOW_HTTP=True):
        yield


async def _sent(path: str, *, timeout: float = 5, **options: Any) -> tuple[Answer, Receiver]:
    receiver = Receiver()
    async with AsyncExitStack() as stack:
        server, port = await serve(receiver, HERE)
        stack.callback(server.close)
        session = await stack.enter_async_context(open_session(limit=4))
        url = f"http://{HERE}:{port}/{path}"
        options = {"body": b'{"a": 1}', "headers": {"webhook-id": "msg_1"}} | options
        return await post(session, url=url, timeout=timeout, **options), receiver


def sent(path: str, **options: Any) -> tuple[Answer, Receiver]:
    return asyncio.run(_sent(path, **options))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", HERE],
)
def test_the_internet_and_what_is_listed_may_be_called(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/", "https_only"),
        ("https://user@example.com/", "bad_url"),
        ("example.com", "bad_url"),
        ("https://example.com:25/", "port_refused"),
        ("https://2130706433/", "address_refused"),
        ("https://[::ffff:127.0.0.1]/", "address_refused"),
        ("https://localhost:8443/", "address_refused"),
    ],
)
def test_a_url_that_is_refused_says_why_at_its_field(url: str, code: str) -> None:
    with override_settings(WEBHOOK_ALLOW_HTTP=False), pytest.raises(RuleViolation) as refusal:
        ensure_url_allowed(url)
    assert (refusal.value.code, refusal.value.field) == (f"webhooks.{code}", "url")


def test_an_ordinary_url_passes() -> None:
    with override_settings(WEBHOOK_ALLOW_HTTP=False):
        for url in (
            "https://erp.example.com/hook?x=1",
            "https://пример.рф:8443/",
            "https://1.1.1.1",
        ):
            ensure_url_allowed(url)


def test_the_exact_bytes_arrive_and_nothing_of_ours_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    answer, receiver = sent("ok?token=7", body="{ «точно» }".encode())
    assert (answer.status, answer.text, answer.error) == (200, "ok", "")
    assert receiver.bodies["/ok?token=7"] == "{ «точно» }".encode()
    head = receiver.heads["/ok?token=7"].lower()
    assert "webhook-id: msg_1\r\n" in head
    assert "user-agent: repassage-webhooks/1\r\n" in head
    assert "cookie" not in head


@pytest.mark.parametrize(
    ("path", "status", "error", "text"),
    [
        ("status/503", 503, "", ""),
        ("status/410", 410, "", ""),
        ("redirect/302/0", 302, "redirect", ""),
        ("compressed", 200, "", "готово"),
        ("cyrillic", 200, "", "принято"),
        ("endless-body", 200, "", "x" * 1000),
        ("noise/0", None, "protocol", ""),
        ("noise/13", None, "connect", ""),
        ("many-headers", None, "protocol", ""),
    ],
)
def test_what_is_kept_of_an_answer(path: str, status: int, error: str, text: str) -> None:
    answer, _receiver = sent(path)
    assert (answer.status, answer.error, answer.text) == (status, error, text)


def test_the_time_limit_is_of_the_whole_attempt() -> None:
    began = time.monotonic()
    for path in ("silent", "drip-head"):
        answer, _receiver = sent(path, timeout=0.2)
        assert (answer.status, answer.error) == (None, "timeout")
        assert answer.milliseconds >= 190
    # It has said 200 and then dawdles: taken.
    answer, _receiver = sent("drip-body", timeout=0.2)
    assert (answer.status, answer.error) == (200, "")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("9" * 40, 604_800),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_when_to_come_again(
    header: str, seconds: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    answer, _receiver = sent(f"again/{header.replace(' ', '_')}")
    assert (answer.status, answer.retry_after) == (429, seconds)


def test_a_name_that_changes_its_mind_leads_nowhere_inside() -> None:
    async def play() -> tuple[list[str], Receiver, Receiver, int]:
        outside, inside = Receiver(), Receiver()
        zone = {
            "turns.example": lambda before: ["127.0.0.1"] if before % 2 else [HERE],
            "both.example": lambda _before: ["127.0.0.1", HERE],
        }
        async with AsyncExitStack() as stack:
            names = await stack.enter_async_context(NameServer(zone))
            server, port = await serve(outside, HERE)
            stack.callback(server.close)
            trap = await asyncio.start_server(inside, "127.0.0.1", port)
            stack.callback(trap.close)
            session = await stack.enter_async_context(
                open_session(limit=4, resolver=names.resolver())
            )
            errors = []
            for name in ("turns", "turns", "turns", "both", "nowhere"):
                url = f"http://{name}.example:{port}/{len(errors)}"
                answer = await post(session, url=url, body=b"", headers={}, timeout=5)
                errors.append(answer.error)
            return errors, outside, inside, names.asked["turns.example", 1]

    errors, outside, inside, lookups = asyncio.run(play())
    assert errors == ["", "refused_address", "", "", "dns"]
    assert sorted(outside.bodies) == ["/0", "/2", "/3"]
    assert inside.bodies == {}
    assert lookups == 3  # once for each attempt
