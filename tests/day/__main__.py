"""`python -m tests.day [--language ru]`: the day over HTTP, with the running bot.

The real Application polls the simulator's Bot API on loopback; the people act by its control API.
Prints one JSON object; exit code 0 when every intention of the script led where it should, the
history verifies and no projection differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from tests.faults.setup import finish, say, throwaway, versions

CODES = ("ru", "en")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.day")
    parser.add_argument("--language", choices=CODES)
    wanted = parser.parse_args()
    if wanted.language:
        result = play_one(wanted.language)
        finish(result, met=result["met"])
    # One database for each: the people of the day are the same.
    results = {code: _in_a_process(code) for code in CODES}
    met = all(result["met"] for result in results.values())
    finish({"name": "day", "met": met, "parts": results}, met=met)


def _in_a_process(code: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.day", "--language", code]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    result: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"met": False}
    return result


def play_one(code: str) -> dict[str, Any]:
    os.environ["WORKSHOP_SELF_SERVICE"] = "1"
    with throwaway() as place:
        from history.relay import relay_outbox
        from simulator.testing import SimServer
        from tests.cast import make_cast
        from tests.day.play import SCENES, faults, play
        from tests.day.simulated import SimulatedStage
        from tests.day.stage import Day

        cast = make_cast()
        relay_outbox()  # what came before the bot; in an installation the sweep does it
        started = time.monotonic()
        with SimServer(limits=False) as sim, SimulatedStage(sim) as stage:
            day = Day(stage, cast, code)
            try:
                play(day)
            except AssertionError as error:
                found = [str(error)]
            else:
                found = list(faults())
            calls = len(sim.client.ledger())
        for one in found:
            say(one)
        return {
            "name": f"day {code}",
            "met": not found,
            "faults": found,
            "scenes": len(SCENES),
            "acts": sum(phone.acts for phone in day.phones),
            "taps": sum(phone.taps for phone in day.phones),
            "calls": calls,
            "seconds": round(time.monotonic() - started, 1),
            "versions": versions(place.vendor),
        }


if __name__ == "__main__":
    main()
