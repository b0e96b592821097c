"""What the ground floor forgets. Events and commands are kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from history.models import JobRun, Outbox

RUNS_KEPT: Final = timedelta(days=90)
OUTBOX_KEPT: Final = timedelta(days=30)  # after it was done; what waits stays
SIGN_INS_KEPT: Final = timedelta(days=90)  # who tried from where: long past any cool-off
CHUNK: Final = 5_000  # rows per statement: nobody waits long for a lock


def clean_up(*, at: datetime) -> dict[str, int]:
    """Delete what is out of date; the number of rows per table."""
    return {
        "runs": _delete(JobRun.objects.filter(started_at__lt=at - RUNS_KEPT)),
        "outbox": _delete(Outbox.objects.filter(done_at__lt=at - OUTBOX_KEPT)),
        "sessions": _delete(Session.objects.filter(expire_date__lt=at)),
        "sign_ins": sum(
            _delete(rows.filter(attempt_time__lt=at - SIGN_INS_KEPT))
            for rows in (AccessLog.objects, AccessAttempt.objects, AccessFailureLog.objects)
        ),
    }


def _delete(rows: QuerySet[Any]) -> int:
    total = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        deleted, _by_model = rows.filter(pk__in=ids).delete()
        total += deleted
        if deleted < len(ids):
            break
    return total
