"""`make faults-delivery`: the sending of notices under kill -9, and its takeover by a second copy.

    python -m tests.faults.delivery [--kills 20] [--people 60] [--each 8] [--seeds 1-3]

Notices are due for many people; every call of the messenger takes 60 ms. `runbot` is killed again
and again while it sends. At the end every notice must have arrived; one that came twice must say
so, in its row and in the message. Then two copies run that cannot know of each other's death, as
on two machines: the one that sends is killed, the other must go on within 15 seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time
from collections import Counter
from typing import Any

from tests.faults.notice_rows import NoticeRows
from tests.faults.setup import (
    BotProcess,
    Place,
    Simulator,
    finish,
    say,
    throwaway,
    versions,
    wait_until,
)

FIRST = 60_001
LATENCY = 0.06
TAKEOVER = 15.0  # seconds
AGAIN = "Возможно, повтор"  # how a message says that it may be a second copy


class Deliveries:
    def __init__(self, place: Place, simulator: Simulator, people: int, each: int) -> None:
        self.place, self.simulator = place, simulator
        self.people, self.each = [FIRST + n for n in range(people)], each
        for number in self.people:
            simulator.client.add_person(number, f"P{number}", started=True)
        self.rows = NoticeRows(self.people, each)
        self.ledger_at = 0

    def begin(self) -> None:
        """All are due; the messenger is as slow and as strict as the real one."""
        from botapp.models import OutgoingMessage

        OutgoingMessage.objects.all().delete()
        client = self.simulator.client
        client.limits(on=True)
        client.faults(
            {"method": "sendMessage", "kind": "delay", "seconds": LATENCY, "times": 10**6}
        )
        entries = client.ledger()
        self.ledger_at = entries[-1]["n"] if entries else 0
        self.rows.lay(Counter(dict.fromkeys(self.people, self.each)))

    def sent(self) -> int:
        from botapp.models import OutgoingMessage

        return OutgoingMessage.objects.filter(state=OutgoingMessage.SENT).count()

    @property
    def whole(self) -> int:
        return len(self.people) * self.each

    def arrived(self) -> list[dict[str, Any]]:
        entries = self.simulator.client.ledger(self.ledger_at, method="sendMessage")
        return [entry for entry in entries if entry["status"] == 200]

    # --- kills ------------------------------------------------------------------------------

    def kill_often(self, kills: int, rng: random.Random) -> dict[str, Any]:
        self.begin()
        bot = BotProcess(self.place, self.simulator)
        killed_at: list[float] = []
        try:
            for left in range(kills, 0, -1):
                share = max(1, 2 * (self.whole - self.sent()) // (left + 1))
                goal = min(self.whole, self.sent() + rng.randint(1, share))
                bot.start()
                with contextlib.suppress(AssertionError):  # what is left waits for its claims
                    wait_until(lambda g=goal: self.sent() >= g, 30, every=0.003)  # type: ignore[misc]  # bound at once
                time.sleep(rng.uniform(0.0, 0.1))
                bot.ensure_alive()
                bot.end()
                killed_at.append(time.time())
                say(f"kill {len(killed_at)} of {kills}: {self.sent()} of {self.whole} sent")
            bot.start()
            wait_until(lambda: self.sent() == self.whole, every=0.1)
        finally:
            bot.end()
        return {"kills": kills, **self.count(killed_at)}

    def count(self, killed_at: list[float]) -> dict[str, Any]:
        """Lost, twice, and whether what came twice says so."""
        from botapp.models import OutgoingMessage

        copies: dict[tuple[int, str], list[dict[str, Any]]] = {}
        for entry in self.arrived():
            text = str(entry["params"]["text"])
            plain = text.split("\n\n<i>" + AGAIN)[0]
            copies.setdefault((entry["chat_id"], plain), []).append(entry)
        twice = [entries for entries in copies.values() if len(entries) > 1]
        at_kill = Counter(
            sum(moment < entries[-1]["at"] for moment in killed_at)
            for entries in twice
            for _extra in entries[1:]
        )
        marked = OutgoingMessage.objects.filter(possible_duplicate=True).count()
        unsaid = sum(
            AGAIN not in str(entry["params"]["text"]) for entries in twice for entry in entries[1:]
        )
        return {
            "notices": self.whole,
            "lost": self.whole - len(copies),
            "duplicates": sum(len(entries) - 1 for entries in twice),
            "duplicates_at_one_kill": max(at_kill.values(), default=0),
            "duplicates_unmarked": max(unsaid, len(twice) - marked),
            "marked": marked,
        }

    # --- takeover -----------------------------------------------------------------------------

    def take_over(self) -> dict[str, Any]:
        """Seconds from a kill until the next message, and until what was in doubt was settled."""
        from botapp.models import OutgoingMessage

        self.begin()
        bots = {name: BotProcess(self.place, self.simulator) for name in ("one", "two")}
        for name, bot in bots.items():
            bot.start(host=name)
        try:
            wait_until(lambda: self.sent() >= self.whole // 4)
            sender = next(name for name in bots if _holds(name))
            bots[sender].end()
            at = time.time()
            in_doubt = OutgoingMessage.objects.filter(state=OutgoingMessage.CLAIMED)
            doubtful = list(in_doubt.values_list("pk", flat=True))
            wait_until(lambda: self.sent() == self.whole, every=0.05)
            settled = OutgoingMessage.objects.filter(pk__in=doubtful)
            last = max((row.sent_at.timestamp() for row in settled if row.sent_at), default=at)
            after = [entry["at"] for entry in self.arrived() if entry["at"] > at + 0.5]
        finally:
            for bot in bots.values():
                bot.end()
        counted = self.count([at])
        return {
            **counted,
            "next_message_s": round(min(after, default=at) - at, 1),
            "claims_taken_over_s": round(last - at, 1),
            "claims": len(doubtful),
        }


def _holds(name: str) -> bool:
    from botapp.deliverer import LEASE_NAME
    from history.models import Lease

    owner = Lease.objects.filter(name=LEASE_NAME).values_list("owner", flat=True).first() or ""
    return owner.startswith(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.delivery", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--seeds", default="1")
    parser.add_argument(
        "--small", action="store_true", help="a twentieth of the kills; seconds are not judged"
    )
    arguments = parser.parse_args()
    first, _dash, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    kills = max(1, arguments.kills // 20) if arguments.small else arguments.kills
    each = 3 if arguments.small else arguments.each
    with throwaway() as place, Simulator(place) as simulator:
        deliveries = Deliveries(place, simulator, arguments.people, each)
        runs = [deliveries.kill_often(kills, random.Random(seed)) for seed in seeds]
        takeover = deliveries.take_over()
        known = versions(place.vendor)
    worst = max(takeover["next_message_s"], takeover["claims_taken_over_s"])
    everything = [*runs, takeover]
    result = {
        "lost": sum(run["lost"] for run in everything),
        "double": 0,
        "duplicates": sum(run["duplicates"] for run in everything),
        "duplicates_unmarked": sum(run["duplicates_unmarked"] for run in everything),
        "duplicates_at_one_kill": max(run["duplicates_at_one_kill"] for run in everything),
        "runs": runs,
        "takeover": takeover,
        "seeds": list(seeds),
        "versions": known,
    }
    in_time = arguments.small or worst <= TAKEOVER
    met = not result["lost"] and not result["duplicates_unmarked"] and in_time
    finish({**result, "met": met}, met=met)


if __name__ == "__main__":
    main()
