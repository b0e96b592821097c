"""`make faults-dispatchers`: two live dispatchers of webhooks on one database race for messages.

    python -m tests.faults.dispatchers [--messages 1000] [--rounds 3] [--small]

Each message goes to three receivers. Both processes, each with its own connections, live from the
first message to the last and take what is due. Prints one JSON object; exit code 0 when each
receiver got each message exactly once, those of a receipt in their order, and both had a share.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any, Final

from tests.faults.setup import Place, finish, say, throwaway, versions
from tests.faults.webhooks import Dispatching, Receiver, _environment, judged, lay

EACH: Final = 5  # events of a receipt
NAMES: Final = ("first", "second", "third")
THINKS: Final = 0.02  # seconds before a receiver answers: claims of both overlap
# While only one dispatcher is at work: on a busy machine the other one comes seconds later.
UNTIL_BOTH: Final = 1.0
PATIENCE: Final = 600.0  # seconds
SMALL: Final = 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.dispatchers")
    parser.add_argument("--messages", type=int, default=1_000, help="events of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    messages, rounds = (SMALL, 1) if given.small else (given.messages, given.rounds)
    began, parts = time.monotonic(), []
    with _environment(), throwaway() as place:
        for number in range(rounds):
            with Receiver() as receiver:
                parts.append(race(place, receiver, messages, f"{number}-"))
                say(f"{parts[-1]}")
        known = versions(place.vendor)
    wrong = ("lost", "double", "duplicates", "disorder", "other_bytes", "wrong_signatures")
    result = {
        "name": "faults-dispatchers",
        **{name: sum(part[name] for part in parts) for name in wrong},
        "runs": sum(part["messages"] for part in parts),
        "seeds": [],
        "seen_sending": [part["seen_sending"] for part in parts],
        "seconds": round(time.monotonic() - began),
        "database": place.vendor,
        "versions": known,
    }
    shared = all(len(part["seen_sending"]) == 2 for part in parts)
    met = shared and not any(result[name] for name in wrong)
    finish({**result, "met": met}, met=met)


def race(place: Place, receiver: Receiver, messages: int, prefix: str) -> dict[str, Any]:
    """All messages of a round, sent by two; ``seen_sending``: how many by each, where looked at."""
    from integrations.models import WebhookDelivery, WebhookEndpoint

    endpoints = lay(messages, EACH, [f"{prefix}{name}" for name in NAMES], receiver)
    mine = WebhookDelivery.objects.filter(endpoint__in=endpoints)
    receiver.ask("/orders", {"thinks": UNTIL_BOTH})
    receiver.ask("/there")
    both = [Dispatching(place) for _process in range(2)]
    for one in both:
        one.start()
    seen: dict[str, set[int]] = defaultdict(set)
    deadline, together = time.monotonic() + PATIENCE, False
    try:
        while mine.filter(state__in=WebhookDelivery.OPEN).exists():
            if not all(one.is_alive() for one in both) or time.monotonic() > deadline:
                raise RuntimeError("a dispatcher is gone, or the messages do not come to an end")
            sending = mine.filter(state=WebhookDelivery.SENDING).values_list("owner", "pk")
            for owner, pk in sending:
                seen[owner].add(pk)
            if len(seen) == len(both) and not together:
                together = True
                receiver.ask("/orders", {"thinks": THINKS})
            time.sleep(0.005)
    finally:
        for one in both:
            one.end()
    WebhookEndpoint.objects.update(active=False)
    return {
        "messages": mine.count(),
        "seen_sending": sorted(len(rows) for rows in seen.values()),
        **_judged(receiver, mine),
    }


def _judged(receiver: Receiver, deliveries: Any) -> dict[str, int]:
    """Each receiver by itself: they get the same messages."""
    journal, total = receiver.ask("/journal"), defaultdict[str, int](int)
    for name in {entry["name"] for entry in journal["entries"]}:
        entries = [entry for entry in journal["entries"] if entry["name"] == name]
        address = deliveries.filter(endpoint__url__endswith=f"/{name}")
        wanted = dict(address.values_list("message_id", "event_id"))
        for key, value in judged({**journal, "entries": entries}, wanted).items():
            total[key] += value
    got = len({entry["name"] for entry in journal["entries"]})
    total["lost"] += deliveries.count() // len(NAMES) * (len(NAMES) - got)
    total["wrong_signatures"] = journal["wrong"]
    return dict(total)


if __name__ == "__main__":
    main()
