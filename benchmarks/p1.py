"""P1: a list of 50 receipts over the API, against a bare WSGI application that does the same.

Both look the key up, count the request in the shared limiter, read the newest receipts with master
and watch, and answer with the same JSON (compared after sorting its keys). No total is counted.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import orjson

from benchmarks.base import Run, Sample
from benchmarks.machine import Cores, cores, pinned
from benchmarks.web import OK, Answer, Site, get, serving, together
from tests.faults.setup import Place, say

RECEIPTS = 100_000
VARIED = 2_000  # the newest ones differ from each other
REQUESTS = 4_000
WARM = 200
CLIENTS = 4
LIMIT = 50
MASTERS, WATCHES = 20, 500
PATH = f"/api/v1/receipts/?limit={LIMIT}"
LIMITLESS = "1000000"


class Bench:
    def __init__(self, run: Run, place: Place, broker: str) -> None:
        from integrations.limits import SCRIPT
        from receipts.states import URGENT_LIST

        self.n = run.size(REQUESTS)
        self.cores: Cores = cores()
        self.environment = {
            **place.environment,
            "LOG_LEVEL": "INFO",  # as in production: a line for every request
            "REDIS_URL": broker,
            "API_RATE": LIMITLESS,
            "API_ADDRESS_RATE": LIMITLESS,
            "WEB_WORKERS": str(2 * len(self.cores.server) or 2),
            "P1_SCRIPT": SCRIPT,
            "P1_URGENT": ",".join(URGENT_LIST),
        }
        fill(run.size(RECEIPTS))
        self.request = get(PATH, Authorization=f"Bearer {make_key()}")

    def floor(self) -> Sample:
        return self.measured("benchmarks.p1_floor:application")

    def ours(self) -> Sample:
        return self.measured("workshop.wsgi")

    def measured(self, application: str, **more: str) -> Sample:
        """``more``: settings that are otherwise than in the benchmark of the list itself."""
        with serving(application, self.environment | more, cpus=self.cores.server) as site:
            self._drive(site, WARM)
            before = site.cpu()
            seconds, answers = self._drive(site, self.n)
            cpu = (site.cpu() - before) / self.n
        wrong = [answer for answer in answers if answer.status != OK]
        if wrong:
            say(f"wrong: {len(wrong)} answers, the first: {wrong[0]}")
        bodies = {answer.body for answer in answers}
        told = sorted(
            orjson.dumps(orjson.loads(one), option=orjson.OPT_SORT_KEYS) for one in bodies
        )
        say(f"  {1000 * cpu:.2f} ms of CPU a request, {len(told[0])} bytes")
        return Sample(self.n / seconds, False if wrong else told, cpu)

    def _drive(self, site: Site, count: int) -> tuple[float, list[Answer]]:
        numbers = itertools.count()
        answers: list[Answer] = []

        def client(_number: int) -> None:
            while next(numbers) < count:
                answers.append(site.ask(self.request))

        with pinned(self.cores.client):
            seconds = together(CLIENTS, client)
        return seconds, answers


def fill(count: int) -> None:
    """Receipts with masters and watches, as lists show them; deadlines far from now."""
    from django.db import connection

    from receipts.models import Receipt, Watch
    from staff.models import Employee

    Employee.objects.bulk_create(
        Employee(full_name=f"Мастер Номер {n}", short_name=f"Мастер Н. {n}") for n in range(MASTERS)
    )
    Watch.objects.bulk_create(
        Watch(brand="Omega", model="Seamaster", reference=f"2531.{n}", serial=f"4892{n:04}")
        for n in range(WATCHES)
    )
    masters = list(Employee.objects.values_list("pk", flat=True))[-MASTERS:]
    watches = list(Watch.objects.values_list("pk", flat=True))[-WATCHES:]
    old = max(0, count - VARIED) if connection.vendor == "postgresql" else 0
    made = (_receipt(n, masters, watches) for n in range(old, count))
    if old:
        _multiply(next(made), old)
    Receipt.objects.bulk_create(made, batch_size=1_000)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) receipts_receipt")


def _multiply(first: Any, count: int) -> None:
    """Older receipts, which no page of the benchmark shows: the database copies one of them."""
    from django.db import connection

    first.save(force_insert=True)
    table = first._meta.db_table
    own = {
        "number": "'O-' || n",
        "number_key": "'o' || n",
        "similar_key": "'o' || n",
        "public_token": "'p' || n",
        "label_token": "'l' || n",
    }
    names = [field.column for field in first._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(own.get(name, f'"{name}"') for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, "  # our own names
            "generate_series(2, %s) AS n WHERE id = %s",
            [count, first.pk],
        )


def _receipt(n: int, masters: list[int], watches: list[int]) -> Any:
    from datetime import UTC, datetime, timedelta
    from decimal import Decimal

    from receipts.models import Receipt
    from receipts.states import Status

    at = datetime(2026, 1, 5, 9, 30, tzinfo=UTC) + timedelta(minutes=7 * n, microseconds=n)
    there = n % 5 != 0  # every fifth one is fresh: no master, no watch, no deadline
    return Receipt(
        number=f"B-{n}",
        number_key=f"b{n}",
        similar_key=f"b{n}",
        status=Status.IN_WORK if there else Status.RECEIVED,
        status_since=at,
        version=1 + n % 7,
        received_at=at,
        deadline=at.replace(year=2200) if there else None,
        first_promise=at.replace(year=2200) if there else None,
        master_id=masters[n % len(masters)] if there else None,
        watch_id=watches[n % len(watches)] if there else None,
        urgent=n % 9 == 0,
        complaint="Отстаёт на две минуты в сутки, встаёт ночью",
        condition="Царапины на корпусе, потёртость браслета",
        completeness="часы, браслет",
        links_count=n % 20 or None,
        agreed_price=Decimal(n) + Decimal("0.50") if there else None,
    )


def make_key(name: str = "benchmark") -> str:
    """The key of a new client that may read receipts."""
    from integrations import scopes
    from integrations.services.clients import add_client, issue_key
    from workshop.lib.actor import system_actor

    actor = system_actor("benchmark")
    client = add_client(name=name, scopes=[scopes.RECEIPTS_READ], actor=actor).object
    return str(issue_key(client_id=client.pk, actor=actor).shown_once["key"])


def main() -> None:
    run = Run("P1", __doc__, parts=("list",))
    from workshop import local_services

    with contextlib.ExitStack() as stack:
        with pinned(cores().client):
            broker, origin = stack.enter_context(local_services.redis())
        run.notes["counter"] = origin.split(",")[0]
        place = stack.enter_context(run.place(cpus=cores().client))
        bench = Bench(run, place, broker)
        if run.wants("list"):
            run.compare("list", bench.floor, bench.ours, at_least=0.5, unit="requests/s", n=bench.n)
    run.finish()


if __name__ == "__main__":
    main()
