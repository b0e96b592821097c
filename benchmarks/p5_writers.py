"""One of the people who write while P5 measures, as a process of its own, through the services.

    python -m benchmarks.p5_writers CONTROL NUMBER

CONTROL is a file: the name of the database to write into, empty to wait, `stop` to end. Number 0
runs the refresher as its job does, once a minute.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import django

PAUSE: Final = 0.25  # seconds between two changes of one writer
MINUTE: Final = 60.0


def main() -> None:
    control, number = Path(sys.argv[1]), int(sys.argv[2])
    django.setup()
    from django.db import connection

    work: Callable[[], float] | None = None
    here = ""
    while (name := control.read_text().strip()) != "stop":
        if name != here:
            connection.close()
            connection.settings_dict["NAME"] = name
            here, work = name, None
        if not name:
            time.sleep(PAUSE)
            continue
        if work is None:
            work = _refresher() if number == 0 else _Writer(number).change
        time.sleep(work())


def _refresher() -> Callable[[], float]:
    from analytics.services import rollups
    from workshop.lib import clock

    begun = time.monotonic()
    due = begun + MINUTE

    def look() -> float:
        nonlocal due
        if time.monotonic() >= due:
            due += MINUTE
            rollups.refresh(at=clock.now())
        return PAUSE

    return look


class _Writer:
    """Adds works, now and dated back, and voids some."""

    def __init__(self, number: int) -> None:
        from receipts.models import OperationType, Receipt
        from staff.actors import employee_actor
        from staff.models import Employee
        from workshop.lib.actor import Channel

        self.draw = random.Random(number)
        self.people = list(Employee.objects.filter(telegram_id__gt=60_000).order_by("pk"))
        self.types = list(OperationType.objects.filter(active=True).values_list("pk", flat=True))
        rows = Receipt.objects.filter(status="in_work").order_by("-pk")
        self.receipts = list(rows.values_list("pk", "received_at")[:1000])
        self.actor: Any = employee_actor(self.people[number % len(self.people)], Channel("bot"))

    def change(self) -> float:
        from receipts.models import Operation

        receipt, received_at = self.draw.choice(self.receipts)
        if self.draw.random() < 0.25:
            rows = Operation.objects.valid().filter(receipt=receipt, return_items=None)
            found = list(rows.values_list("pk", flat=True))
            if found:
                self._void(receipt, self.draw.choice(found))
        else:
            self._add(receipt, received_at)
        return PAUSE

    def _void(self, receipt: int, operation: int) -> None:
        from receipts.services.works import void_work
        from workshop.lib.errors import WorkshopError

        with contextlib.suppress(WorkshopError):  # another one has voided it a moment before
            void_work(
                receipt_id=receipt, operation_id=operation, reason="benchmark", actor=self.actor
            )

    def _add(self, receipt: int, received_at: Any) -> None:
        from receipts.services.works import WorkInput, record_work
        from workshop.lib import clock

        when = None
        if self.draw.random() < 0.4:
            passed = (clock.now() - received_at).total_seconds()
            when = received_at + timedelta(seconds=passed * self.draw.random())
        person = self.draw.choice(self.people).pk
        work = WorkInput(self.draw.choice(self.types), person, performed_at=when)
        record_work(receipt_id=receipt, works=[work], actor=self.actor)


if __name__ == "__main__":
    main()
