"""`manage.py migrate` beside people who use the tables."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate as stock
from django.db import OperationalError, connection, connections, transaction

from workshop.lib.session import limits
from workshop.management.commands import migrate


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


class Alteration:
    """A migration of one statement, in place of those that there are."""

    def __init__(self) -> None:
        self.tries = 0
        self.limits: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.tries += 1
        self.limits = [setting("lock_timeout"), setting("statement_timeout")]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE django_session ADD COLUMN more integer")
            transaction.set_rollback(True)


@pytest.fixture
def alteration(monkeypatch: pytest.MonkeyPatch) -> Alteration:
    made = Alteration()
    monkeypatch.setattr(stock.Command, "handle", lambda _self, *a, **o: made.handle(*a, **o))
    monkeypatch.setattr(migrate, "WAIT", 0.05)
    monkeypatch.setattr(migrate, "PAUSE", (0.0, 0.01))
    return made


@contextmanager
def somebody_reads(until: threading.Event) -> Iterator[None]:
    """An open transaction that has read the table, until then."""
    began = threading.Event()

    def read() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM django_session")
                began.set()
                until.wait(30)
        finally:
            connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    began.wait(30)
    yield
    until.set()
    reader.join()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_table_in_use_is_tried_again(
    alteration: Alteration, capsys: pytest.CaptureFixture[str]
) -> None:
    before, done = setting("lock_timeout"), threading.Event()
    with somebody_reads(done):
        threading.Timer(0.3, done.set).start()
        call_command("migrate")
    assert alteration.tries > 1
    assert alteration.limits == ["50ms", "0"]
    assert "A table is in use. Trying again." in capsys.readouterr().err
    assert setting("lock_timeout") == before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_gives_up_in_the_end_and_says_so(
    alteration: Alteration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "PATIENCE", 0.0)
    with somebody_reads(threading.Event()), pytest.raises(CommandError, match="in use for 0 s"):
        call_command("migrate")
    assert alteration.tries == 1


@pytest.mark.django_db
def test_another_error_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(stock.Command, "handle", broken)
    with pytest.raises(OperationalError, match="disk is full"):
        migrate.Command()._tried()


@pytest.mark.postgres
@pytest.mark.django_db
def test_limits_end_with_the_block() -> None:
    before = setting("lock_timeout")
    with limits(connection, lock_timeout=7):
        assert setting("lock_timeout") == "7s"
        with limits(connection, lock_timeout=0):
            assert setting("lock_timeout") == "0"
        assert setting("lock_timeout") == "7s"
    assert setting("lock_timeout") == before
    with (
        pytest.raises(OperationalError),
        transaction.atomic(),
        limits(connection, lock_timeout=7, statement_timeout=0.001),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_sleep(1)")
    assert setting("lock_timeout") == before
