"""What the ground floor forgets, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session

from history import cleanup
from history.cleanup import OUTBOX_KEPT, RUNS_KEPT, SIGN_INS_KEPT
from history.jobs import Turn, declared_jobs
from history.models import Command, Event, Job, JobRun, Outbox
from workshop.lib import clock

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def test_old_rows_go_and_everything_else_stays(
    write: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "CHUNK", 2)  # in several goes
    now = clock.now()
    job = Job.objects.get(name="history.clean_up")
    ages = [RUNS_KEPT + SECOND] * 5 + [RUNS_KEPT - SECOND, timedelta()]
    JobRun.objects.bulk_create(
        JobRun(job=job, slot=now, started_at=now - age, outcome=Job.DONE) for age in ages
    )
    old, young, waiting = (write("test:1", text) for text in ("old", "young", "waiting"))
    Outbox.objects.update(done_at=None)
    for event, age in ((old, OUTBOX_KEPT + SECOND), (young, OUTBOX_KEPT - SECOND)):
        Outbox.objects.filter(event=event).update(done_at=now - age)
    for name, left in (("over", -SECOND), ("valid", SECOND)):
        Session.objects.create(session_key=name, session_data="", expire_date=now + left)
    for model in (AccessLog, AccessAttempt, AccessFailureLog):
        more = {"failures_since_start": 1} if model is AccessAttempt else {}
        for name, age in (("old", SIGN_INS_KEPT + SECOND), ("young", SIGN_INS_KEPT - SECOND)):
            row = model.objects.create(username=name, ip_address="::1", **more)
            model.objects.filter(pk=row.pk).update(attempt_time=now - age)
    kept = (Event.objects.count(), Command.objects.count())

    declared = declared_jobs()["history.clean_up"]
    result: Any = declared.work(Turn(declared.name, slot=now, at=now))

    assert result == {"runs": 5, "outbox": 1, "sessions": 1, "sign_ins": 3}
    assert set(result) == set(declared.counts)
    assert JobRun.objects.count() == 2
    assert [model.objects.count() for model in (AccessLog, AccessAttempt, AccessFailureLog)] == [
        1, 1, 1,
    ]  # fmt: skip
    assert not Outbox.objects.filter(event=old).exists()
    assert Outbox.objects.filter(event__in=[young, waiting]).count() == 2
    assert list(Session.objects.values_list("session_key", flat=True)) == ["valid"]
    assert (Event.objects.count(), Command.objects.count()) == kept
