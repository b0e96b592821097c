"""`make faults-upgrades`: from each release to the present, and one step back, with data in place.

    python -m tests.upgrades.program [--receipts 120] [--sqlite]

The last migration of each app is taken back and made again in a workshop with a history. Then its
rows are put into the schema of each release that docs/upgrades.md names, as far as that knows them,
and brought to the present as an installation does it. Whatever stood there must still be there, the
history must verify, and each receipt must be as its events say. Prints one JSON object; exit code 0
when it is so.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import Any, Final

from tests.faults.setup import ROOT, finish, say, throwaway, versions

OURS: Final = ("history", "staff", "receipts", "polishing", "analytics", "integrations", "botapp")
HEADING: Final = re.compile(r"^## (\d[\w.]*)", re.MULTILINE)
ROW: Final = re.compile(r"^\| (\w+) \| (\d{4}_\w+) \|$", re.MULTILINE)
# Filled by the programs themselves, or about the migrations.
OWN: Final = {"django_migrations", "django_content_type", "auth_permission", "workshop_cache"}
OWN_PREFIXES: Final = ("auth_group", "django_celery_beat_", "history_job")

Target = list[tuple[str, str | None]]


def releases() -> dict[str, dict[str, str]]:
    """The last migration of each app by release, as docs/upgrades.md keeps them."""
    text = (ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8")
    marks = [*HEADING.finditer(text)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return {
        mark[1]: dict(ROW.findall(text[mark.end() : end]))
        for mark, end in zip(marks, ends, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrades.program")
    parser.add_argument("--receipts", type=int, default=120)
    parser.add_argument("--sqlite", action="store_true")
    wanted = parser.parse_args()
    with throwaway(sqlite=wanted.sqlite) as place:
        result = _run(wanted.receipts)
        result |= {"database": place.vendor, "versions": versions(place.vendor)}
    finish(result, met=result["met"])


def _run(receipts: int) -> dict[str, Any]:
    from django.core.management import call_command

    from tests.upgrades import former

    began, faults = time.monotonic(), []
    call_command("seed_demo", receipts=receipts, in_bulk=True, force=True, stdout=sys.stderr)
    seconds = {}
    for app in OURS:
        started = time.monotonic()
        faults += [f"one step of {app}: {fault}" for fault in _there_and_back([_one_back(app)])]
        seconds[f"one step of {app}"] = round(time.monotonic() - started, 1)
        say(f"one step of {app} and back")
    faults += _sound()
    # Last: the tables are made anew for it.
    for name, leaves in releases().items():
        started = time.monotonic()
        faults += [f"release {name}: {fault}" for fault in former.upgrade(leaves)]
        seconds[f"release {name}"] = round(time.monotonic() - started, 1)
        say(f"release {name} and the way from it")
    faults += _sound()
    return {
        "name": "faults-upgrades",
        "met": not faults,
        "runs": len(seconds),
        "lost": len(faults),
        "double": 0,
        "faults": faults[:20],
        "receipts": receipts,
        "seconds_of_each": seconds,
        "seconds": round(time.monotonic() - began),
    }


def _one_back(app: str) -> tuple[str, str | None]:
    """The migration before the last one of an app; None: it has but one."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    graph = MigrationLoader(connection).graph
    (leaf,) = graph.leaf_nodes(app)
    before = [key for key in graph.node_map[leaf].parents if key.key[0] == app]
    return app, before[0].key[1] if before else None


def _there_and_back(target: Target) -> list[str]:
    """What is missing after a migration back to the target and forward to the present."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    before = _rows()
    # Without the seeds and triggers of the present, which an older program would not make.
    MigrationExecutor(connection).migrate(target)
    between = _rows()
    lost = {
        table: (before[table], count)
        for table, count in between.items()
        if table in before and before[table] != count
    }
    call_command("migrate", interactive=False, verbosity=0)
    after = _rows()
    missing = {
        table: (count, after.get(table, 0))
        for table, count in between.items()
        if table in before and after.get(table, 0) < count  # seeds may have come again
    }
    gone = sorted(set(before) - set(after))
    told = [f"back, {table}: {was} → {now}" for table, (was, now) in lost.items()]
    told += [f"forward, {table}: {was} → {now}" for table, (was, now) in missing.items()]
    return told + [f"no table {table}" for table in gone]


def _rows() -> dict[str, int]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table in OWN or table.startswith(OWN_PREFIXES):
                continue
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            found[table] = cursor.fetchone()[0]
    return found


def _sound() -> list[str]:
    """The records and the schema after all of it."""
    from django.core.management import CommandError, call_command

    faults = []
    for command, options in (
        ("verify_history", {}),
        ("rebuild_projections", {"check": True}),
        ("makemigrations", {"check": True, "dry_run": True}),
        ("check", {"databases": ["default"], "fail_level": "ERROR"}),
    ):
        try:
            call_command(command, stdout=sys.stderr, stderr=sys.stderr, **options)
        except (CommandError, SystemExit) as error:
            faults.append(f"{command}: {error}")
    return faults


if __name__ == "__main__":
    main()
