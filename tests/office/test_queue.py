"""The sending queue and the unreachable people in the office: seen by all, acted on by few."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from botapp import reach, reasons
from botapp.models import OutgoingMessage, PersonReach
from history.models import Event
from tests.cast import Cast, make_receipt
from tests.office.forms import initial
from workshop.lib import admin as lists
from workshop.lib import clock

pytestmark = pytest.mark.django_db
LIST = "/admin/botapp/outgoingmessage/"
PEOPLE = "/admin/botapp/personreach/"
DEAD, FAILED, SENT = OutgoingMessage.DEAD, OutgoingMessage.FAILED, OutgoingMessage.SENT


def lay(cast: Cast, count: int, **values: Any) -> list[OutgoingMessage]:
    """Rows of one event; unique by template."""
    event = Event.objects.filter(stream__startswith="receipt:").first()
    if event is None:
        make_receipt(cast, "№ 17")
        event = Event.objects.get(stream__startswith="receipt:", sequence=1)
    begun = OutgoingMessage.objects.count()
    defaults: dict[str, Any] = {"employee": cast.igor, "due_at": clock.now()}
    return OutgoingMessage.objects.bulk_create(
        OutgoingMessage(
            event=event,
            recipient=f"employee:{cast.igor.pk}",
            template="deadline" if begun + number == 0 else f"deadline-{begun + number}",
            **{**defaults, **values},
        )
        for number in range(count)
    )


def shown(client: Client, **query: Any) -> list[OutgoingMessage]:
    page = client.get(LIST, query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


def send(client: Client, address: str, **query: Any) -> Any:
    """Open the form and confirm it as it was shown."""
    page = client.get(address, query)
    assert page.status_code == 200
    data = initial(page.context["form"])
    return page, client.post(address, data), data


# --- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [LIST, PEOPLE])
def test_as_many_queries_for_ten_rows_as_for_a_thousand(
    manager: Client, cast: Cast, address: str
) -> None:
    counts = []
    for extra in (10, 990):
        lay(cast, extra, state=DEAD, last_error="unreachable: blocked")
        PersonReach.objects.get_or_create(employee=cast.igor, defaults={"reason": "blocked"})
        PersonReach.objects.get_or_create(employee=cast.maxim, defaults={"reason": "blocked"})
        manager.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert manager.get(address).status_code == 200
        counts.append(len(queries))
        whole = [q["sql"] for q in queries if q["sql"].startswith("SELECT COUNT(*) AS")]
        assert [sql for sql in whole if "LIMIT" not in sql] == []
    assert counts[0] == counts[1], counts
    assert counts[0] <= 20, counts


def test_the_figures_are_bounded(
    manager: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botapp.admin.queue.EXACT_TO", 5)
    monkeypatch.setattr(lists, "EXACT_TO", 5)
    lay(cast, 8, state=DEAD)
    lay(cast, 3)
    figures = manager.get(LIST).context["figures"]
    assert [one.count for one in figures] == ["3", "0", "5+"]
    assert [len(shown(manager, state=state)) for state in ("waiting", "failed", "dead")] == [
        3,
        0,
        8,
    ]


def test_filters_find_what_did_not_arrive(manager: Client, cast: Cast) -> None:
    (waiting,) = lay(cast, 1)
    (failed,) = lay(cast, 1, state=FAILED, last_error="TimedOut", possible_duplicate=True)
    (dead,) = lay(cast, 1, state=DEAD, last_error="refused: x", employee=cast.maxim)
    (muted,) = lay(cast, 1, state=DEAD, last_error=reasons.MUTED)
    assert {row.pk for row in shown(manager, state="stopped")} == {failed.pk, dead.pk}
    assert [row.pk for row in shown(manager, state="dead")] == [dead.pk]
    assert [row.pk for row in shown(manager, state="settled")] == [muted.pk]
    assert [one.count for one in manager.get(LIST).context["figures"]] == ["1", "1", "1"]
    assert [row.pk for row in shown(manager, state="repeat")] == [failed.pk]
    assert [row.pk for row in shown(manager, employee=cast.maxim.pk)] == [dead.pk]
    assert [row.pk for row in shown(manager, kind="deadline_changed")] == [waiting.pk]
    assert shown(manager, kind="assignment") == []
    for name in ("state", "kind", "employee"):
        for nonsense in ("9" * 30, "x' OR 1=1"):
            assert len(shown(manager, **{name: nonsense})) == 4
        assert manager.get(LIST, {name: "a\x00b"}).status_code == 400
    page = manager.get(LIST).content.decode()
    assert "Telegram не ответил вовремя" in page
    assert "отключено в личных настройках" in page
    assert "№ 17" in page


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("the recipient has left", "сотрудник отключён"),
        ("unreachable: Forbidden: bot was blocked by the user", "бот заблокирован"),
        ("unreachable: Forbidden: user is deactivated", "учётная запись Telegram удалена"),
        ("unreachable: Bad Request: chat not found", "ни разу не открывали"),
        ("refused: Bad Request: can't parse entities", "ошибка программы"),
        ("ZeroDivisionError", "ошибка программы: ZeroDivisionError"),
        ("the messenger asks to wait", "Telegram просит подождать"),
        ("odd +7 916 123-45-67", "***"),
        ("", ""),
    ],
)
def test_reasons_are_told_in_words(manager: Client, cast: Cast, reason: str, told: str) -> None:
    (row,) = lay(cast, 1, state=DEAD, last_error=reason)
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        text = manager.get(address).content.decode()
        assert told in text
        assert "916 123-45-67" not in text
        assert "Forbidden" not in text


def test_what_was_written_is_not_shown(manager: Client, cast: Cast) -> None:
    (row,) = lay(cast, 1, params={"secret": "words of a customer"}, chat_id=77_000_111)
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        text = manager.get(address).content.decode()
        assert "words of a customer" not in text
        assert "77000111" not in text.replace("\xa0", "").replace(" ", "")


# --- sending again --------------------------------------------------------------------------------


def test_one_notice_is_sent_again_once(manager: Client, cast: Cast) -> None:
    due = clock.now() - timedelta(hours=3)
    (row,) = lay(cast, 1, state=DEAD, last_error="TimedOut", attempts=50, due_at=due)
    address = f"{LIST}{row.pk}/do/retry/"
    _page, answer, data = send(manager, address)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.state, row.attempts, row.planned_at) == ("waiting", 0, due)
    assert row.due_at <= clock.now()
    OutgoingMessage.objects.filter(pk=row.pk).update(state=DEAD)
    manager.post(address, data)
    row.refresh_from_db()
    assert row.state == DEAD, "the same press has one effect"
    (event,) = Event.objects.filter(kind="notices.retried")
    assert (event.payload, event.actor_label, event.channel) == ({"count": 1}, "anna", "admin")


def test_all_of_the_filter_are_sent_again(manager: Client, cast: Cast) -> None:
    lay(cast, 70, state=DEAD)
    lay(cast, 2, state=FAILED)
    (other,) = lay(cast, 1, state=DEAD, employee=cast.maxim)
    lay(cast, 1, state=DEAD, last_error=reasons.OUT_OF_DATE)
    (sent,) = lay(cast, 1, state=SENT)
    page = manager.get(LIST, {"state": "dead", "employee": cast.igor.pk})
    address = page.context["retry_url"]
    assert OutgoingMessage.objects.filter(state=DEAD).count() == 72, "looking changes nothing"
    page, answer, data = send(manager, address)
    assert "70" in " ".join(page.context["form"].intro())
    assert answer.status_code == 302
    states = OutgoingMessage.objects.values_list("state", flat=True)
    assert sorted(states) == sorted(["waiting"] * 70 + ["failed"] * 2 + ["dead", "dead", "sent"])
    other.refresh_from_db()
    sent.refresh_from_db()
    assert (other.state, sent.state) == (DEAD, SENT)
    manager.post(address, data)
    assert Event.objects.filter(kind="notices.retried").count() == 1


def test_the_ticked_ones_are_sent_again(manager: Client, cast: Cast) -> None:
    rows = lay(cast, 3, state=FAILED)
    chosen = {"action": "retry_selected", "_selected_action": [row.pk for row in rows[:2]]}
    page = manager.post(LIST, chosen)
    assert page.status_code == 200
    assert OutgoingMessage.objects.filter(state=FAILED).count() == 3
    manager.post(f"{LIST}retry/", initial(page.context["form"]))
    assert OutgoingMessage.objects.filter(state=FAILED).get() == rows[2]


def test_nothing_to_send_again_is_told(manager: Client, cast: Cast) -> None:
    (row,) = lay(cast, 1, state=SENT)
    _page, answer, _data = send(manager, f"{LIST}retry/")
    assert "Повторять здесь уже нечего" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == SENT
    assert not Event.objects.filter(kind="notices.retried").exists()


@pytest.mark.parametrize("ids", ["{pk},x", "{pk},," + "9" * 40, "{pk};{pk}", "{pk}," * 20])
def test_a_damaged_list_is_refused_as_a_whole(manager: Client, cast: Cast, ids: str) -> None:
    (row,) = lay(cast, 1, state=DEAD)
    forged = {"ids": ids.format(pk=row.pk), "command_key": "k"}
    answer = manager.post(f"{LIST}retry/", forged)
    assert answer.status_code == 200
    assert "Этот список уведомлений повреждён: откройте страницу заново." in answer.content.decode()
    row.refresh_from_db()
    assert row.state == DEAD


def test_nonsense_in_the_filter_is_no_error(manager: Client) -> None:
    assert manager.get(f"{LIST}retry/", {"nonsense__exact": "1"}).status_code in {200, 302, 400}


def test_the_owner_looks_and_does_nothing(owner: Client, cast: Cast) -> None:
    (row,) = lay(cast, 1, state=DEAD)
    mark = PersonReach.objects.create(employee=cast.igor, reason="blocked")
    page = owner.get(LIST)
    assert page.status_code == 200
    assert "retry/" not in page.content.decode()
    assert owner.get(f"{LIST}{row.pk}/change/").status_code == 200
    assert owner.get(f"{PEOPLE}{mark.pk}/change/").status_code == 200
    for address in (f"{LIST}retry/", f"{LIST}{row.pk}/do/retry/", f"{PEOPLE}{mark.pk}/do/retry/"):
        assert owner.get(address).status_code == 403
        assert owner.post(address, {"ids": str(row.pk)}).status_code == 403
    answer = owner.post(LIST, {"action": "retry_selected", "_selected_action": [row.pk]})
    assert "form" not in answer.context
    row.refresh_from_db()
    assert row.state == DEAD


# --- people ---------------------------------------------------------------------------------------


def test_unreachable_people_are_listed_with_since_when_and_why(manager: Client, cast: Cast) -> None:
    since = clock.now() - timedelta(days=3)
    PersonReach.objects.create(employee=cast.igor, reason="blocked", since=since)
    lay(cast, 4, state=DEAD, last_error="unreachable: blocked")
    lay(cast, 1, state=DEAD, last_error=reasons.MUTED)
    page = manager.get(PEOPLE)
    text = page.content.decode()
    assert str(cast.igor) in text
    assert clock.show(since) in text
    assert "бот заблокирован этим человеком" in text
    (row,) = page.context["cl"].result_list
    assert row.missed == 4
    person = manager.get(f"/admin/staff/employee/{cast.igor.pk}/change/").content.decode()
    assert "Нет связи в Telegram" in person
    assert "Нет связи в Telegram" not in manager.get(
        f"/admin/staff/employee/{cast.maxim.pk}/change/"
    ).content.decode().replace(">Нет связи в Telegram</span>", "")


def test_trying_again_sends_what_was_missed(manager: Client, cast: Cast) -> None:
    mark = PersonReach.objects.create(
        employee=cast.igor, reason="blocked", since=clock.now(), checked_at=clock.now()
    )
    old = clock.now() - timedelta(days=2)
    lay(cast, 3, state=DEAD, last_error="unreachable: blocked")
    lay(cast, 1, state=DEAD, last_error="unreachable: blocked", due_at=old)
    cast.igor.refresh_from_db()
    assert reach.barred(cast.igor) is not None
    _page, answer, _data = send(manager, f"{PEOPLE}{mark.pk}/do/retry/")
    assert answer.status_code == 302
    assert OutgoingMessage.objects.filter(state="waiting").count() == 3
    cast.igor.refresh_from_db()
    assert reach.barred(cast.igor) is None
    assert PersonReach.objects.get().since == mark.since, "listed until one has arrived"
    assert reach.welcome_back() == 0
    (event,) = Event.objects.filter(kind="notices.person_retried")
    assert event.stream == cast.igor.stream
