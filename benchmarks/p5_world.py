"""A workshop's history in rows, made by the database itself: for measuring what grows with it.

    TEST_DATABASE_URL=postgres://… python -m benchmarks.p5_world --works 7400000

makes a database that later runs of P5 find and use, and brings its roll-ups up to date. The works
are spread evenly over ten years up to now; five on each receipt, 15 % of the receipts come back
from quality control once, a third of those a second time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg

from benchmarks import p5_rollups
from tests.faults.setup import prepare_environment, say

FORM: Final = 1  # counts up when the rows below, or what roll-ups keep, become other ones
HISTORY: Final = 7_400_000  # with decisions, returns and their reworks 10 million rows
YEARS: Final = 10
EACH: Final = 5  # works of a receipt
PEOPLE: Final = 12
BY_ITSELF: Final = 100_000  # works; the roll-ups of more are written by the database
TABLES: Final = (
    "receipts_receipt",
    "receipts_operation",
    "receipts_qualitycheck",
    "receipts_returncase",
    "receipts_returnitem",
)

RECEIPTS: Final = """
INSERT INTO receipts_receipt (id, void_reason, number, number_key, similar_key, status,
    status_since, version, deadline_version, deadline_changes, urgent, received_at, label_outdated,
    complaint, condition, completeness, description, do_not_polish, place, visit_kind,
    public_token, label_token, received_by, issue_difference)
SELECT g, '', 'P' || g, 'P' || g, 'P' || g,
    CASE WHEN g > %(receipts)s - greatest(%(receipts)s / 1000, 200)
        THEN 'in_work' ELSE 'issued' END,
    at, 0, 0, 0, false, at, false, '', '', '', '', false, '', 'new',
    'public-' || g, 'label-' || g, '', ''
FROM (SELECT g, now() - interval '1 hour' - (%(receipts)s - g + random()) / %(receipts)s
    * interval '%(days)s days' AS at FROM generate_series(1, %(receipts)s) AS g) AS drawn
"""

# Works of a receipt follow each other within its first five days, those of the newest until now.
WORKS: Final = """
INSERT INTO receipts_operation (id, void_reason, receipt_id, type_id, employee_id, performed_at,
    comment, by_polishing)
SELECT r.id * 8 + k, '', r.id, (%(types)s::bigint[])[1 + (r.id + k) %% %(kinds)s],
    (%(people)s::bigint[])[1 + floor(random() * %(heads)s)::int],
    least(r.received_at + (k + random()) * interval '20 hours', now() - interval '1 minute'),
    '', false
FROM receipts_receipt r, generate_series(0, %(last)s) AS k
"""

CHECKS: Final = """
INSERT INTO receipts_qualitycheck (id, void_reason, receipt_id, opened_at, decision, decided_at,
    water_result)
SELECT id * 4, '', id, received_at + interval '6 days',
    CASE WHEN id %% 20 < 3 THEN 'returned' ELSE 'passed' END, received_at + interval '6 days', ''
FROM receipts_receipt WHERE received_at < now() - interval '6 days' AND status = 'issued'
UNION ALL
SELECT id * 4 + 1, '', id, received_at + interval '9 days',
    CASE WHEN id %% 20 = 0 THEN 'returned' ELSE 'passed' END, received_at + interval '9 days', ''
FROM receipts_receipt
WHERE received_at < now() - interval '9 days' AND status = 'issued' AND id %% 20 < 3
"""

CASES: Final = """
INSERT INTO receipts_returncase (id, void_reason, receipt_id, quality_check_id, returned_at,
    comment, assembler_id)
SELECT id, '', receipt_id, id, decided_at, '',
    (%(people)s::bigint[])[1 + floor(random() * %(heads)s)::int]
FROM receipts_qualitycheck WHERE decision = 'returned'
"""

# One item of each return answers a work, a third of them have another one that nobody does.
ITEMS: Final = """
INSERT INTO receipts_returnitem (id, return_case_id, reason_id, reason_name, affects_id,
    affects_name, rule, responsibility, responsible_id, cause, operation_id, person_comment)
SELECT c.id, c.id, reason.id, '', o.type_id, '', reason.rule, 'person', o.employee_id, '', o.id, ''
FROM receipts_returncase c
JOIN receipts_operation o ON o.id = c.receipt_id * 8 + c.receipt_id %% %(each)s
CROSS JOIN LATERAL (SELECT id, rule FROM receipts_returnreason
    ORDER BY (id * 7 + c.id) %% 11, id LIMIT 1) AS reason
