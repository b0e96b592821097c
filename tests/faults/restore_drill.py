"""`make drill-restore`: a workshop of some size is lost and comes back from its backup.

    python -m tests.faults.restore_drill [--receipts 100000] [--sqlite] [--small]

So many receipts with customers, watches, works and decisions are imported, and their numbers are
counted. Then: an encrypted
backup, made while people work; a restore into an empty database with all its checks (the history,
the receipts and the numbers are as their events say); somebody signs in to the office and the
inspector registers a watch in the bot. Prints one JSON object with sizes and times; exit code 0
when everything was there again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from benchmarks.p8_table import WRONG_EACH, workbook
from tests.faults.backups import PASSWORD, Drill, _manage
from tests.faults.setup import finish, say, throwaway, versions

RECEIPTS, SMALL = 100_000, 200


class Large(Drill):
    """The same drill with a large history, and without damaged backups."""

    def _fill(self) -> None:
        from django.contrib.auth.models import User
        from django.core.management import call_command

        from integrations.data_jobs import run_waiting
        from integrations.services.imports import bring

        User.objects.create_superuser("owner", password=PASSWORD)
        rows = self.receipts * WRONG_EACH // (WRONG_EACH - 1) + 1  # one in a hundred is wrong
        actor = self.cast.actor("anna", "admin")
        content = workbook(rows, self.seed)
        bring(subject="receipts", content=content, then="import", actor=actor)
        run_waiting()
        call_command("rebuild_rollups", stdout=sys.stderr, stderr=sys.stderr)

    def run(self) -> dict[str, Any]:
        from history.backups import sealing
        from history.models import Event

        public, secret = sealing.new_keys()
        began = time.monotonic()
        self._fill()
        filled = time.monotonic()
        say(f"{self.receipts} receipts after {filled - began:.0f} s")
        made = self._make(public)
        backed_up = time.monotonic()
        with self._empty_place() as empty:
            environment = empty | {"BACKUP_IDENTITY": secret}
            done = _manage(environment, "restore", str(made))
            restored = time.monotonic()
            say(done.stdout[-600:] + done.stderr[-600:])
            used = self._use(environment) if done.returncode == 0 else {}
        met = used.get("office") == 200 and used.get("pressed") == 1
        met = met and used.get("receipts", 0) >= self.receipts
        return {
            "met": met,
            "lost": 0 if met else 1,
            "double": max(0, used.get("pressed", 0) - 1),
            "duplicates": 0,
            "runs": 1,
            "seeds": [self.seed],
            "database": self.place.vendor,
            "receipts": self.receipts,
            "events": Event.objects.count(),
            "size_mb": round(made.stat().st_size / 2**20, 1),
            "database_mb": _size(),
            "fill_s": round(filled - began, 1),
            "backup_s": round(backed_up - filled, 1),
            "restore_with_checks_s": round(restored - backed_up, 1),
            "used": used,
            "seconds": round(time.monotonic() - began),
            "load": round(os.getloadavg()[0], 1),
            "versions": versions(self.place.vendor),
        }


def _size() -> float:
    """MiB of the database that was lost."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return round(float(cursor.fetchone()[0]) / 2**20, 1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.restore_drill")
    parser.add_argument("--receipts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--small", action="store_true")
    wanted = parser.parse_args()
    receipts = wanted.receipts or (SMALL if wanted.small else RECEIPTS)
    with throwaway(sqlite=wanted.sqlite) as place:
        result = Large(place, receipts, wanted.seed, small=True).run()
    finish({"name": "drill-restore", **result}, met=result["met"])


if __name__ == "__main__":
    main()
