"""`make faults-alerts`: sixteen faults, each of which has to raise its own alert and no other.

    python -m tests.faults.alerts [--seed 1] [--small]

A workshop works in virtual minutes: people hand watches over, the relay passes events on, the bot
sends its notices, a snapshot is taken every quarter of an hour, the alerts are judged every minute;
by the job while a worker and a schedule live, else by the bot. First an hour without any fault:
no alert may fire. Then one fault after the other is injected, in rows and in what runs: its alert
has to fire within two periods of its number after the number is due to show it, tell people the
cause in words (by Telegram, or by e-mail while the bot cannot), clear by itself within two periods
after the fault has gone, and say so; nothing else may fire. Prints one JSON object; exit code 0
when nothing is lost and nothing was false.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.faults.setup import finish, say, throwaway, versions

BEGIN: Final = datetime(2026, 11, 17, 7, 0, tzinfo=UTC)  # Tuesday, ten o'clock in Moscow
MINUTE: Final = timedelta(minutes=1)
SLOT: Final = 15  # minutes between snapshots
QUIET: Final = 60
SMALL: Final = ("bot stopped", "queue stuck", "not accepted", "backup failed")


@dataclass(frozen=True)
class Fault:
    """``rule``: whose alert it is. ``grows``: minutes until the number is beyond its threshold."""

    name: str
    rule: str
    begin: Callable[[Any], None]
    end: Callable[[Any], None]
    grows: int = 0
    minutely: bool = False

    @property
    def period(self) -> int:
        return 1 if self.minutely else SLOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.alerts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="four faults, fifteen quiet minutes")
    wanted = parser.parse_args()
    began = time.monotonic()
    with throwaway(sqlite=wanted.small) as place:
        from tests.faults.alert_world import FAULTS, World

        faults = [one for one in FAULTS if not wanted.small or one.name in SMALL]
        found = _run(World(wanted.seed), faults, SLOT if wanted.small else QUIET)
        told = versions(place.vendor)
    parts = found["parts"]
    lost = sum(bool(part["missing"]) for part in parts)
    false = sum(len(part["others"]) for part in parts) + found["quiet_alerts"]
    result = {
        "met": not lost and not false,
        "runs": len(parts),
        "lost": lost,
        "false": false,
        "quiet_minutes": found["quiet_minutes"],
        "virtual_minutes": found["minutes"],
        "seeds": [wanted.seed],
        "parts": parts,
        "seconds": round(time.monotonic() - began),
        **told,
    }
    finish(result, met=bool(result["met"]))


def _run(world: Any, faults: list[Fault], quiet: int) -> dict[str, Any]:
    """An hour of peace, then one fault after the other; a new one every time the last has gone."""
    with world.running():
        for _minute in range(quiet):
            world.minute()
        quiet_alerts = world.fired()
        say(f"seed {world.seed}: {quiet} quiet minutes, alerts: {quiet_alerts or 'none'}")
        parts = [_one(world, fault) for fault in faults]
    return {
        "parts": parts,
        "quiet_minutes": quiet,
        "quiet_alerts": len(quiet_alerts),
        "minutes": world.minutes,
    }


def _one(world: Any, fault: Fault) -> dict[str, Any]:
    for _minute in range(world.rng.randint(1, SLOT)):  # anywhere between two snapshots
        world.minute()
    before, missing = world.newest(), []
    fault.begin(world)
    lasts = world.lasts(fault.rule)
    fired = world.until(lambda: world.is_on(fault.rule), fault.grows + lasts + 2 * fault.period)
    if fired is None:
        missing.append("did not fire")
    world.minute()
    world.minute()  # whatever else would follow has its time
    if fired is not None and not world.was_told(fault.rule, since=before):
        missing.append("nobody was told the cause")
    fault.end(world)
    cleared = world.until(lambda: not world.is_on(fault.rule), 2 * fault.period)
    if cleared is None:
        missing.append("did not clear")
    world.minute()
    if fired is not None and not world.was_told_over(fault.rule, since=before):
        missing.append("nobody was told that it is over")
    others = sorted({rule for rule in world.fired(since=before) if rule != fault.rule})
    part = {
        "fault": fault.name,
        "alert": fault.rule,
        "minutes_to_fire": fired,
        "allowed": fault.grows + lasts + 2 * fault.period,
        "minutes_to_clear": cleared,
        "missing": missing,
        "others": others,
        "seed": world.seed,
    }
    say(str(part))
    world.calm()
    return part


if __name__ == "__main__":
    main()
