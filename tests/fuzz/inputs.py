"""`make fuzz-inputs`: bad inputs at every door have no effect, and are answered with a reason.

    python -m tests.fuzz.inputs [--count 100000] [--seed 1] [--begin 0] [--end 1] [--doors api]
                                [--seconds 520] [--processes 2] [--small]

A fresh database with invented data; requests to the API, texts and callbacks at the bot, forms and
lists of the office, files for imports and photos, and updates for a running webhook. Input number
n of a door is the same for the same seed, whatever was sent before it; what does not fit into the
time is named by `resume`. Several processes share the inputs, each with a database of its own.
Prints one JSON object; exit code 0 when nothing was answered with 5xx or raised, no input was given
up by the bot, nothing was accepted or written, every refusal named its field, and all were in
Russian.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
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
    if wanted.processes > 1:
        result = _shared(wanted)
        finish(result, met=result["met"])
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
    parser.add_argument("--end", type=float, default=1.0, help="where the next process goes on")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--doors", default=",".join(SHARES))
    parser.add_argument("--seconds", type=int, default=SECONDS, help="no further piece after that")
    parser.add_argument("--small", action="store_true", help="for every change")
    parser.add_argument("--sqlite", action="store_true")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.count = SMALL
    return wanted


PIECES: Final = 20  # each door in turn gets a twentieth of its inputs


def _shared(wanted: argparse.Namespace) -> dict[str, Any]:
    """The sums of several processes, each with its share of the pieces."""
    begin, end = round(wanted.begin * PIECES), round(wanted.end * PIECES)
    count = max(1, min(wanted.processes, end - begin))
    cuts = [begin + (end - begin) * number // count for number in range(count + 1)]
    command = [sys.executable, "-m", "tests.fuzz.inputs", *sys.argv[1:], "--processes", "1"]
    running = [
        subprocess.Popen(
            [*command, "--begin", str(first / PIECES), "--end", str(last / PIECES)],
            stdout=subprocess.PIPE,
        )
        for first, last in itertools.pairwise(cuts)
    ]
    several = [json.loads(one.communicate()[0]) for one in running]
    result = dict(several[0])
    for name in ("runs", *KINDS, "history_findings"):
        result[name] = sum(one[name] for one in several)
    result["details"] = [told for one in several for told in one["details"]][:40]
    result["parts"] = {
        door: {name: round(sum(one["parts"][door][name] for one in several), 1) for name in part}
        for door, part in several[0]["parts"].items()
    }
    result["seconds"] = max(one["seconds"] for one in several)
    result["met"] = all(one["met"] for one in several)
    result["resume"] = [one["resume"] for one in several if "resume" in one]
    return result


def _run(place: Place, wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.fuzz.bed import Bed, effects

    started, tally = time.monotonic(), Tally()
    names = wanted.doors.split(",")
    piece, end = round(wanted.begin * PIECES), round(wanted.end * PIECES)
    with Bed(place) as bed:
        doors = {name: bed.door(name) for name in names}
        while piece < end:
            for name in names:
                _piece(doors[name], piece, wanted, tally, effects(bed))
            piece += 1
            say(f"{piece}/{end} {dict(tally.faults)}")
            if time.monotonic() - started > wanted.seconds:
                break
        wrong = bed.history_findings()
    runs = sum(part["runs"] for part in tally.parts.values())
    result = {
        "name": "fuzz-inputs",
        "met": not (tally.faults or wrong) and piece == end,
        "runs": runs,
        **{kind: tally.faults[kind] for kind in KINDS},
        "history_findings": wrong,
        "details": list(tally.details.values())[:40],
        "parts": tally.parts,
        "seeds": [wanted.seed],
        "seconds": round(time.monotonic() - started, 1),
        "database": place.vendor,
    }
    left = f"--begin {piece / PIECES} --end {end / PIECES}"
    return result | ({"resume": left} if piece < end else {})


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
