"""`make faults-jobs`: worker, beat, bot, Redis and PostgreSQL go away while notices fall due.

    python -m tests.faults.jobs [--rounds 3] [--seed 1]
        [--faults worker,beat,bot,flush,redis,postgres]

Prints one JSON object; exit code 0 when every notice arrived within 90 seconds after the fault and
no effect happened twice. Without servers of its own it leaves their faults out and says so.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time
from typing import Any

from tests.faults.setup import Place, Simulator, finish, say, throwaway, versions

FAULTS = ("worker", "beat", "bot", "flush", "redis", "postgres")
ROUNDS = 3


def main() -> None:
    wanted = _arguments()
    from tests.faults import programs
    from workshop.local_services import Unavailable

    with contextlib.ExitStack() as stack:
        server = redis = None
        try:
            if "postgres" in wanted.faults:
                server = stack.enter_context(programs.Postgres())
            if {"redis", "flush"} & set(wanted.faults):
                redis = stack.enter_context(programs.Redis())
        except Unavailable as error:
            say(f"left out: {error}")
        gone = {"postgres"} if server is None else set()
        gone |= {"redis", "flush"} if redis is None else set()
        wanted.faults = [fault for fault in wanted.faults if fault not in gone]
        place = stack.enter_context(throwaway(server=server.url if server else None))
        result = _run(place, server, redis, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.jobs")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="one round; seconds are not judged")
    parser.add_argument("--faults", default=",".join(FAULTS))
    wanted = parser.parse_args()
    wanted.faults = wanted.faults.split(",")
    wanted.rounds = 1 if wanted.small else wanted.rounds
    if unknown := set(wanted.faults) - set(FAULTS):
        raise SystemExit(f"there is no fault {unknown}; known: {', '.join(FAULTS)}")
    return wanted


def _run(place: Place, server: Any, redis: Any, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.cast import make_cast
    from tests.faults import falling, leading
    from workshop.lib import clock

    started = time.monotonic()
    leading.prepare()
    cast = make_cast()
    with Simulator(place) as simulator:
        rng = random.Random(wanted.seed)
        run = falling.Falling(place, simulator, cast, server, redis, rng, clock.now())
        found = falling.run_falling(run, rounds=wanted.rounds, faults=tuple(wanted.faults))
    return {
        "name": "faults-jobs",
        "met": falling.sound(found, in_time=not wanted.small),
        "runs": found["faults"],
        "seeds": [wanted.seed],
        "database": place.vendor,
        "broker": "redis" if redis else "filesystem",
        "seconds": round(time.monotonic() - started),
        "versions": versions(place.vendor),
        **found,
    }


if __name__ == "__main__":
    main()
