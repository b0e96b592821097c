"""`make faults-stop`: site, bot, worker and scheduler are asked to end while all of them work.

    python -m tests.faults.stopping [--stops 100] [--seed 1] [--seconds 480] [--small]

Programs write over the API, people press in the bot, an import runs, webhooks leave, jobs fall due
every second. Again and again one program, drawn by the seed, gets SIGTERM at a random instant,
sometimes while it still starts, and is started again when it has ended. Nothing may be lost, done
twice or sent twice, no request may be cut that the site had begun, each end takes at most 30
seconds, and its exit code is clean. Prints one JSON object; what did not fit into the time is
named by `resume`. Exit code 0 when the goal is met.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from collections import Counter
from typing import Any, Final

from tests.faults.setup import Place, Simulator, finish, say, throwaway, versions

STOPS, SECONDS = 100, 480
LONGEST: Final = 30.0  # seconds, the goal
EARLY: Final = 0.1  # share of the signals that meet a program while it starts
PEOPLE, CALLERS, ROWS = 30, 3, 4_000


def main() -> None:
    wanted = _arguments()
    from tests.faults.webhooks import Receiver, _environment

    with (
        _environment(),
        throwaway() as place,
        Simulator(place) as messenger,
        Receiver() as receiver,
    ):
        result = _run(place, messenger, receiver, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.stopping")
    parser.add_argument("--stops", type=int, default=STOPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="no further stop after that")
    parser.add_argument("--small", action="store_true", help="each program once")
    wanted = parser.parse_args()
    wanted.people, wanted.callers, wanted.rows = PEOPLE, CALLERS, ROWS
    if wanted.small:
        wanted.stops, wanted.people, wanted.callers, wanted.rows = 4, 4, 1, 200
    return wanted


def _run(
    place: Place, messenger: Simulator, receiver: Any, wanted: argparse.Namespace
) -> dict[str, Any]:
    from tests.faults import stopping_load

    began = time.monotonic()
    rng = random.Random(wanted.seed)
    world = stopping_load.World(place, messenger, receiver, rng, wanted)
    ends = _stops(world, rng, wanted, until=began + wanted.seconds)
    found = world.count()
    by_program = Counter(one["program"] for one in ends)
    slowest = max((one["seconds"] for one in ends), default=0.0)
    unclean = [one for one in ends if not one["clean"]]
    result = {
        "name": "faults-stop",
        "runs": len(ends),
        "seeds": [wanted.seed],
        **found,
        "slowest_s": slowest,
        "slowest_of_each": {
            name: max(one["seconds"] for one in ends if one["program"] == name)
            for name in sorted(by_program)
        },
        "stops_of_each": dict(sorted(by_program.items())),
        "unclean": unclean[:10],
        "seconds": round(time.monotonic() - began),
        "load": round(os.getloadavg()[0], 1),
        "database": place.vendor,
        "versions": versions(place.vendor),
    }
    wrong = ("lost", "double", "duplicates", "cut", "errors", "history_findings")
    # A small run is one of many on its machine: its seconds are told and not judged.
    in_time = wanted.small or slowest <= LONGEST
    right = not any(found[name] for name in wrong) and not unclean and in_time
    if len(ends) < wanted.stops:
        result["resume"] = f"--seed {wanted.seed + 1} --stops {wanted.stops - len(ends)}"
    return {**result, "met": right and bool(ends)}


def _stops(world: Any, rng: random.Random, wanted: Any, *, until: float) -> list[dict[str, Any]]:
    """One program after the other, each as often as the others; the rest works on."""
    names = list(world.programs)
    order = [names[number % len(names)] for number in range(wanted.stops)]
    rng.shuffle(order)
    ends: list[dict[str, Any]] = []
    with world.at_work():
        for name in order:
            # Now and then once more, in the midst of its start.
            again = not wanted.small and rng.random() < EARLY
            for early in (False, True) if again else (False,):
                if time.monotonic() > until or len(ends) >= wanted.stops:
                    return ends
                ends.append(_stop(world, name, rng, early=early))
                say(f"{len(ends)} of {wanted.stops}: {ends[-1]}")
    return ends


def _stop(world: Any, name: str, rng: random.Random, *, early: bool) -> dict[str, Any]:
    """SIGTERM at a random instant; the program runs again afterwards."""
    if not early:
        world.wait_ready(name)
    time.sleep(rng.uniform(0.0, 2.0))
    seconds, code = world.programs[name].stop(LONGEST * 2)
    world.programs[name].start()
    # Before its own handler stands, SIGTERM ends a process by itself: it had nothing yet.
    clean = code == 0 or (early and code == -signal.SIGTERM)
    return {
        "program": name,
        "early": early,
        "seconds": round(seconds, 1),
        "code": code,
        "clean": clean,
    }


if __name__ == "__main__":
    main()
