"""`make fuzz-inputs`: bad inputs at every door have no effect, and are answered with a reason.

    python -m tests.fuzz.inputs [--count 100000] [--seed 1] [--begin 0] [--doors api] [--small]

A fresh database with invented data; requests to the API, texts and callbacks at the bot, forms and
lists of the office, files for imports and photos, and updates for a running webhook. Input number
n of a door is the same for the same seed, whatever was sent before it; what does not fit into the
time is named by `resume`. Prints one JSON object; exit code 0 when nothing was answered with 5xx
or raised, no input was given up by the bot, nothing was accepted or written, every refusal named
its field, and all were in Russian.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tests.faults.setup import Place, finish, say, throwaway, versions
from tests.fuzz.judge import Fault

COUNT, SMALL = 100_000, 900
SECONDS: Final = 520
# Of all inputs.
SHARES: Final = {
    "api": 0.40, "forms": 0.14, "texts": 0.15, "callbacks": 0.15, "files": 0.04, "updates": 0.12,
}  # fmt: skip
KINDS: Final = ("server_errors", "given_up", "effects", "accepted", "untold", "english")


class Door(Protocol):
    """A way in; what it says of an input is what was wrong about the answer."""

    name: str

    def send(self, draw: random.Random) -> Iterator[Fault]: ...


@dataclass
class Tally:
    faults: Counter[str] = field(default_factory=Counter)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def note(self, door: str, number: int, fault: Fault) -> None:
        """Count it; the first of its sort is told at once."""
        self.faults[fault.kind] += 1
        sort = f"{door} {fault.kind} {fault.told[:60]}"
        if sort not in self.details:
            self.details[sort] = f"{door} {number} {fault.kind}: {fault.told}"[:500]
            say(self.details[sort])


def main() -> None:
    wanted = _arguments()
    with throwaway(sqlite=wanted.sqlite) as place:
        result = _run(place, wanted)
        result["versions"] = versions(place.vendor)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.inputs")
    parser.add_argument("--count", type=int, default=COUNT, help="inputs of all doors together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--begin", type=float, default=0.0, help="the part of each door that is done"
    )
    parser.add_argument("--doors", default=",".join(SHARES))
    parser.add_argument("--seconds", type=int, default=SECONDS, help="no further piece after that")
    parser.add_argument("--small", action="store_true", help="for every change")
    parser.add_argument("--sqlite", action="store_true")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.count = SMALL
    return wanted


PIECES: Final = 20  # each door in turn gets a twentieth of its inputs


def _run(place: Place, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.fuzz.bed import Bed, effects

    started, tally = time.monotonic(), Tally()
    names = wanted.doors.split(",")
    piece = round(wanted.begin * PIECES)
    with Bed(place) as bed:
        doors = {name: bed.door(name) for name in names}
        while piece < PIECES:
            for name in names:
                _piece(doors[name], piece, wanted, tally, effects(bed))
            piece += 1
            say(f"{piece}/{PIECES} {dict(tally.faults)}")
            if time.monotonic() - started > wanted.seconds:
                break
        wrong = bed.history_findings()
    runs = sum(part["runs"] for part in tally.parts.values())
    result = {
        "name": "fuzz-inputs",
        "met": not (tally.faults or wrong) and piece == PIECES,
        "runs": runs,
        **{kind: tally.faults[kind] for kind in KINDS},
        "history_findings": wrong,
        "details": list(tally.details.values())[:40],
        "parts": tally.parts,
        "seeds": [wanted.seed],
        "seconds": round(time.monotonic() - started, 1),
        "database": place.vendor,
    }
    return result | ({"resume": f"--begin {piece / PIECES}"} if piece < PIECES else {})


def _piece(door: Door, piece: int, wanted: argparse.Namespace, tally: Tally, effects: Any) -> None:
    """Inputs of one door; a change is told with the input it came after."""
    count = round(wanted.count * SHARES[door.name])
    numbers = range(count * piece // PIECES, count * (piece + 1) // PIECES)
    began, part = time.monotonic(), tally.parts.setdefault(door.name, {"runs": 0, "seconds": 0.0})
    for number in numbers:
        draw = random.Random(f"{wanted.seed} {door.name} {number}")
        for fault in (*door.send(draw), *effects.new()):
            tally.note(door.name, number, fault)
    for fault in (*getattr(door, "settle", list)(), *effects.of_tables()):
        tally.note(door.name, numbers.stop, fault)
    part["runs"] += len(numbers)
    part["seconds"] = round(part["seconds"] + time.monotonic() - began, 1)


if __name__ == "__main__":
    main()
