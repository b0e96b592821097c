"""R4, `make faults-reminders`: a virtual quarter of reminders under faults, against an oracle.

    python -m tests.faults.reminders [--seeds 1-5] [--receipts 2000] [--faults 100] [--aimed 100]

Each seed is a quarter of its own; five of them are 10 000 receipts and 500 faults. Prints one JSON
object; exit code 0 when nothing was lost, nothing was told that should not have been, 99.9 % came
exactly once and in time. What does not fit into the time is left after a whole seed: `resume`.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

from tests.faults.setup import Place, finish, say, throwaway, versions

TIME = 6 * 60.0  # seconds; no seed is begun after them
RECEIPTS, FAULTS, DAYS = 2000, 100, 91
GOAL = 0.999
# Each aimed kill between sending and writing down is one message twice: only the rest is judged.
AIMED_GOAL = 0.9


def main() -> None:
    wanted = _arguments()
    with throwaway() as place:
        result = _run(place, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.reminders")
    parser.add_argument("--seeds", default="1-5", help="a range of seeds, 1-5")
    parser.add_argument("--receipts", type=int, default=RECEIPTS, help="of each seed")
    parser.add_argument("--faults", type=int, default=FAULTS, help="of each seed")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument(
        "--aimed",
        type=int,
        default=0,
        help="per cent of the kills and cuts that strike between two steps instead of at random",
    )
    parser.add_argument("--time", type=float, default=TIME, help="no seed is begun after seconds")
    parser.add_argument("--small", action="store_true", help="a twentieth, for every change")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.seeds, wanted.receipts, wanted.faults, wanted.days = "1-1", 100, 25, 20
        wanted.aimed = 100
    first, _dash, last = wanted.seeds.partition("-")
    wanted.range = list(range(int(first), int(last or first) + 1))
    return wanted


def _run(place: Place, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults.judging import Verdict
    from tests.faults.reminder_run import Run

    started = time.monotonic()
    rest, done = list(wanted.range), []
    verdict = Verdict(goal=AIMED_GOAL if wanted.aimed else GOAL)
    while rest and (not done or time.monotonic() - started < wanted.time):
        seed = rest.pop(0)
        begun = time.monotonic()
        one = Run(random.Random(seed), wanted.receipts, wanted.faults, wanted.days, wanted.aimed)
        found = one.judged()
        say(f"seed {seed}: {found.short()} in {time.monotonic() - begun:.0f} s")
        verdict.add(found)
        done.append(seed)
    result = {
        "name": "faults-reminders",
        "met": verdict.met and not rest,
        **verdict.as_json(),
        "runs": len(done),
        "seeds": done,
        "receipts": wanted.receipts * len(done),
        "faults": wanted.faults * len(done),
        "days": wanted.days,
        "aimed": wanted.aimed,
        "seconds": round(time.monotonic() - started),
        "database": place.vendor,
        "versions": versions(place.vendor),
    }
    return result | ({"resume": f"--seeds {rest[0]}-{rest[-1]}"} if rest else {})


if __name__ == "__main__":
    main()
