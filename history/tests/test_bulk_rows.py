"""Rows written by whole columns come back as they were, whatever stands in them."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta, timezone

import pytest

from history import bulk_rows
from history.bulk import batch, new_row
from history.models import Command, Lease
from workshop.lib import collector

NASTY = ("\\N", "\\", "a\tb", "a\nb\r\n", "\\t", "NULL", "ё–“”", "%s %(x)s", "")
AT = datetime(2026, 3, 12, 9, 30, 0, 5, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))


@pytest.mark.django_db
def test_texts_moments_and_nothing() -> None:
    with batch() as rows:
        for number, text in enumerate(NASTY):
            since = AT if number % 2 else None
            rows.add(new_row(Lease, name=f"{number}", owner=text, since=since))
    found = {lease.name: lease for lease in Lease.objects.all()}
    for number, text in enumerate(NASTY):
        lease = found[str(number)]
        assert (lease.owner, lease.since, lease.until) == (text, AT if number % 2 else None, None)
        assert lease.token == ""


@pytest.mark.django_db
def test_moments_of_a_whole_column_come_back() -> None:
    moments = [AT, AT.replace(microsecond=0), AT.astimezone(MOSCOW)]
    for zone in (UTC, MOSCOW):
        told = {f"{zone} {number}": at.astimezone(zone) for number, at in enumerate(moments)}
        with batch() as rows:
            for name, at in told.items():
                rows.add(new_row(Lease, name=name, since=at))
        assert dict(Lease.objects.filter(name__in=told).values_list("name", "since")) == told


def test_no_naive_moment_reaches_copy() -> None:
    assert bulk_rows._moments((AT, None)) == ["2026-03-12T09:30:00.000005Z", bulk_rows.NULL]
    with pytest.raises(ValueError, match="naive"):
        bulk_rows._moments((AT, AT.replace(tzinfo=None)))


@pytest.mark.django_db
def test_json_keeps_what_it_escapes() -> None:
    told = {text: [text, None, 1, True] for text in NASTY}
    with batch() as rows:
        for number in range(2):
            values = {"key": f"{number}", "actor_kind": "system", "arguments_hash": "", "verb": "v"}
            rows.add(new_row(Command, client="test", created_at=AT, result=told, **values))
    assert [row.result for row in Command.objects.filter(client="test")] == [told, told]


@pytest.mark.django_db
def test_what_failed_is_forgotten_with_its_table() -> None:
    with batch() as rows:
        rows.add(new_row(Lease, name="kept"))
        mark = rows.mark()
        rows.add(new_row(Lease, name="forgotten"))
        rows.add(new_row(Command, client="test", key="1", created_at=AT))
        rows.back_to(mark)
    assert [lease.name for lease in Lease.objects.all()] == ["kept"]
    assert not Command.objects.filter(client="test").exists()


def test_the_collector_works_again_after_its_rest() -> None:
    with collector.resting(), collector.resting():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(RuntimeError), collector.resting():
        raise RuntimeError("an error wakes it too")
    assert gc.isenabled()
