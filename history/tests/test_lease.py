"""Signs of life: who holds a lease since when, and for how long nothing was heard of him."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from history import lease, relay
from history.jobs import scheduler
from history.models import Lease

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def age(name: str, by: timedelta) -> None:
    """As if its last sign of life, and the end of its term, lay back so far."""
    Lease.objects.filter(name=name).update(seen_at=Now() - by, until=Now() - by)


def test_whoever_never_gave_a_sign_is_not_among_them() -> None:
    Lease.objects.create(name="made by an older program")
    assert lease.signs("made by an older program", "nobody") == {}


def test_a_beat_is_a_sign_of_life() -> None:
    lease.beat("worker", "machine/1")
    sign = lease.signs("worker")["worker"]
    assert (sign.owner, sign.alive) == ("machine/1", True)
    assert sign.silent < MINUTE
    age("worker", 5 * MINUTE)
    sign = lease.signs("worker")["worker"]
    assert not sign.alive
    assert 5 * MINUTE <= sign.silent < 6 * MINUTE


def test_every_renewal_is_one_and_since_stays() -> None:
    token = lease.acquire("leader", "machine/1")
    assert token
    begun = lease.signs("leader")["leader"].since
    Lease.objects.update(seen_at=Now() - 5 * MINUTE)
    assert lease.renew("leader", token)
    sign = lease.signs("leader")["leader"]
    assert sign.silent < MINUTE
    assert sign.since == begun


def test_an_orderly_end_is_the_last_sign_of_life_not_the_beginning() -> None:
    token = lease.acquire("leader", "machine/1")
    assert token
    Lease.objects.update(since=Now() - 60 * MINUTE, seen_at=Now() - 60 * MINUTE)
    lease.release("leader", token)
    sign = lease.signs("leader")["leader"]
    assert not sign.alive
    assert sign.silent < MINUTE


def test_a_relay_that_found_nothing_has_given_one() -> None:
    assert relay.relay_outbox() == 0
    assert lease.signs(relay.LEASE)[relay.LEASE].silent < MINUTE


def test_the_leader_is_known_while_he_leads() -> None:
    assert scheduler.leader() is None
    token = lease.acquire(scheduler.LEASE, "machine/7", hold=scheduler.HOLD)
    assert token
    found = scheduler.leader()
    assert found is not None
    assert found.owner == "machine/7"
    assert found.since is not None
    age(scheduler.LEASE, MINUTE)
    assert scheduler.leader() is None
