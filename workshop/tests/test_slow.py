"""What took too long is told by name, and what a person typed stays out of it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from receipts.models import Receipt
from workshop.lib import slow
from workshop.lib.masking import mask_event
from workshop.lib.slow import watched


def told(caplog: pytest.LogCaptureFixture, text: str) -> list[Any]:
    return [one for one in caplog.records if one.getMessage().startswith(text)]


@pytest.mark.django_db
def test_a_slow_statement_is_named_after_who_asked(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SLOW_QUERY_MS = 0
    with caplog.at_level(logging.WARNING, slow.__name__):
        list(Receipt.objects.filter(number="secret-number"))
    record = told(caplog, "slow query")[-1]
    assert record.query.endswith("test_slow.test_a_slow_statement_is_named_after_who_asked")
    assert record.duration_ms >= 0
    assert "secret-number" not in record.statement
    assert record.statement.startswith("SELECT")


def test_what_nobody_of_ours_asks_for_is_named_after_the_library() -> None:
    """In a thread of its own, where no function of ours has called."""
    library = (
        "def execute(found): found.append(asked_by(sys._getframe()))\n"
        "class Session:\n"
        "    def load(self, found): execute_of_django(found)\n"
    )
    django = {"__name__": "django.db.backends", "asked_by": slow.asked_by, "sys": sys}
    exec(compile(library, "django.py", "exec"), django)
    sessions = {"__name__": "sessions.store", "execute_of_django": django["execute"]}
    exec(compile(library, "sessions.py", "exec"), sessions)
    found: list[str] = []
    thread = threading.Thread(target=sessions["Session"]().load, args=(found,))  # type: ignore[operator]
    thread.start()
    thread.join()
    assert found == ["sessions.store.Session.load"]


@pytest.mark.django_db
def test_a_quick_statement_is_not_told(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SLOW_QUERY_MS = 60_000
    with caplog.at_level(logging.WARNING, slow.__name__):
        list(Receipt.objects.all())
    assert told(caplog, "slow") == []


@pytest.mark.django_db
def test_a_failing_statement_is_told_and_fails(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SLOW_QUERY_MS = 0
    with (
        caplog.at_level(logging.WARNING, slow.__name__),
        pytest.raises(Exception, match="no_such_table"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM no_such_table")
    assert told(caplog, "slow query")


@pytest.mark.django_db
def test_a_plan_is_shown_in_development(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SLOW_QUERY_MS, settings.EXPLAIN_SLOW = 0, True
    with caplog.at_level(logging.WARNING, slow.__name__):
        list(Receipt.objects.filter(number="secret-number"))
    (explained,) = told(caplog, "slow query, explained")
    assert "receipts_receipt" in explained.plan


def test_a_slow_block_asks_for_its_name_only_then(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []
    settings.SLOW_REQUEST_MS = 5
    with caplog.at_level(logging.WARNING, slow.__name__):
        with watched("step", lambda: asked.append(1) or "quick"):  # type: ignore[func-returns-value]
            pass
        assert asked == []
        with watched("step", lambda: "card"):
            end = time.perf_counter() + 0.006
            while time.perf_counter() < end:
                pass
    (record,) = told(caplog, "slow step")
    assert record.screen == "card"
    assert record.duration_ms >= 5


@pytest.mark.django_db
def test_a_slow_request_is_told_by_its_route(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SLOW_REQUEST_MS = 0
    with caplog.at_level(logging.WARNING, slow.__name__):
        Client().get("/admin/receipts/receipt/?q=Иванов")
    record = told(caplog, "slow request")[-1]
    assert record.screen == "GET /admin/receipts/receipt/"


def test_what_is_told_passes_the_log() -> None:
    event = {"event": "slow query", "query": "a.b", "duration_ms": 700, "statement": "SELECT %s"}
    assert mask_event(None, "", dict(event)) == event
