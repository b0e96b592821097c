"""P6: notices that are due at once, claimed completely, against a Celery worker that does nothing.

Parts: `fire`, 10 000 reminders of 10 000 receipts become due in the same minute: taken under lock,
checked, told in one event, settled. `queue`, 10 000 messages to 300 people are due: claimed and
rendered, one per chat, until none is left. `old`, the time of `fire` beside 10 000 000 reminders of
the past, against none.

Floor of the first two: tasks a second of a Celery worker at its fastest, on Redis.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from benchmarks.base import Run, Sample
from benchmarks.machine import copied, cores, start
from tests.faults.setup import ROOT, Place, say

NOTICES = 10_000
OLD = 10_000_000
PEOPLE = 300
PER_STATEMENT = 500_000
EACH = 100  # old reminders of an old receipt
SHIFT = 100_000_000  # the numbers of what is due now begin here


class Bench:
    def __init__(self, run: Run, place: Place, broker: str) -> None:
        self.run, self.place, self.broker = run, place, broker
        self.n = run.size(NOTICES)
        self._receipts()
        self._people()

    # --- the floor ----------------------------------------------------------------------------

    def celery(self) -> Sample:
        command = [sys.executable, "-m", "benchmarks.p6_floor", self.broker, str(self.n)]
        worker = start(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, environment=os.environ)
        told, _error = worker.communicate(timeout=300)
        return Sample(float(told.split()[-1]))

    # --- reminders ----------------------------------------------------------------------------

    def _receipts(self) -> None:
        from receipts.models import Receipt, Reminder
        from receipts.numbers import normalise_number, similar_key
        from workshop.lib import clock

        now = clock.now()
        rows = []
        for number in range(self.n):
            key = normalise_number(f"B{number}").key
            rows.append(
                Receipt(
                    number=f"B{number}",
                    number_key=key,
                    similar_key=similar_key(key),
                    status="in_work",
                    status_since=now,
                    received_at=now,
                    deadline=now + timedelta(hours=6),
                    deadline_version=1,
                )
            )
        Receipt.objects.bulk_create(rows, batch_size=1000)
        Reminder.objects.bulk_create(
            [
                Reminder(receipt=row, deadline_version=1, kind="deadline_hour", due_at=now)
                for row in rows
            ],
            batch_size=1000,
        )

    def fire(self) -> Sample:
        """All of them, once: the rate, and whether exactly those were told."""
        seconds, right = self._fired()
        return Sample(self.n / seconds, right)

    def _fired(self) -> tuple[float, bool]:
        from django.db import connection

        from history.models import Event
        from receipts.models import Reminder
        from receipts.services.reminders import fire_due
        from workshop.lib import clock

        planned = Reminder.objects.filter(kind="deadline_hour")
        planned.update(fate="planned", fate_at=None, event=None)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE) receipts_reminder")
        at = clock.now()
        began = time.perf_counter()
        told = fire_due(at=at)
        seconds = time.perf_counter() - began
        event = Event.objects.latest("pk")
        ids = [pk for group in event.payload["receipts"].values() for pk in group]
        settled = planned.filter(fate="fired", event=event).count()
        return seconds, told == settled == len(set(ids)) == len(ids) == self.n

    # --- messages -----------------------------------------------------------------------------

    def _people(self) -> None:
        from botapp import notices
        from botapp.notices import Notice
        from staff import roles
        from staff.models import Employee
        from staff.services.people import add_employee
        from workshop.lib.actor import system_actor

        actor = system_actor("benchmark", silent=True)
        for number in range(self.run.size(PEOPLE)):
            add_employee(
                full_name=f"Контролёр {number:03}",
                roles=[roles.INSPECTOR],
                telegram_id=50_001 + number,
                actor=actor,
            )
        self.people = list(Employee.objects.filter(telegram_id__gt=50_000).order_by("pk"))
        notices.template("benchmark")(lambda params, employee: Notice(f"№{params['number']}"))

    def queue(self) -> Sample:
        """Claimed and rendered until nothing is left; sending is not measured here."""
        from botapp import delivery
        from botapp.models import OutgoingMessage
        from history.models import Event
        from workshop.lib import clock

        OutgoingMessage.objects.all().delete()
        events = list(Event.objects.order_by("pk")[: -(-self.n // len(self.people))])
        now = clock.now()
        OutgoingMessage.objects.bulk_create(
            [
                OutgoingMessage(
                    event=events[number // len(self.people)],
                    recipient=f"employee:{self.people[number % len(self.people)].pk}",
                    employee=self.people[number % len(self.people)],
                    template="benchmark",
                    params={"number": number},
                    due_at=now,
                    created_at=now,
                )
                for number in range(self.n)
            ],
            batch_size=1000,
        )
        seconds, claimed = 0.0, []
        while True:
            began = time.perf_counter()
            ready = delivery.claim(delivery.new_token())
            seconds += time.perf_counter() - began
            if not ready:
                break
            claimed += [one.row.pk for one in ready]
            sent = OutgoingMessage.objects.filter(pk__in=[one.row.pk for one in ready])
            sent.update(state="sent", lease_until=None)
        right = len(claimed) == len(set(claimed)) == self.n
        return Sample(self.n / seconds, right)

    # --- beside the past ------------------------------------------------------------------------

    @contextlib.contextmanager
    def with_a_past(self) -> Iterator[Any]:
        """A copy of the database with old reminders; answers with a switch between the two."""
        from django.db import connection

        empty = connection.settings_dict["NAME"]
        with copied(self.place):
            full = connection.settings_dict["NAME"]
            self._fill(self.run.size(OLD))

            def switch(*, past: bool) -> None:
                connection.close()
                connection.settings_dict["NAME"] = full if past else empty

            yield switch
            switch(past=True)

    def _fill(self, count: int) -> None:
        """Told long ago, of receipts that were issued long ago: a hundred each."""
        from django.db import connection

        from receipts.models import Receipt

        first = Receipt.objects.order_by("pk").values_list("pk", flat=True)[0]
        old = -(-count // EACH)
        with connection.cursor() as cursor:
            # The foreign keys are right by construction; checking each would take an hour.
            cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0")
            # The past has the lower numbers: what is due now stands behind it, as it would.
            for table in ("receipts_receipt", "receipts_reminder"):
                cursor.execute(f"UPDATE {table} SET id = id + {SHIFT}")  # ours
            cursor.execute(f"UPDATE receipts_reminder SET receipt_id = receipt_id + {SHIFT}")
            cursor.execute(_copies("receipts_receipt"), [old, first + SHIFT])
            for begin in range(0, count, PER_STATEMENT):
                end = min(begin + PER_STATEMENT, count)
                cursor.execute(
                    """
                    INSERT INTO receipts_reminder
                        (id, receipt_id, deadline_version, kind, due_at, fate, fate_at)
                    SELECT 1 + n, 1 + n / %s, 1 + n %% %s, 'overdue',
                           now() - (%s - n) * interval '1 second', 'fired', now()
                    FROM generate_series(%s, %s) AS n
                    """,
                    [EACH, EACH, count, begin, end - 1],
                )
                say(f"old reminders: {end}")
            cursor.execute("SET session_replication_role = origin; RESET statement_timeout")

    def seconds_to_fire(self) -> Sample:
        seconds, right = self._fired()
        return Sample(seconds, right)


def _copies(table: str) -> str:
    """SQL that makes old, issued receipts out of the first one: how many, which."""
    from receipts.models import Receipt

    changed = {
        "id": "n",
        "number": "'O' || n",
        "number_key": "'o' || n",
        "similar_key": "'o' || n",
        "status": "'issued'",
        "public_token": "'p' || n",
        "label_token": "'l' || n",
    }
    names = [field.column for field in Receipt._meta.concrete_fields]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, "  # ours
        "generate_series(1, %s) AS n WHERE id = %s"
    )


def main() -> None:
    run = Run("P6", __doc__, parts=("fire", "queue", "old"))
    from workshop import local_services

    with contextlib.ExitStack() as stack:
        broker, origin = stack.enter_context(local_services.redis())
        run.notes["broker"] = origin.split(",")[0]
        place = stack.enter_context(run.place(cpus=cores().client))
        bench = Bench(run, place, broker)
        if run.wants("fire"):
            run.compare("fire", bench.celery, bench.fire, at_least=0.5, unit="notices/s", n=bench.n)
        if run.wants("queue"):
            bench.fire()  # its events are what the messages belong to
            run.compare(
                "queue", bench.celery, bench.queue, at_least=0.5, unit="notices/s", n=bench.n
            )
        if run.wants("old"):
            _old(run, bench)
    run.finish()


def _old(run: Run, bench: Bench) -> None:
    with bench.with_a_past() as switch:

        def without() -> Sample:
            switch(past=False)
            return bench.seconds_to_fire()

        def beside() -> Sample:
            switch(past=True)
            return bench.seconds_to_fire()

        part = run.compare("old", without, beside, at_most=1.5, unit="s", n=bench.n)
        part.details["old reminders"] = run.size(OLD)


if __name__ == "__main__":
    main()
