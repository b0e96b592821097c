"""`make faults-leader`: of two schedulers the leading one is killed, again and again.

    python -m tests.faults.leader [--kills 50] [--parts machines,same,twice,restarts]
        [--sqlite] [--broker URL]

`machines`: two schedulers that believe to be on two machines, so that a lease has to run out;
`same`: on one machine; `twice`: two schedulers that both lead; `restarts`: the database goes away.
Prints one JSON object; exit code 0 when every slot of the jobs was run exactly once and another
scheduler led within 20 seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from typing import Any

from tests.faults.setup import Place, finish, say, throwaway, versions

PARTS = ("machines", "same", "twice", "restarts")
KILLS, SAME, SECONDS, RESTARTS = 50, 10, 20.0, 10


def main() -> None:
    wanted = _arguments()
    from tests.faults import programs
    from workshop.local_services import Unavailable

    with contextlib.ExitStack() as stack:
        server = None
        if "restarts" in wanted.parts and not wanted.sqlite:
            try:
                server = stack.enter_context(programs.Postgres())
            except Unavailable as error:
                say(f"the database is not restarted: {error}")
        url = server.url if server else None
        place = stack.enter_context(throwaway(server=url, sqlite=wanted.sqlite))
        stack.callback(programs.forget_queue, wanted.broker)
        result = _run(place, server, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.leader")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--restarts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--broker", default="", help="its URL; without it files")
    parser.add_argument(
        "--small", action="store_true", help="for every change: seconds are not judged"
    )
    wanted = parser.parse_args()
    wanted.parts = wanted.parts.split(",")
    os.environ["FAULTS_BROKER"] = wanted.broker
    if unknown := set(wanted.parts) - set(PARTS):
        raise SystemExit(f"there is no part {unknown}; known: {', '.join(PARTS)}")
    return wanted


def _run(place: Place, server: Any, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults import leading

    parts: dict[str, Any] = {}
    small = wanted.small
    for part in wanted.parts:
        if part == "restarts" and server is None:
            continue
        say(part)
        started = time.monotonic()
        leading.prepare()
        if part == "machines":
            kills = wanted.kills or (2 if small else KILLS)
            found = leading.kill_leaders(place, kills=kills, seed=wanted.seed, machines=True)
        elif part == "same":
            kills = wanted.kills or (2 if small else SAME)
            found = leading.kill_leaders(place, kills=kills, seed=wanted.seed, machines=False)
        elif part == "twice":
            found = leading.lead_twice(place, seconds=3.0 if small else SECONDS)
        else:
            restarts = wanted.restarts or (1 if small else RESTARTS)
            found = leading.restart_database(place, server, restarts=restarts, seed=wanted.seed)
        seconds = round(time.monotonic() - started)
        parts[part] = {"met": leading.sound(found, in_time=not small), "seconds": seconds, **found}
    return {
        "name": "faults-leader",
        "met": all(part["met"] for part in parts.values()),
        "lost": sum(part["lost"] for part in parts.values()),
        "double": sum(part["double"] for part in parts.values()),
        "duplicates": sum(part["runs_repeated"] for part in parts.values()),
        "runs": sum(part.get("kills", 0) + part.get("restarts", 0) for part in parts.values()),
        "seeds": [wanted.seed],
        "database": place.vendor,
        "broker": wanted.broker.partition(":")[0] or "filesystem",
        "versions": versions(place.vendor),
        "parts": parts,
    }


if __name__ == "__main__":
    main()
