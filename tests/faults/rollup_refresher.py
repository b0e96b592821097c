"""A refresher that stops at one of its statements, inside of its transaction, to be killed there.

    python -m tests.faults.rollup_refresher STATEMENT

Prints the statement at which it waits; 0: it works like the job, every half second.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import django


def main() -> None:
    stop_at = int(sys.argv[1])
    django.setup()
    from django.db import connection

    from analytics.models import Mark
    from analytics.services import rollups
    from workshop.lib import clock

    while not stop_at:
        rollups.refresh(at=clock.now())
        time.sleep(0.5)
    while not Mark.objects.exists():
        time.sleep(0.05)
    seen = 0

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        answer = execute(sql, params, many, context)
        if connection.in_atomic_block:
            seen += 1
            if seen == stop_at:
                sys.stdout.write(f"{sql[:60]}\n")
                sys.stdout.flush()
                time.sleep(3600)
        return answer

    with connection.execute_wrapper(watch):
        while True:
            rollups.step(at=clock.now())
            time.sleep(0.05)


if __name__ == "__main__":
    main()
