"""Odd traffic through every door: few series, and no label that carries what a person sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from botapp.counting import NOT_UNDERSTOOD
from botapp.dialogs.registry import all_screens
from botapp.testing import BotDriver
from botapp.transport.memory import MemoryTransport
from botapp.transport.port import Kind
from botapp.transport.request import _count
from history.jobs.declaring import declared_jobs
from history.jobs.running import run_by_hand
from receipts.services.facts import add_comment
from receipts.states import Status
from tests.api.callers import make_caller
from tests.cast import OLGA_TELEGRAM_ID, make_cast, make_receipt
from tests.metrics.scrape import samples, values
from tests.office.conftest import make_user, signed_in
from workshop.lib import scraping, telemetry
from workshop.lib.errors import RuleViolation

CANARIES = ("Канарейкина", "+79161234567", "kanari@example.org", "rpsg_kanarEika", "KANARI-77")
CANARY = " ".join(CANARIES)


def routes() -> set[str]:
    def walk(resolver: URLResolver, before: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, before + str(one.pattern))
            elif isinstance(one, URLPattern):
                yield before + str(one.pattern)

    return {one.replace("^", "").replace("\\Z", "") for one in walk(get_resolver(), "")}


def address(route: str) -> str:
    """An address of the route, with canaries where somebody may write what he likes."""
    filled = re.sub(r"<int:\w+>", "4711", route)
    return "/" + re.sub(r"<[^>]+>|\(\?P.*", "KANARI-77", filled).rstrip("$")


def drive_the_site() -> None:
    stranger = Client(headers={"X-Forwarded-For": CANARIES[1], "User-Agent": "Kanari"})
    for route in sorted(routes()):
        stranger.get(address(route), {"q": CANARY})
    for path in (
        f"/{CANARY}/",
        "/static/Канарейкина.css",
        "/admin/KANARI-77/",
        "/api/v1/KANARI-77",
    ):
        stranger.get(path)
        stranger.post(path, {"phone": CANARIES[1]})
        stranger.generic("KANARI", path)
    office = signed_in(make_user("kanari", "administrators"))
    for path in ("/admin/receipts/receipt/", "/admin/", "/admin/receipts/customer/"):
        office.get(path, {"q": CANARY})
    program = make_caller("Канарейкина")
    program.get("/receipts/", search=CANARY, fields="KANARI-77")
    program.get("/receipts/by-number/KANARI-77/")
    program.post("/receipts/", {"number": "KANARI-77", "complaint": CANARY})
    program.post("/receipts/", {"number": CANARY * 9})
    Client(headers={"Authorization": f"Bearer {CANARIES[3]}"}).get("/api/v1/receipts/")


def drive_the_bot(cast: Any) -> None:
    bot = BotDriver(transport=MemoryTransport())
    igor = bot.person(cast.igor)
    for text in ("/menu", "KANARI-77", CANARY, "/Канарейкина", f"/start {CANARIES[3]}", "/menu"):
        igor.text(text)
    igor.sticker()
    igor.photo(caption=CANARY)
    igor.forward(CANARY)
    bot.person(OLGA_TELEGRAM_ID).text(CANARY)
    for url in (
        "https://api.telegram.org/bot1:KANARI-77/sendMessage",
        "https://api.telegram.org/file/bot1:x/photos/KANARI-77.jpg",
        "https://api.telegram.org/file/bot1:x/Kanari",
        "https://api.telegram.org/bot1:x/KANARI-77?q=1",
    ):
        _count(url, "2xx", 0.01)


def few_series_and_nobody_in_them(told: list[Any]) -> None:
    assert len(told) <= 2_000
    text = repr([sorted(one.labels.items()) for one in told]).casefold()
    assert not [one for one in CANARIES if one.casefold() in text]
    assert "kanari" not in text
    assert "канарейк" not in text
    assert str(OLGA_TELEGRAM_ID) not in text


def every_label_is_a_word_of_the_program(told: list[Any]) -> None:
    other = {telemetry.OTHER}
    words = {
        "route": {one or "/" for one in routes()} | {"unknown", "static"} | other,
        "method": {"GET", "POST", "sendMessage", "file"} | other,
        "status": {f"{n}xx" for n in range(1, 6)} | set(Status.values) | other,
        "kind": {*get_args(Kind), NOT_UNDERSTOOD},
        "screen": set(all_screens()),
        "task": set(declared_jobs()),
    }
    shapes = {
        "verb": r"[a-z_]+(\.[a-z_]+)+",
        "query": r"[a-z_0-9]+(\.[A-Za-z_0-9<>]+)+|other",
    }
    checked = set()
    for one in told:
        for label, value in one.labels.items():
            if label in words:
                known = {re.sub(r"[\^$]|\\Z", "", word) for word in words[label]}
                assert re.sub(r"[\^$]|\\Z", "", value) in known, (one.name, label, value)
                checked.add(label)
            elif label in shapes:
                assert re.fullmatch(shapes[label], value), (one.name, label, value)
                checked.add(label)
    assert checked == {*words, *shapes}


def the_rare_things_are_counted_too(told: list[Any]) -> None:
    comments = values(told, "commands_total")
    assert comments[("done", "receipt.comment")] == 1
    assert comments[("refused", "receipt.comment")] == 1
    updates = values(told, "bot_updates_total")
    assert updates[("text", "done")] >= 6
    assert updates[("photo", "done")] == 1
    assert values(told, "job_runs_total") == {("done", "history.sweep_outbox"): 1}
    assert values(told, "outbox_events_total")[("done",)] > 5
    assert values(told, "queue_depth")[("outbox",)] == 0
    assert values(told, "receipts")[("received",)] >= 1
    assert values(told, "readers_failed")[()] == 0
    assert values(told, "bot_screen_seconds_count")


def test_odd_traffic(db: None, settings: Any) -> None:
    """Driven once, looked at three times, the database's numbers included."""
    settings.SLOW_QUERY_MS = 0  # every statement is a slow one
    cast = make_cast()
    receipt = make_receipt(cast, "KANARI-77")
    add_comment(receipt_id=receipt.pk, text=CANARY, actor=cast.actor("igor"))
    with pytest.raises(RuleViolation):
        add_comment(receipt_id=receipt.pk, text="", actor=cast.actor("igor"))
    drive_the_site()
    drive_the_bot(cast)
    run_by_hand(declared_jobs()["history.sweep_outbox"])
    told = samples(scraping.own() + scraping.text_of(scraping.look()))
    few_series_and_nobody_in_them(told)
    every_label_is_a_word_of_the_program(told)
    the_rare_things_are_counted_too(told)
