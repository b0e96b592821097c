"""What leaves besides Telegram: e-mails about alerts, and the sign of life to a monitor outside."""

from __future__ import annotations

import http.server
import smtplib
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from analytics.models import AlertMail, AlertRule
from analytics.monitoring import alert_mailing, outside
from analytics.monitoring.alert_jobs import forget_alert_mail, tell_outside
from analytics.monitoring.sources import source
from analytics.system_state import BOT
from analytics.tests.test_alerts import KINDS, QUEUE, SLOW, judge, rule
from history import lease
from history.jobs import Turn
from history.jobs.running import WORKER
from history.models import Lease
from tests.cast import Cast, make_cast

NOON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast(db: None, settings: Any) -> Iterator[Cast]:
    settings.MAIL_CONFIGURED = True
    settings.EMAIL_FROM = "workshop@example.org"
    settings.ALERT_EMAILS = ["owner@example.org", "office@example.org"]
    with source("test", [QUEUE, SLOW, KINDS], lambda at: {}):
        AlertRule.objects.update(active=False)
        yield make_cast()


def test_each_address_gets_each_message_once(cast: Cast) -> None:
    rule(cast, by_mail=True)
    judge(0, queue=90)
    assert alert_mailing.send_due(at=NOON) == 2
    assert alert_mailing.send_due(at=NOON) == 0
    first, second = mail.outbox
    assert {first.to[0], second.to[0]} == {"owner@example.org", "office@example.org"}
    assert first.subject == "Тревога: Очередь"
    assert "Бот молчит: 90 с (порог: больше 60 с)" in str(first.body)
    assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]
    judge(1, queue=0)
    alert_mailing.send_due(at=NOON + MINUTE)
    assert mail.outbox[-1].subject == "Снова в порядке: Очередь"


def test_a_rule_without_it_and_a_workshop_without_mail_send_none(cast: Cast, settings: Any) -> None:
    rule(cast)
    judge(0, queue=90)
    settings.MAIL_CONFIGURED = False
    rule(cast, by_mail=True, name="Ещё")
    judge(1, queue=90)
    assert not AlertMail.objects.exists()


def test_a_server_that_is_away_is_tried_again_and_given_up(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_EMAILS = ["owner@example.org"]
    rule(cast, by_mail=True)
    judge(0, queue=90)

    def away(*_args: Any, **_more: Any) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", away)
    at = NOON
    monkeypatch.setattr("workshop.lib.clock.now", lambda: at)
    for minutes in (0, 1, 5, 15, 60):
        at += minutes * MINUTE
        row = AlertMail.objects.get()
        assert row.state == AlertMail.State.WAITING
        assert row.due_at <= at
        assert alert_mailing.send_due(at=at) == 0
    assert AlertMail.objects.get().error == "ConnectionRefusedError"
    at += timedelta(hours=11)
    alert_mailing.send_due(at=at)
    assert AlertMail.objects.get().state == AlertMail.State.FAILED


def test_an_address_that_is_refused_for_good_is_not_tried_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(cast, by_mail=True)
    judge(0, queue=90)

    def refused(*_args: Any, **_more: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"x@example.org": (550, b"no such user")})

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refused)
    assert alert_mailing.send_due(at=NOON) == 0
    states = set(AlertMail.objects.values_list("state", "error"))
    assert states == {("failed", "SMTPRecipientsRefused 550")}


def test_a_sender_that_was_killed_is_taken_over(cast: Cast, settings: Any) -> None:
    settings.ALERT_EMAILS = ["owner@example.org"]
    rule(cast, by_mail=True)
    judge(0, queue=90)
    from analytics.services.alert_mail import claim_mail

    assert claim_mail(at=NOON) is not None
    assert alert_mailing.send_due(at=NOON) == 0
    AlertMail.objects.update(lease_until=datetime(2001, 1, 1, tzinfo=UTC))
    assert alert_mailing.send_due(at=NOON) == 1


def test_old_rows_are_forgotten(cast: Cast) -> None:
    rule(cast, by_mail=True)
    judge(0, queue=90)
    turn = Turn("analytics.forget_alert_mail", NOON, NOON + timedelta(days=30))
    assert forget_alert_mail(turn) == 0
    turn = Turn("analytics.forget_alert_mail", NOON, NOON + timedelta(days=30, seconds=1))
    assert forget_alert_mail(turn) == 2


# --- the sign of life -----------------------------------------------------------------------------


class Monitor(http.server.BaseHTTPRequestHandler):
    """Counts the calls; answers as it is told."""

    calls: list[str]
    answer = 200

    def do_GET(self) -> None:
        type(self).calls.append(self.path)
        self.send_response(type(self).answer)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/other")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def monitor(db: None, settings: Any) -> Iterator[type[Monitor]]:
    class Own(Monitor):
        calls: list[str] = []  # of this test alone

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # Only the guards of the settings ask for https.
        settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_port}/ping/secret"
        yield Own
        server.shutdown()


TURN = Turn("analytics.tell_outside", NOON, NOON)


def test_it_is_called_once_while_all_programs_live(monitor: type[Monitor]) -> None:
    for name in (BOT, WORKER):
        lease.beat(name, "x")
    assert tell_outside(TURN) == {"told": 1}
    assert monitor.calls == ["/ping/secret"]


def test_it_is_silent_when_one_of_them_is(monitor: type[Monitor]) -> None:
    from django.db.models.functions import Now

    for name in (BOT, WORKER):
        lease.beat(name, "x")
    Lease.objects.filter(name=BOT).update(seen_at=Now() - timedelta(minutes=3))
    assert outside.silent_programs() == [BOT]
    assert tell_outside(TURN) == {"told": 0}
    assert monitor.calls == []


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_another_answer_is_logged_without_the_address(
    monitor: type[Monitor], answer: int, caplog: pytest.LogCaptureFixture
) -> None:
    monitor.answer = answer
    assert tell_outside(TURN) == {"told": 0}
    assert monitor.calls == ["/ping/secret"], "a redirect is not followed"
    (record,) = [one for one in caplog.records if one.name == outside.__name__]
    assert getattr(record, "error", "") == f"HTTP {answer}"
    assert "secret" not in caplog.text


def test_a_monitor_that_is_away_is_logged_and_no_error(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HEARTBEAT_URL = "http://127.0.0.1:1/ping/secret"
    assert tell_outside(TURN) == {"told": 0}
    (record,) = [one for one in caplog.records if one.name == outside.__name__]
    assert getattr(record, "error", "") == "ConnectionRefusedError"
    assert "secret" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_call_is_made_outside_of_any_transaction(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEARTBEAT_URL = "https://monitor.example.org/ping"
    seen: list[bool] = []

    def opened(*_args: Any, **more: Any) -> Any:
        seen.append(connection.in_atomic_block)
        assert more["timeout"] == outside.TIMEOUT
        raise TimeoutError

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", opened)
    assert tell_outside(TURN) == {"told": 0}
    assert seen == [False]


def test_without_the_setting_nothing_is_called(db: None) -> None:
    assert tell_outside(TURN) == {"told": 0}
