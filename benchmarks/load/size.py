"""How much of everything, and for how long."""

from __future__ import annotations

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    receipts: int
    managers: int
    programs: int
    inspectors: int
    seconds: int
    hurry: float  # divides all pauses between two acts
    workers: int  # processes of the site
    small: bool


def parsed(arguments: list[str] | None = None) -> Size:
    """From the command line; ``--small`` sets what was not given to what ten seconds can show."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--small", action="store_true", help="ten seconds with few of everything")
    for name, told in (
        ("receipts", "in the seeded database"),
        ("managers", "of the office, signed in"),
        ("programs", "that use the API, with a key each"),
        ("inspectors", "at the bot"),
        ("seconds", "that all of them work"),
        ("workers", "processes of the site"),
    ):
        parser.add_argument(f"--{name}", type=int, help=told)
    parser.add_argument("--minutes", type=float, help="the same as --seconds, in minutes")
    parser.add_argument("--hurry", type=float, help="divides all pauses (1; small: 4)")
    asked = parser.parse_args(arguments)
    usual = (300, 2, 2, 2, 10, 2) if asked.small else (20_000, 4, 6, 12, 180, 2)
    names = ("receipts", "managers", "programs", "inspectors", "seconds", "workers")
    given = {
        name: value if (value := getattr(asked, name)) is not None else default
        for name, default in zip(names, usual, strict=True)
    }
    if asked.minutes is not None:
        given["seconds"] = round(60 * asked.minutes)
    hurry = asked.hurry if asked.hurry is not None else (4.0 if asked.small else 1.0)
    if min(given.values()) < 1 or hurry <= 0:
        parser.error("numbers must be positive")
    return Size(**given, hurry=hurry, small=asked.small)
