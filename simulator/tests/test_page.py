"""The page's surroundings: what is served, to whom, and live events."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.page import STATIC
from simulator.testing import SimClient, SimServer, SimulatorRefusedError

from .conftest import OTHER, PERSON


def get(sim: SimServer, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=5)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.headers), body


def test_the_page_is_served_under_a_strict_policy(sim: SimServer) -> None:
    status, headers, body = get(sim, "/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', body):
        assert get(sim, name)[0] == 200


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/..%2fpage.py", "/static/%2e%2e"])
def test_nothing_else_is_served(sim: SimServer, path: str) -> None:
    assert get(sim, path)[0] == 404


def test_no_inline_script_no_foreign_assets_no_inner_html() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page)
    for path in STATIC.iterdir():
        source = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)
        assert not re.search(r"https?://[a-z]", source), path


def test_both_languages_have_the_same_texts() -> None:
    source = (STATIC / "texts.js").read_text(encoding="utf-8")
    russian, english = (
        set(re.findall(r"^    (\w+):", part, re.MULTILINE))
        for part in re.split(r"^  en: \{", source, maxsplit=1, flags=re.MULTILINE)
    )
    assert russian == english
    used = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.*"))
    named = set(re.findall(r'text\("(\w+)"\)|data-text="(\w+)"', used))
    assert {first or second for first, second in named} <= russian


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_other_sites_get_nothing(sim: SimServer, headers: dict[str, str]) -> None:
    assert get(sim, "/sim/people", **headers)[0] == 403


def test_a_page_cannot_play_the_bot(sim: SimServer) -> None:
    path = f"/bot{sim.token}/getMe"
    assert get(sim, path)[0] == 200
    assert get(sim, path, Origin="https://evil.example")[0] == 403


def test_a_document_is_never_run_by_the_browser(sim: SimServer, people: SimClient) -> None:
    people.send_document(PERSON, "x.html", b"<script>alert(1)</script>")
    url = people.chat(PERSON)[0]["document"]["url"]
    _, headers, _ = get(sim, url)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_live_events(sim: SimServer, people: SimClient) -> None:
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=5)
    connection.request("GET", "/sim/events")
    stream = connection.getresponse()
    assert stream.readline() == b": connected\n"
    number = people.send_text(PERSON, "раз")
    people.edit(PERSON, number, "два")
    people.block(PERSON)
    events: list[dict[str, Any]] = []
    while len(events) < 3:
        line = stream.readline()
        if line.startswith(b"data: "):
            events.append(json.loads(line.removeprefix(b"data: ")))
    assert [event["type"] for event in events] == ["message", "edit", "person"]
    assert events[1]["message"]["text"] == "два"
    connection.close()


def test_people_show_their_last_message(people: SimClient) -> None:
    people.send_text(PERSON, "привет")
    igor, anna = people.request("GET", "/sim/people")["people"]
    assert igor["last"]["text"] == "привет"
    assert anna["last"] is None
    assert not anna["started"]


def test_mistakes_of_the_control_api_are_named(people: SimClient) -> None:
    for call in (
        lambda: people.send_text(77, "x"),
        lambda: people.send_text(PERSON, "x", chat_id=77),
        lambda: people.send(PERSON),
        lambda: people.send_text(PERSON, "  "),
        lambda: people.send_photo(PERSON, b"no picture"),
        lambda: people.press(PERSON, "нет такой"),
        lambda: people.chat(77),
        lambda: people.add_person(-5, "x"),
        lambda: people.add_group(5, "x", []),
        lambda: people.edit(OTHER, 1, "x"),
        people.redeliver_last,
    ):
        with pytest.raises(SimulatorRefusedError) as caught:
            call()
        assert caught.value.status in (400, 404)
    people.block(PERSON)
    with pytest.raises(SimulatorRefusedError, match="blocked"):
        people.send_text(PERSON, "x")


def test_waiting_for_a_screen_tells_what_is_there_instead(people: SimClient) -> None:
    people.send_text(PERSON, "только это")
    with pytest.raises(AssertionError, match="только это"):
        people.wait_screen(PERSON, "Меню", seconds=0.05)
