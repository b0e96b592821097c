"""`manage.py migrate`: Django's own, beside programs that go on working.

A change of a table waits for whoever uses the table, and everybody else waits behind it. So it
waits for half a second, lets them all pass, and tries again. Building takes as long as it takes.
"""

from __future__ import annotations

import random
import time
from typing import Any, Final

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections

from workshop.lib.session import limits

WAIT: Final = 0.5
"""Seconds a change of a table waits for its lock, with everybody else behind it."""
PATIENCE: Final = 600.0
"""Seconds after which no further try is made."""
PAUSE: Final = (0.5, 2.0)
AGAIN: Final = frozenset({"55P03", "40P01"})  # the lock was not to be had, or a deadlock


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            super().handle(*args, **options)
            return
        until = time.monotonic() + PATIENCE
        with limits(connection, lock_timeout=WAIT, statement_timeout=0):
            while not self._tried(*args, **options):
                if time.monotonic() > until:
                    raise CommandError(
                        f"A table was in use for {PATIENCE:.0f} s on end. What was migrated before "
                        "it stays; run the same command again when less is going on."
                    )
                time.sleep(random.uniform(*PAUSE))  # noqa: S311

    def _tried(self, *args: Any, **options: Any) -> bool:
        """Whether it was done. What was migrated before a table in use need not be done again."""
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in AGAIN:
                raise
            self.stderr.write("A table is in use. Trying again.")
            return False
        return True
