"""R3: simultaneous presses on PostgreSQL. ``python -m tests.faults.races [--seeds 0:304]``.

Prints exactly one JSON object to stdout; everything else goes to stderr. Exit code 0 = no effect
was lost or doubled and every loser was told. A seed repeats its race; a range of seeds resumes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections import Counter
from typing import Any

from workshop import local_services

SEEDS = "0:320"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="first:after-last, default %(default)s")
    first, last = (int(part) for part in parser.parse_args().seeds.split(":"))
    with contextlib.redirect_stdout(sys.stderr), local_services.postgres() as (url, origin):
        os.environ["TEST_DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "workshop.settings.test"
        result = _run(first, last) | {"database": origin.split(",")[0]}
    sys.stdout.write(json.dumps(result, ensure_ascii=False, sort_keys=True) + "\n")
    return 0 if _goal_met(result) else 1


def _goal_met(result: dict[str, Any]) -> bool:
    return not (result["lost"] or result["double"] or result["untold"] or result["broken"])


def _run(first: int, last: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        return _races(first, last)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _races(first: int, last: int) -> dict[str, Any]:
    from tests.cast import make_cast
    from tests.races.pairs import RACES, run

    cast = make_cast()
    totals: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    broken: list[str] = []
    started = time.monotonic()
    for seed in range(first, last):
        race = RACES[seed % len(RACES)]
        verdict = run(race, cast, seed)
        parts[race.__name__] += 1
        totals.update(lost=verdict.lost, double=verdict.double, untold=verdict.untold)
        broken += [f"seed {seed} {race.__name__}: {told}" for told in verdict.broken]
        if not verdict.is_good:
            sys.stderr.write(f"seed {seed}: {race.__name__} {verdict}\n")
    return {
        "lost": totals["lost"],
        "double": totals["double"],
        "untold": totals["untold"],
        "broken": broken,
        "runs": last - first,
        "seeds": [first, last],
        "parts": dict(parts),
        "seconds": round(time.monotonic() - started, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
