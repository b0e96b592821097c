"""A kept connection is looked at without asking the server, and one that was ended is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from workshop.lib import pools, scraping
from workshop.lib.prepared import prepared_cursor
from workshop.postgresql import base

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def kept() -> Iterator[Any]:
    """A connection besides that of the test, as a request finds it."""
    if connection.vendor != "postgresql":
        pytest.skip("it is PostgreSQL's")
    wrapper = connection.copy()
    wrapper.settings_dict = {**wrapper.settings_dict, "CONN_HEALTH_CHECKS": True}
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield wrapper
    wrapper.close()


@pytest.fixture
def pooled() -> Iterator[Callable[[], Any]]:
    """Makes connections that share a pool of five."""
    options = {**connection.settings_dict["OPTIONS"], "pool": {"max_size": 5, "timeout": 0.2}}
    made: list[Any] = []

    def make() -> Any:
        wrapper = connection.copy(alias="pooled")
        wrapper.settings_dict = {
            **wrapper.settings_dict,
            "OPTIONS": options,
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
        }
        made.append(wrapper)
        return wrapper

    yield make
    for wrapper in made:
        wrapper.close()
    made[0].close_pool()


def test_a_pool_tells_how_full_it_is_and_warns_once_a_minute(
    pooled: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pools, "_told_at", -pools.QUIET)
    held = [pooled() for _ in range(5)]
    for wrapper in held[:4]:
        wrapper.connect()
    assert pools.state(held[0].pool)["used"] == 4
    assert not caplog.records  # four of five are not over 80 %
    held[4].connect()
    (warning,) = caplog.records
    assert "pool" in warning.getMessage()
    assert (warning.used_count, warning.max_count) == (5, 5)  # type: ignore[attr-defined]
    with pytest.raises(OperationalError):
        pooled().ensure_connection()
    assert len(caplog.records) == 1
    assert b'repassage_database_pool{state="used"} 5.0' in scraping.own()
    held[0].close()
    assert pools.state(held[1].pool)["used"] == 4
    assert b'repassage_database_pool{state="used"} 4.0' in scraping.own()


def end(wrapper: Any) -> None:
    """The server ends it; returns when it has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(%s, 5000)", [wrapper.connection.info.backend_pid]
        )
        assert cursor.fetchone() == (True,)


def test_a_living_one_is_not_asked(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def ask(_self: Any) -> bool:
        asked.append(True)
        return True

    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", ask)
    assert kept.is_usable()
    assert not asked
    kept._heard_at -= base.TRUSTED
    assert kept.is_usable()
    assert asked == [True]


def test_one_that_was_ended_is_replaced_before_a_request_uses_it(kept: Any) -> None:
    end(kept)
    assert not kept.is_usable()
    former = kept.connection
    kept.close_if_unusable_or_obsolete()  # as at the beginning of a request
    for make in (kept.cursor, lambda: prepared_cursor(kept)):
        with make() as cursor:
            cursor.execute("SELECT 2")
            assert cursor.fetchone() == (2,)
    assert kept.connection is not former


def test_one_that_was_ended_in_the_middle_fails_once(kept: Any) -> None:
    end(kept)
    with pytest.raises(OperationalError), prepared_cursor(kept) as cursor:
        cursor.execute("SELECT 3")
    kept.close_if_unusable_or_obsolete()
    with prepared_cursor(kept) as cursor:
        cursor.execute("SELECT %s::int", [3])
        assert cursor.fetchone() == (3,)


def test_one_that_is_closed_already_is_not_usable(kept: Any) -> None:
    kept.connection.close()
    assert not kept.is_usable()
