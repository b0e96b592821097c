"""The first page: every number opens its rows, a part that fails leaves the others standing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.admin.home import cards, page
from analytics.intervals import Proportion
from analytics.system_state import BOT, WORKER
from history import lease
from history.models import Lease
from staff import roles
from tests.cast import Cast, make_ready, make_receipt
from tests.office.conftest import make_user, signed_in
from tests.office.test_loads import fill, numbers
from workshop.lib import clock

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")
BURNING = reverse("numbers-burning")


def part(answer: Any, name: str) -> str:
    return str(next(one.html for one in answer.context["parts"] if one.part.name == name))


def counted(client: Client, url: str) -> int:
    """How many rows the list behind a number has, whichever list it is."""
    context = client.get(url).context
    if "cl" in context:
        return int(context["cl"].result_count)
    return int(context["count"] if "found" in context else context["page"].paginator.count)


def test_every_number_opens_exactly_its_rows(manager: Client, cast: Cast) -> None:
    fill(cast)
    answer = manager.get(HOME)
    shown = [*answer.context["now_cards"], *answer.context["today_cards"]]
    found = [(card.count, card.url) for card in shown]
    found += [one for name in ("burning", "days", "reasons") for one in numbers(part(answer, name))]
    bars = re.findall(
        r'<li><a class="office-link" href="([^"]+)">[^<]+</a>.*?<span[^>]*>(\d+)',
        part(answer, "loads") + part(answer, "reasons"),
        re.DOTALL,
    )
    assert len(bars) >= 4
    found += [(int(count), url.replace("&amp;", "&")) for url, count in bars]
    assert sum(count for count, _url in found) > 30
    for count, url in found:
        assert counted(manager, url) == count, url


def test_it_says_why_something_burns(manager: Client, cast: Cast) -> None:
    fill(cast)
    text = part(manager.get(HOME), "burning")
    assert re.search(r"Просрочены с \d\d\.\d\d\.\d{4} \d\d:\d\d|Срок истёк", text)
    whole = manager.get(BURNING)
    assert whole.context["count"] == whole.context["found"].total == 1
    assert manager.get(BURNING, {"level": "soon"}).context["count"] == 0
    for asked in ({"level": "<b>", "page": "x"}, {"page": "9" * 40}, {"page": "77"}, {"page": "0"}):
        assert manager.get(BURNING, asked).status_code == 200


def test_the_period_is_switched_and_a_wrong_one_is_told(manager: Client, cast: Cast) -> None:
    make_ready(cast, at=clock.now() - timedelta(days=400))
    for asked, received in (({}, 0), ({"period": "all"}, 1)):
        assert manager.get(HOME, asked).context["totals"][0].count == received
    answer = manager.get(HOME, {"period": "custom", "from": "02.02.2026", "to": "01.02.2026"})
    assert list(answer.context["asked"].errors) == ["to"]
    assert "Последний день раньше первого." in answer.content.decode()


@pytest.mark.parametrize("broken", [one.name for one in page.PARTS])
def test_a_part_that_fails_is_told_and_logged(
    manager: Client, cast: Cast, broken: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    make_receipt(cast)

    def fail(asked: Any) -> dict[str, Any]:
        raise ZeroDivisionError("the part is broken")

    parts = [
        page.Part(one.name, one.title, fail if one.name == broken else one.read, one.people)
        for one in page.PARTS
    ]
    monkeypatch.setattr(page, "PARTS", parts)
    logged: list[tuple[Any, ...]] = []
    monkeypatch.setattr(page.logger, "exception", lambda *told, **more: logged.append((told, more)))
    answer = manager.get(HOME)
    assert answer.status_code == 200
    html = {one.part.name: one.html for one in answer.context["parts"]}
    assert [name for name, text in html.items() if text is None] == [broken]
    assert "Эту часть посчитать не удалось" in answer.content.decode()
    assert [more["extra"]["part"] for _told, more in logged] == [broken]


def test_a_template_that_fails_is_a_part_that_fails(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        page, "PARTS", [page.Part("system", "x", lambda asked: {"programs": 7, "state": None})]
    )
    answer = manager.get(HOME)
    assert [one.html for one in answer.context["parts"]] == [None]


def test_an_empty_workshop(manager: Client) -> None:
    answer = manager.get(HOME)
    text = answer.content.decode()
    assert answer.context["is_empty"]
    assert None not in [one.html for one in answer.context["parts"]]
    assert "Ничего не горит." in text
    assert "ещё не было" in part(answer, "system")
    assert "нет данных" in part(answer, "first_pass")
    assert "0,0 %" not in text


def test_the_programs_are_told_alive_and_silent(manager: Client) -> None:
    silent = "office-chip office-danger"
    text = part(manager.get(HOME), "system")
    assert silent not in text, "a new installation is no alarm"
    assert text.count("ещё не запускалось") == 4
    lease.beat(BOT, "bot-1")
    lease.beat(WORKER, "worker-1")
    Lease.objects.filter(name=WORKER).update(until=clock.now() - timedelta(minutes=5))
    text = part(manager.get(HOME), "system")
    assert text.count(silent) == 1
    assert "bot-1" in text


def test_who_sees_which_parts(manager: Client, owner: Client, cast: Cast) -> None:
    everything = [one.name for one in page.PARTS]
    for client in (manager, owner):
        shown = [one.part.name for one in client.get(HOME).context["parts"]]
        assert shown == everything
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:2])
    cast.igor.save(update_fields=["user"])
    inspector = signed_in(cast.igor.user)
    shown = [one.part.name for one in inspector.get(HOME).context["parts"]]
    assert shown == ["now", "today", "burning", "days"]
    assert inspector.get(BURNING).status_code == 200
    assert signed_in(make_user("nobody")).get(BURNING).status_code == 403


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Proportion(0, 0), "нет данных"),
        (Proportion(3, 4), "мало данных (4)"),
        (Proportion(35, 40), "87,5 %"),
        (Proportion(40, 40), "100,0 %"),
    ],
)
def test_a_share_says_what_it_is_worth(found: Proportion, told: str) -> None:
    assert cards.share_words(found) == told


OF_SETTINGS = re.compile(r'FROM "(receipts_(?:workcalendar|servicelimit))"')
MOST_QUERIES = 53


@pytest.mark.parametrize("asked", [{}, {"period": "all"}, {"period": "today"}])
def test_more_rows_ask_no_more_questions(
    manager: Client, cast: Cast, asked: dict[str, str], django_assert_num_queries: Any
) -> None:
    fill(cast, times=2)
    manager.get(HOME, asked)
    with CaptureQueriesContext(connection) as few:
        manager.get(HOME, asked)
    assert len(few) <= MOST_QUERIES
    of_settings = [found[1] for one in few if (found := OF_SETTINGS.search(one["sql"]))]
    assert sorted(of_settings) == ["receipts_servicelimit", "receipts_workcalendar"]
    fill(cast, times=4)
    with django_assert_num_queries(len(few)):
        manager.get(HOME, asked)
