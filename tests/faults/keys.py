"""`make faults-keys`: how long a refusal takes tells nothing about the key that was tried.

    python -m tests.faults.keys [--tries 6000] [--seed 1] [--small]

On a throw-away database with a hundred clients the site is asked with keys that it does not know,
with the right prefix and a wrong secret, and with a secret that is right but for its last
character, in random order and inside this process: a network would hide a difference. Prints one
JSON object; exit code 0 when the medians of the three differ by a tenth at most, all were refused,
and alike.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

from tests.faults.setup import Place, finish, say, throwaway, versions

TRIES = 6_000
SMALL = 20
CLIENTS = 100
WARM = 100
MOST = 1.10  # of the slowest kind against the quickest
KINDS = ("unknown", "wrong", "near")
UNAUTHORIZED = 401


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.keys")
    parser.add_argument("--tries", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a twentieth, only the answers")
    wanted = parser.parse_args()
    tries = wanted.tries or (TRIES // SMALL if wanted.small else TRIES)
    with throwaway() as place:
        result = measure(place, tries, wanted.seed)
    alike = result["answers"] == 1 and result["allowed"] == 0
    met = alike and (wanted.small or result["ratio"] <= MOST)
    finish({"goal": "S2", "met": met, "most": MOST, "small": wanted.small, **result}, met=met)


def measure(place: Place, tries: int, seed: int) -> dict[str, Any]:
    from django.conf import settings
    from django.test import Client

    settings.API_RATE = settings.API_ADDRESS_RATE = 1_000_000
    chance = random.Random(seed)
    issued = make_keys()
    order = [KINDS[n % len(KINDS)] for n in range(tries)]
    chance.shuffle(order)
    client = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    answers, allowed = set(), 0
    for number, kind in enumerate([*KINDS * (WARM // len(KINDS)), *order]):
        header = {"X-API-Key": attempt(kind, chance.choice(issued))}
        began = time.perf_counter()
        answer = client.get("/api/v1/me/", headers=header)
        seconds = time.perf_counter() - began
        allowed += answer.status_code != UNAUTHORIZED
        answers.add((answer.status_code, answer.json()["code"], answer.json()["detail"]))
        if number >= WARM // len(KINDS) * len(KINDS):
            times[kind].append(seconds)
    medians = {kind: 1000 * statistics.median(found) for kind, found in times.items()}
    say(", ".join(f"{kind} {median:.3f} ms" for kind, median in medians.items()))
    return {
        "ratio": round(max(medians.values()) / min(medians.values()), 4),
        "parts": {kind: {"median_ms": round(median, 4)} for kind, median in medians.items()},
        "answers": len(answers),
        "allowed": allowed,
        "runs": tries,
        "seeds": [seed],
        "versions": versions(place.vendor),
    }


def make_keys() -> list[Any]:
    """Keys of clients, as their holders have them."""
    from integrations import keys, scopes
    from integrations.services.clients import add_client, issue_key
    from workshop.lib.actor import system_actor

    actor = system_actor("faults")
    found = []
    for number in range(CLIENTS):
        client = add_client(name=f"c{number}", scopes=[scopes.RECEIPTS_READ], actor=actor).object
        made = issue_key(client_id=client.pk, actor=actor)
        found.append(keys.parse(made.shown_once["key"]))
    return found


def attempt(kind: str, key: Any) -> str:
    """A key of the right form and checksum that opens nothing."""
    from integrations import keys

    if kind == "unknown":
        return str(keys.new_key())
    if kind == "wrong":
        return str(keys.Key(key.prefix, keys.new_key().secret))
    last = "a" if key.secret[-1] != "a" else "b"
    return str(keys.Key(key.prefix, key.secret[:-1] + last))


if __name__ == "__main__":
    main()
