"""A worker of the fault run of imports: works off what waits, until it is killed.

python -m tests.faults.import_worker <rows of a chunk>
"""

from __future__ import annotations

import sys


def main() -> None:
    import django

    django.setup()
    from integrations.data_jobs import run_waiting
    from integrations.imports import running

    running.CHUNK = int(sys.argv[1])  # type: ignore[misc]
    run_waiting()


if __name__ == "__main__":
    main()
