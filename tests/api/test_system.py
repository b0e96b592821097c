"""The sending queue and the periodic jobs, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from botapp.models import OutgoingMessage
from history.models import Event, Job, JobRun
from integrations import scopes
from tests.api.callers import Caller
from tests.cast import Cast, make_in_work

pytestmark = pytest.mark.django_db


def make_notice(cast: Cast, **values: Any) -> OutgoingMessage:
    receipt = make_in_work(cast)
    event = Event.objects.filter(stream=receipt.stream).latest("pk")
    return OutgoingMessage.objects.create(
        event=event,
        employee=cast.maxim,
        recipient=f"employee:{cast.maxim.pk}",
        chat_id=987654321,
        template="handed",
        **values,
    )


class TestNotifications:
    def test_what_is_shown(self, shop: Caller, cast: Cast) -> None:
        row = make_notice(cast, state="failed", last_error="TimedOut", attempts=2)
        answer = shop.get("/notifications/", state="failed", expand="words")
        (shown,) = answer.json()["results"]
        assert (shown["id"], shown["employee"]["id"]) == (row.pk, cast.maxim.pk)
        assert shown["stream"].startswith("receipt:")
        assert "Telegram" in shown["words"]["why"]
        assert "987654321" not in answer.content.decode()
        receipt = int(shown["stream"].removeprefix("receipt:"))
        assert len(shop.get("/notifications/", receipt=receipt).json()["results"]) == 1
        assert shop.get("/notifications/", receipt=receipt + 1).json()["results"] == []

    def test_sent_again_once(self, shop: Caller, cast: Cast) -> None:
        row = make_notice(cast, state="dead", last_error="TimedOut", attempts=9)
        path = f"/notifications/{row.pk}/retry/"
        again = shop.once("r", path)
        assert again.json()["result"]["state"] == "waiting"
        assert shop.once("r", path)["Idempotent-Replayed"] == "true"
        late = shop.post(path)
        assert (late.status_code, late.json()["code"]) == (422, "notices.nothing_to_retry")
        assert shop.post("/notifications/999999/retry/").status_code == 404

    def test_needs_scopes(self, caller: Any, cast: Cast) -> None:
        row = make_notice(cast, state="dead")
        reader = caller("r", held=(scopes.SYSTEM_READ,))
        assert reader.get("/notifications/").status_code == 200
        assert reader.post(f"/notifications/{row.pk}/retry/").status_code == 403
        assert caller("o", held=(scopes.RECEIPTS_READ,)).get("/notifications/").status_code == 403


class TestJobs:
    def test_how_they_stand(self, shop: Caller) -> None:
        rows = shop.get("/jobs/", expand="standing", limit=100).json()["results"]
        assert {row["name"] for row in rows} == set(Job.objects.values_list("name", flat=True))
        assert all(row["standing"]["title"] and row["standing"]["next_at"] for row in rows)

    def test_started_and_switched_off(self, shop: Caller) -> None:
        job = Job.objects.get(name="receipts.fire_reminders")
        asked = shop.post(f"/jobs/{job.pk}/run/")
        assert asked.json()["result"]["asked_at"]
        off = shop.post(f"/jobs/{job.pk}/switch/", {"enabled": False})
        assert off.status_code == 200
        row = shop.get(f"/jobs/{job.pk}/", expand="standing").json()
        assert row["standing"]["next_at"] is None
        kinds = (
            Event.objects.filter(stream=job.stream).order_by("id").values_list("kind", flat=True)
        )
        assert list(kinds) == ["job.asked", "job.switched"]

    def test_runs(self, shop: Caller) -> None:
        job = Job.objects.order_by("pk")[0]
        at = Event.objects.latest("pk").recorded_at
        run = JobRun.objects.create(
            job=job, slot=at, started_at=at, outcome="done", result={"n": 3}
        )
        (row,) = shop.get("/job-runs/", job=job.pk, outcome="done").json()["results"]
        assert (row["id"], row["result"]) == (run.pk, {"n": 3})
        assert shop.get("/job-runs/", outcome="failed").json()["results"] == []

    def test_needs_scopes(self, caller: Any) -> None:
        job = Job.objects.order_by("pk")[0]
        reader = caller("r", held=(scopes.SYSTEM_READ,))
        assert reader.post(f"/jobs/{job.pk}/run/").status_code == 403
        assert caller("o", held=(scopes.HISTORY_READ,)).get("/jobs/").status_code == 403
