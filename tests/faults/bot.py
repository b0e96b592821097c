"""`make faults-bot`: the bot under kill -9, redelivery and simultaneous presses.

    python -m tests.faults.bot [--kills 20] [--backlog 500] [--seeds 1-3] [--small] [--parts kills]

Prints one JSON object; exit code 0 when nothing was lost, nothing happened twice, no kill left
more than one duplicate message, each of them was marked, and every loser was told. What does not
fit into the time is left after a whole part: `resume` names the rest.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.faults.setup import Place, Simulator, finish, say, throwaway, versions

if TYPE_CHECKING:
    from tests.cast import Cast

TIME = 6 * 60.0  # seconds; no part is begun after them
PARTS = ("kills", "takeover", "pairs", "doors", "taps")
KILLS, BACKLOG, PAIRS, TAPS, TAKEOVERS = 20, 600, 300, 300, 20


def main() -> None:
    wanted = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process is left behind
    with throwaway() as place:
        result = _run(place, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bot")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--backlog", type=int)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--taps", type=int)
    parser.add_argument("--takeovers", type=int)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", default="1-1", help="a range of seeds, 1-10")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--small", action="store_true", help="a twentieth, for every change")
    wanted = parser.parse_args()
    divide = 20 if wanted.small else 1
    sizes = {"kills": KILLS, "backlog": BACKLOG, "pairs": PAIRS, "taps": TAPS,
             "takeovers": TAKEOVERS}  # fmt: skip
    for name, full in sizes.items():
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
    """Seed by seed and part by part, as long as there is time; at least one of them."""
    from tests.cast import make_cast

    started = time.monotonic()
    cast = make_cast()
    found: dict[str, Any] = {}
    rest = [(seed, part) for seed in wanted.range for part in _parts(place, wanted)]
    while rest and (not found or time.monotonic() - started < TIME):
        seed, part = rest.pop(0)
        say(f"seed {seed}: {part}")
        found[f"{part} {seed}"] = _one(place, cast, seed, part, wanted)
    return _summary(place, found, rest)


def _parts(place: Place, wanted: argparse.Namespace) -> list[str]:
    parts: list[str] = wanted.parts.split(",")
    if place.vendor != "postgresql" and "takeover" in parts:
        say("takeover is left out: it stops steps by row locks, which SQLite has not")
        parts.remove("takeover")
    return parts


def _one(
    place: Place, cast: Cast, seed: int, part: str, wanted: argparse.Namespace
) -> dict[str, Any]:
    from tests.faults import kills, pairs, takeover, taps

    started = time.monotonic()
    if part == "kills":
        with Simulator(place) as simulator:
            run = kills.Run(place, simulator, cast, random.Random(seed), seed)
            result = kills.run_kills(run, backlog=wanted.backlog, kills=wanted.kills)
        sound = kills.sound(result)
    elif part in {"pairs", "doors"}:
        doors = part == "doors"
        result = pairs.run_pairs(cast, pairs=wanted.pairs, seed=seed, doors=doors)
        sound = pairs.sound(result)
    elif part == "takeover":
        result = takeover.run_takeovers(place, cast, rounds=wanted.takeovers, seed=seed)
        sound = takeover.sound(result, in_time=wanted.takeovers >= len(takeover.MODES))
    elif part == "taps":
        result = taps.run_taps(cast, buttons=wanted.taps, seed=seed)
        sound = taps.sound(result)
    else:
        raise SystemExit(f"there is no part {part!r}; known: {', '.join(PARTS)}")
    return {"met": sound, "seconds": round(time.monotonic() - started), **result}


def _summary(place: Place, parts: dict[str, Any], rest: list[tuple[int, str]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(part.get(name, 0) for part in parts.values())

    result = {
        "name": "faults-bot",
        "met": all(part["met"] for part in parts.values()) and not rest,
        "lost": total("lost"),
        "double": total("double"),
        "duplicates": total("duplicates"),
        "runs": total("kills") + total("races"),
        "seeds": sorted({int(name.split()[1]) for name in parts}),
        "database": place.vendor,
        "versions": versions(place.vendor),
        "parts": parts,
    }
    return result | ({"resume": _resume(rest)} if rest else {})


def _resume(rest: list[tuple[int, str]]) -> list[str]:
    """The arguments that do what there was no time for, seed by seed."""
    each: dict[int, list[str]] = {}
    for seed, part in rest:
        each.setdefault(seed, []).append(part)
    return [f"--seed {seed} --parts {','.join(names)}" for seed, names in each.items()]


if __name__ == "__main__":
    main()
