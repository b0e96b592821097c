"""Ready or not: each part that fails is named, one that hangs hangs nothing else."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as installed
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from history import lease
from staff import roles
from workshop.lib import health

NAMES = {"database", "migrations", "cache", "broker", "disk"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The checks, to be exchanged one by one; all others are harmless."""
    found: dict[str, Any] = dict.fromkeys(NAMES, lambda: None)
    monkeypatch.setattr(health, "CHECKS", found)
    monkeypatch.setattr(health, "_running", {})
    return found


@pytest.mark.django_db(transaction=True)
def test_all_is_well(client: Client) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "checks": dict.fromkeys(NAMES, "ok")},
    )


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_fails_is_named_without_its_inside(
    client: Client, parts: dict[str, Any], name: str
) -> None:
    def fail() -> None:
        raise OSError("connection to 10.0.0.7 failed for user shop")

    parts[name] = fail
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {**dict.fromkeys(NAMES, "ok"), name: "failed"}
    assert b"10.0.0.7" not in answer.content


def test_a_part_that_hangs_costs_two_seconds_and_one_thread(
    client: Client, parts: dict[str, Any]
) -> None:
    release, looks = threading.Event(), []

    def hang() -> None:
        looks.append(1)
        release.wait(30)

    parts["database"] = hang
    began = time.monotonic()
    answers = [client.get("/health/ready") for _ in range(3)]
    # The first one waits its patience out, the others see that it still hangs.
    assert time.monotonic() - began < health.PATIENCE + 2
    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.json()["checks"]["database"] for answer in answers} == {"failed"}
    assert len(looks) == 1
    release.set()
    for _ in range(50):
        if client.get("/health/ready").status_code == 200:
            break
        time.sleep(0.02)
    else:
        pytest.fail("it did not come back by itself")


class TestBroker:
    def test_nobody_listens(self, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
        with pytest.raises(ConnectionRefusedError):
            health.broker()

    def test_somebody_listens(self, settings: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings.CELERY_BROKER_URL = f"amqp://guest@127.0.0.1:{server.getsockname()[1]}//"
            health.broker()

    def test_a_folder_that_nobody_may_write(self, settings: Any, tmp_path: Path) -> None:
        settings.CELERY_BROKER_URL = "filesystem://localhost"
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": str(tmp_path)}
        health.broker()
        settings.DATA_DIR = tmp_path / "nowhere"
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": str(tmp_path / "no")}
        with pytest.raises(health.Wrong):
            health.broker()


def test_a_full_disk(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    health.disk()
    monkeypatch.setattr(health, "LEAST_DISK", 2**62)
    with pytest.raises(health.Wrong):
        health.disk()


@pytest.mark.django_db
class TestDetail:
    URL = "/health/detail"

    def test_administrators_alone(self, client: Client) -> None:
        assert client.get(self.URL).status_code == 403
        for number, group in enumerate(roles.OFFICE_GROUPS):
            user = User.objects.create_user(f"user{number}", is_staff=True)
            user.groups.add(Group.objects.get(name=group))
            inside = Client()
            inside.force_login(user)
            wanted = 200 if group == roles.ADMINISTRATORS else 403
            assert inside.get(self.URL).status_code == wanted, group

    def test_what_it_tells(self, admin_client: Client) -> None:
        body = admin_client.get(self.URL).json()
        assert set(body["checks"]) == NAMES
        assert body["uptime_s"] >= 0
        assert body["version"] == installed.VERSION
        assert {"outbox", "inbox", "notices", "webhooks"} <= set(body["queues"])
        assert all(set(one) == {"waiting", "oldest_s"} for one in body["queues"].values())
        assert body["pool"] is None  # every thread keeps a connection of its own
        assert (connection.vendor == "postgresql") == bool(body["connections"])

    def test_who_leads_and_who_beats(self, admin_client: Client) -> None:
        token = lease.acquire("jobs-scheduler", "here/1-1")
        lease.beat("runbot", "there/2-2")
        leases = admin_client.get(self.URL).json()["leases"]
        assert token
        assert leases["jobs-scheduler"]["owner"] == "here/1-1"
        assert leases["jobs-scheduler"]["since"]
        assert leases["runbot"]["alive"]
        assert leases["runbot"]["seen_at"]