UNION ALL
SELECT c.id + 1000000000, c.id, reason.id, '', reason.affects_id, '', reason.rule,
    CASE WHEN c.id %% 2 = 0 THEN 'undecided' ELSE 'not_ours' END, NULL, '', NULL, ''
FROM receipts_returncase c
CROSS JOIN LATERAL (SELECT id, rule, affects_id FROM receipts_returnreason
    ORDER BY (id * 7 + c.id) %% 11 DESC, id DESC LIMIT 1) AS reason
WHERE c.receipt_id %% 3 = 0
"""

# A work of the hit type after the return: by the same person or by another one.
REWORKS: Final = """
INSERT INTO receipts_operation (id, void_reason, receipt_id, type_id, employee_id, performed_at,
    comment, by_polishing, rework_of_id)
SELECT o.id - o.id %% 8 + 6 + c.id %% 4 %% 2, '', o.receipt_id, o.type_id,
    CASE WHEN c.receipt_id %% 2 = 0 THEN o.employee_id ELSE (%(people)s::bigint[])[1] END,
    c.returned_at + interval '1 day', '', false, c.id
FROM receipts_returncase c JOIN receipts_operation o
    ON o.id = c.receipt_id * 8 + c.receipt_id %% %(each)s
WHERE c.returned_at < now() - interval '1 day'
"""


def fill(works: int) -> None:
    """The rows, on a fresh migrated database that Django is set up on."""
    from django.db import connection

    from receipts.models import OperationType
    from staff import roles
    from staff.services.people import add_employee
    from workshop.lib.actor import system_actor

    actor = system_actor("benchmark", silent=True)
    people = [
        add_employee(
            full_name=f"Мастер {number:02}",
            roles=[roles.MASTER, roles.INSPECTOR],
            telegram_id=60_001 + number,
            actor=actor,
        ).object.pk
        for number in range(PEOPLE)
    ]
    types = list(OperationType.objects.order_by("pk").values_list("pk", flat=True))
    values = {
        "receipts": works // EACH,
        "days": 365 * YEARS,
        "people": people,
        "heads": PEOPLE,
        "types": types,
        "kinds": len(types),
        "last": EACH - 1,
        "each": EACH,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET session_replication_role = replica")  # no check of each reference
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SELECT setseed(0.001)")
        with _without_indexes(cursor):
            for statement in (RECEIPTS, WORKS, CHECKS, CASES, ITEMS, REWORKS):
                began = time.monotonic()
                cursor.execute(statement, values)
                say(f"{cursor.rowcount} rows, {time.monotonic() - began:.0f} s")
                if statement is WORKS:
                    # What follows looks works up by their number.
                    cursor.execute("CREATE INDEX p5_works ON receipts_operation (id)")
                    cursor.execute("ANALYZE receipts_operation")
            cursor.execute("DROP INDEX p5_works")
        for table in TABLES:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE)")
    connection.close()


@contextlib.contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Plain indexes of the big tables are made afterwards, in one go each."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [list(TABLES)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    began = time.monotonic()
    for _name, definition in found:
        cursor.execute(definition)
    say(f"{len(found)} indexes, {time.monotonic() - began:.0f} s")


def build() -> None:
    """Bring the roll-ups up to date by the product's own refresher."""
    from django.db import connection

    from analytics.models import RollupState
    from analytics.services import rollups
    from workshop.lib import clock

    while rollups.refresh(at=clock.now()).left:
        pass
    if not RollupState.objects.get().complete:
        raise RuntimeError("the roll-ups are not complete")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def name_of(works: int) -> str:
    """The database that is kept for later runs."""
    return f"p5_{works}_1_{FORM}"


def on(server: str, name: str) -> str:
    """The address of a database on the server of another address."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.p5_world", description=__doc__)
    parser.add_argument("--works", type=int, default=HISTORY)
    wanted = parser.parse_args()
    server = os.environ["TEST_DATABASE_URL"]
    name = name_of(wanted.works)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}_unready"')
        connection.execute(f'CREATE DATABASE "{name}_unready"')
    with tempfile.TemporaryDirectory() as folder:
        _make(on(server, f"{name}_unready"), Path(folder), wanted.works)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}_unready" RENAME TO "{name}"')
    say(name)


def _make(url: str, folder: Path, works: int) -> None:
    prepare_environment(url, folder)
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0, stdout=sys.stderr)
    fill(works)
    if works > BY_ITSELF:
        p5_rollups.build()
    else:
        build()
    connections.close_all()


if __name__ == "__main__":
    main()
