"""`make faults-bot`: the bot under kill -9, redelivery and simultaneous presses.

    python -m tests.faults.bot [--kills 20] [--backlog 500] [--seeds 1-3] [--small] [--parts kills]

Prints one JSON object; exit code 0 when nothing was lost, nothing happened twice, no kill made
more than one duplicate message and every loser was told. A range of seeds that does not fit into
the time is left at a whole seed: `resume` names the rest.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

from tests.faults.setup import Place, Simulator, finish, say, throwaway, versions

TIME = 8 * 60.0  # seconds; no run is begun after them
PARTS = ("kills", "pairs", "taps")
KILLS, BACKLOG, PAIRS, TAPS = 20, 500, 300, 300


def main() -> None:
    wanted = _arguments()
    with throwaway() as place:
        result = _run(place, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bot")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--backlog", type=int)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--taps", type=int)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", default="1-1", help="a range of seeds, 1-10")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--small", action="store_true", help="a twentieth, for every change")
    wanted = parser.parse_args()
    divide = 20 if wanted.small else 1
    for name, full in (("kills", KILLS), ("backlog", BACKLOG), ("pairs", PAIRS), ("taps", TAPS)):
        if getattr(wanted, name) is None:
            setattr(wanted, name, full // divide)
    first, _dash, last = wanted.seeds.partition("-")
    wanted.range = (
        [wanted.seed]
        if wanted.seed is not None
        else list(range(int(first), int(last or first) + 1))
    )
    return wanted


def _run(place: Place, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.cast import make_cast

    started = time.monotonic()
    cast = make_cast()
    parts: dict[str, Any] = {}
    done: list[int] = []
    for seed in wanted.range:
        if done and time.monotonic() - started > TIME:
            break
        say(f"seed {seed}")
        parts[str(seed)] = _one_seed(place, cast, seed, wanted)
        done.append(seed)
    rest = wanted.range[len(done) :]
    return _summary(place, parts, done, rest)


def _one_seed(place: Place, cast: Any, seed: int, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults import kills

    chosen = wanted.parts.split(",")
    found: dict[str, Any] = {}
    if "kills" in chosen:
        with Simulator(place) as simulator:
            run = kills.Run(place, simulator, cast, random.Random(seed), seed)
            found["kills"] = kills.run_kills(run, backlog=wanted.backlog, kills=wanted.kills)
            found["kills"]["met"] = kills.sound(found["kills"])
    return found


def _summary(
    place: Place, parts: dict[str, Any], done: list[int], rest: list[int]
) -> dict[str, Any]:
    each = [part for one in parts.values() for part in one.values()]

    def total(name: str) -> int:
        return sum(part.get(name, 0) for part in each)

    result = {
        "name": "faults-bot",
        "lost": total("lost"),
        "double": total("double"),
        "duplicates": total("duplicates"),
        "runs": total("kills") + total("races"),
        "seeds": done,
        "met": all(part["met"] for part in each) and not rest,
        "database": place.vendor,
        "versions": versions(place.vendor),
        "parts": parts,
    }
    return result | ({"resume": f"--seeds {rest[0]}-{rest[-1]}"} if rest else {})


if __name__ == "__main__":
    main()
