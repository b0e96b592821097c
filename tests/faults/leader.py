"""`make faults-leader`: of two schedulers the leading one is killed, again and again.

    python -m tests.faults.leader [--seeds 1-5] [--kills 10] [--parts machines,same,twice,restarts]
        [--sqlite] [--broker URL]

`machines`: two schedulers that believe to be on two machines, so that a lease has to run out;
`same`: on one machine; `twice`: two schedulers that both lead; `restarts`: the database goes away.
Meanwhile snapshots of the numbers are taken every minute, and kills wait for their slots. Five
seeds are 50 leaders killed; what does not fit into the time is named by `resume`. Prints one JSON
object; exit code 0 when every slot of the jobs was run exactly once, every slot of the snapshots
has exactly one, and another scheduler led within 20 seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from typing import Any

from tests.faults.setup import Place, finish, say, throwaway, versions

PARTS = ("machines", "same", "twice", "restarts")
KILLS, SAME, SECONDS, RESTARTS = 10, 2, 10.0, 2  # of one seed
TIME = 6 * 60.0  # seconds; no part is begun after them


def main() -> None:
    wanted = _arguments()
    # Both end in order, also where a shell has the first ignored: no process is left behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
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
    parser.add_argument("--seeds", help="a range of seeds; without it 1-5, small ones 1")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--broker", default="", help="its URL; without it files")
    parser.add_argument(
        "--small", action="store_true", help="for every change: seconds are not judged"
    )
    wanted = parser.parse_args()
    wanted.parts = wanted.parts.split(",")
    first, _dash, last = (wanted.seeds or ("1" if wanted.small else "1-5")).partition("-")
    wanted.seeds = range(int(first), int(last or first) + 1)
    os.environ["FAULTS_BROKER"] = wanted.broker
    if unknown := set(wanted.parts) - set(PARTS):
        raise SystemExit(f"there is no part {unknown}; known: {', '.join(PARTS)}")
    return wanted


def _run(place: Place, server: Any, wanted: argparse.Namespace) -> dict[str, Any]:
    """Part by part and seed by seed, as long as there is time; at least one of them."""
    started = time.monotonic()
    found: dict[str, Any] = {}
    rest = [
        (part, seed)
        for part in wanted.parts
        for seed in wanted.seeds
        if part != "restarts" or server is not None
    ]
    while rest and (not found or time.monotonic() - started < TIME):
        part, seed = rest.pop(0)
        say(f"{part}, seed {seed}")
        found[f"{part} {seed}"] = _one(place, server, part, seed, wanted)
    return _summary(place, wanted, found, rest)


def _one(
    place: Place, server: Any, part: str, seed: int, wanted: argparse.Namespace
) -> dict[str, Any]:
    from tests.faults import leading

    started, small = time.monotonic(), wanted.small
    leading.prepare()
    if part in {"machines", "same"}:
        usual = KILLS if part == "machines" else SAME
        kills = wanted.kills or (min(usual, 2) if small else usual)
        near = 0.0 if small else leading.NEAR
        found = leading.kill_leaders(
            place, kills=kills, seed=seed, machines=part == "machines", near=near
        )
    elif part == "twice":
        found = leading.lead_twice(place, seconds=3.0 if small else SECONDS)
    else:
        restarts = wanted.restarts or (1 if small else RESTARTS)
        found = leading.restart_database(place, server, restarts=restarts, seed=seed)
    met = leading.sound(found, in_time=not small)
    return {"met": met, "seconds": round(time.monotonic() - started), **found}


def _summary(
    place: Place, wanted: argparse.Namespace, parts: dict[str, Any], rest: list[tuple[str, int]]
) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(part.get(name, 0) for part in parts.values())

    result = {
        "name": "faults-leader",
        "met": all(part["met"] for part in parts.values()) and not rest,
        "lost": total("lost"),
        "double": total("double"),
        "duplicates": total("runs_repeated"),
        "runs": total("kills") + total("restarts"),
        "snapshots": total("snapshots"),
        "seeds": sorted({int(name.split()[1]) for name in parts}),
        "database": place.vendor,
        "broker": wanted.broker.partition(":")[0] or "filesystem",
        "versions": versions(place.vendor),
        "parts": parts,
    }
    resume = [f"--parts {part} --seeds {seed}" for part, seed in rest]
    return result | ({"resume": resume} if resume else {})


if __name__ == "__main__":
    main()
