"""The load test: how it judges, what it reads of a page, and the whole of it in small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from benchmarks.load import judging
from benchmarks.load.greedy import Greedy
from benchmarks.load.pages import form_of
from benchmarks.load.table import table
from benchmarks.load.world import GREEDY_RATE
from benchmarks.web import Answer, Site
from tests import programs

WELL: dict[str, Any] = {
    "routes": [judging.route("API", "GET /x", [1.0, 2.0, 30.0], 10, errors=0)],
    "stumbled": [],
    "bot": {"acts": 5, "failures": [], "refused_by_telegram": 0},
    "limiter": {"windows": [{"passed": 20, "refused": 10}], "wrong": []},
    "log": {"errors": 0},
}


def test_a_run_without_faults_is_well() -> None:
    assert judging.faults(WELL) == []
    assert "| API | GET /x | 3 | 0.3 | 11 | 30 | 30 | 0 | 0 |" in table(WELL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"routes": []},
        {"routes": [judging.route("API", "GET /x", [1.0], 10, errors=1)]},
        {"routes": [judging.route("API", "GET /x", [1.0], 10, errors=0, limited=1)]},
        {"stumbled": ["KeyError('id')"]},
        {"bot": WELL["bot"] | {"acts": 0}},
        {"bot": WELL["bot"] | {"failures": ["not seen"]}},
        {"bot": WELL["bot"] | {"refused_by_telegram": 1}},
        {"limiter": {"windows": [], "wrong": []}},
        {"limiter": {"windows": [{"passed": 7, "refused": 0}], "wrong": []}},
        {"limiter": {"windows": WELL["limiter"]["windows"], "wrong": ["status 500"]}},
        {"log": {"errors": 1}},
    ],
    ids=str,
)
def test_each_fault_is_told(wrong: dict[str, Any]) -> None:
    assert len(judging.faults(WELL | wrong)) == 1


def test_statuses_are_told_apart() -> None:
    statuses = {"200": 5, "304": 1, "429": 2, "500": 3, "404": 1, "0": 1}
    (row,) = judging.of_locust({"GET /api/x": {"times": [5.0] * 13, "statuses": statuses}}, 10)
    assert (row["part"], row["errors"], row["limited"]) == ("API", 5, 2)


def test_logs_tell_errors_and_what_was_slow(tmp_path: Path) -> None:
    lines = [
        json.dumps({"level": "error", "event": "broken"}),
        json.dumps({"level": "warning", "event": "slow query", "query": "a", "duration_ms": 600}),
        json.dumps({"level": "warning", "event": "slow query", "query": "a", "duration_ms": 900}),
        "Traceback (most recent call last):",
        "a line of another program",
    ]
    log = tmp_path / "load-web.log"
    log.write_text("\n".join(lines))
    found = judging.of_logs([log])
    assert found["errors"] == 2
    assert found["slow"] == {"slow query: a": {"times": 2, "longest_ms": 900}}


def answers(*, passed: int, refused: int, first: int = GREEDY_RATE) -> Iterator[Answer]:
    """Of one window, as the site gives them."""
    for number in range(1, passed + 1):
        yield Answer(200, f'HTTP/1.1 200 OK\r\nRateLimit: "client";r={first - number};t=9', b"")
    for _number in range(refused):
        head = 'HTTP/1.1 429 Too Many\r\nRateLimit: "client";r=0;t=9\r\nRetry-After: 9'
        yield Answer(429, head, b"")


@pytest.mark.parametrize(
    ("passed", "refused", "first", "well"),
    [
        (GREEDY_RATE, 5, GREEDY_RATE, True),
        (GREEDY_RATE - 1, 5, GREEDY_RATE, False),
        (GREEDY_RATE + 1, 5, GREEDY_RATE + 1, False),
    ],
)
def test_a_limit_has_to_be_exact(passed: int, refused: int, first: int, well: bool) -> None:
    greedy = Greedy(Site(0, 0), "key")
    for answer in (
        *answers(passed=GREEDY_RATE, refused=3),
        *answers(passed=passed, refused=refused, first=first),
    ):
        greedy.note(answer)
    assert (greedy.wrong == []) is well
    if well:
        assert greedy.windows == [
            {"passed": GREEDY_RATE, "refused": 3},
            {"passed": passed, "refused": refused},
        ]


@pytest.mark.django_db
def test_a_form_is_read_as_a_browser_sends_it() -> None:
    page = Client().get("/admin/login/").content.decode()
    fields = form_of(page, "login-form")
    assert {"csrfmiddlewaretoken", "username", "password"} <= set(fields)
    assert len(fields["csrfmiddlewaretoken"]) == 64
    drawn = """<form id="a"><input name="command_key" value="k"><input type="checkbox" name="c">
      <select name="s"><option value="1">x<option value="2" selected>y</select>
      <textarea name="t"> text </textarea><input type="submit" name="b"></form>"""
    assert form_of(drawn) == {"command_key": "k", "s": "2", "t": "text"}
    with pytest.raises(LookupError):
        form_of(page, "other")


@pytest.mark.program
def test_everybody_works_for_ten_seconds() -> None:
    """Fails on any answer that is an error, and on a limit that is not exact."""
    result = programs.run("benchmarks.load", "--small")
    assert {row["part"] for row in result["routes"]} == {"API", "bot", "office"}
    assert result["limiter"]["windows"][0]["passed"] == GREEDY_RATE
