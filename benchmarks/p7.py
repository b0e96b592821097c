"""P7: how much of Telegram's permitted rate the notices use, without one 429 of our own making.

300 people and 3 groups have messages due, all at once; `runbot` delivers them from the database to
the simulator, which keeps Telegram's limits as strictly as they are documented: 30 messages a
second and one of burst for all, one a second and three at once in a chat, 20 a minute in a group.

Parts: `share`, of what those limits let through between the first and the last message to a person;
`share_of_groups`, the same for each group, from its first to its last message in that time;
`own_429`, refusals by then; `closed`, how much later the others get theirs when one chat with 60
messages, first in the queue, is answered with retry_after 30 (the floor: it is not).
"""

from __future__ import annotations

import contextlib
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.base import Run, Sample
from tests.faults.notice_rows import NoticeRows
from tests.faults.setup import BotProcess, Place, Simulator, say, wait_until

PEOPLE, EACH = 300, 5
GROUPS, IN_GROUP = 3, 45
AT_FRONT = 60  # messages to the chat that is closed
FIRST = 50_001  # Telegram id of the first person
OVERALL, OF_GROUP = 30.0, 20 / 60  # Telegram's permitted rates, a second
WAIT = 120.0


@dataclass(frozen=True)
class Calls:
    """What the messenger saw of one measurement."""

    sent: Counter[int]  # messages by chat
    at: dict[int, list[float]]  # when they came, by chat
    refused: int
    began: float  # the first call, whatever its answer

    def span(self) -> tuple[float, float]:
        """From the first to the last message to a person."""
        moments = [moment for chat, each in self.at.items() if chat > 0 for moment in each]
        return min(moments), max(moments)


class Bench:
    def __init__(self, run: Run, place: Place) -> None:
        self.run, self.place = run, place
        self.people = [FIRST + n for n in range(run.size(PEOPLE))]
        self.groups = [-100 - n for n in range(GROUPS)]
        self.in_group = run.size(IN_GROUP)
        depth = max(EACH, self.in_group, run.size(AT_FRONT))
        self.rows = NoticeRows(self.people, depth)
        self.measured: list[Calls] = []

    # --- the parts ------------------------------------------------------------------------------

    def share(self) -> Sample:
        """Of all that Telegram would have let through."""
        wanted = Counter(dict.fromkeys(self.people, EACH))
        wanted.update(dict.fromkeys(self.groups, self.in_group))
        with self._running() as simulator:
            calls = self._deliver(simulator, wanted, until=self.people)
        self.measured.append(calls)
        start, end = calls.span()
        count = sum(start <= moment <= end for each in calls.at.values() for moment in each)
        people = {chat: calls.sent[chat] for chat in self.people}
        whole = people == dict.fromkeys(self.people, EACH)
        return Sample(count / (OVERALL + OVERALL * (end - start)), whole)

    def share_of_groups(self) -> Sample:
        """In the rounds of :meth:`share`, one after the other; the group that got least."""
        calls = self._replayed("groups")
        _start, end = calls.span()
        shares = []
        for chat in self.groups:
            came = [moment for moment in calls.at.get(chat, ()) if moment <= end]
            permitted = 20 + OF_GROUP * (came[-1] - came[0]) if came else 1
            shares.append(len(came) / min(self.in_group, permitted))
        return Sample(min(shares))

    def own_429(self) -> Sample:
        return Sample(self._replayed("429").refused)

    def _replayed(self, name: str) -> Calls:
        used = self.run.notes.setdefault("_replayed", Counter())
        used[name] += 1
        return self.measured[used[name] - 1]

    def others_delay(self, *, closed: bool) -> Sample:
        """Mean seconds from the first call until a person's message came."""
        blocked = FIRST
        wanted = Counter(dict.fromkeys(self.people, 1))
        wanted[blocked] = self.run.size(AT_FRONT)
        others = self.people[1:]
        with self._running() as simulator:
            if closed:
                fault = {"method": "sendMessage", "chat_id": blocked, "kind": "429"}
                simulator.client.faults({**fault, "retry_after": 30})
            calls = self._deliver(simulator, wanted, until=others)
        delays = [calls.at[chat][0] - calls.began for chat in others if calls.at.get(chat)]
        right = len(delays) == len(others) and calls.refused == closed
        right = right and (not closed or not calls.sent[blocked])
        say(f"  closed={closed}: mean {statistics.mean(delays):.2f} s, last {max(delays):.2f} s")
        return Sample(statistics.mean(delays), right)

    # --- one delivery ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def _running(self) -> Iterator[Simulator]:
        """A fresh messenger and a fresh bot, idle and ready; what they left is forgotten."""
        from botapp.models import OutgoingMessage

        with Simulator(self.place) as simulator:
            client = simulator.client
            for number in self.people:
                client.add_person(number, f"P{number}", started=True)
            for number in self.groups:
                client.add_group(number, f"G{number}", [])
            client.limits(on=True)
            bot = BotProcess(self.place, simulator)
            bot.start()
            try:
                wait_until(lambda: delivers(bot))
                yield simulator
            finally:
                bot.end()
                OutgoingMessage.objects.all().delete()

    def _deliver(self, simulator: Simulator, wanted: Counter[int], *, until: list[int]) -> Calls:
        """Lay all rows due at once; wait until these chats have theirs."""
        from botapp.models import OutgoingMessage

        self.rows.lay(wanted)
        recipients = [self.rows.recipient(chat) for chat in until]
        rows = OutgoingMessage.objects.filter(recipient__in=recipients)
        wait_until(lambda: not rows.exclude(state=OutgoingMessage.SENT).exists(), WAIT, 0.25)
        return read_calls(simulator)


def delivers(bot: BotProcess) -> bool:
    """The process holds the lease of the delivery."""
    from botapp.deliverer import LEASE_NAME
    from history import lease
    from history.models import Lease

    bot.ensure_alive()
    owner = Lease.objects.filter(name=LEASE_NAME).values_list("owner", flat=True).first() or ""
    return lease.is_held(LEASE_NAME) and f"/{bot.pid}-" in owner


def read_calls(simulator: Simulator) -> Calls:
    """Of the messenger's own ledger."""
    entries = simulator.client.ledger(method="sendMessage")
    at: dict[int, list[float]] = {}
    for entry in entries:
        if entry["status"] == 200:
            at.setdefault(entry["chat_id"], []).append(entry["at"])
    return Calls(
        sent=Counter({chat: len(each) for chat, each in at.items()}),
        at=at,
        refused=sum(entry["status"] == 429 for entry in entries),
        began=min(entry["at"] for entry in entries),
    )


def main() -> None:
    run = Run("P7", __doc__, parts=("share", "closed"))
    with run.place() as place:
        bench = Bench(run, place)
        if run.wants("share"):
            n = len(bench.people) * EACH + GROUPS * bench.in_group
            run.figure("share", bench.share, at_least=0.95, unit="of the permitted", n=n)
            run.figure("share_of_groups", bench.share_of_groups, at_least=0.95, n=GROUPS)
            run.figure("own_429", bench.own_429, at_most=0, unit="refusals", n=n)
        if run.wants("closed"):
            run.compare(
                "closed",
                lambda: bench.others_delay(closed=False),
                lambda: bench.others_delay(closed=True),
                at_most=1.2,
                unit="s",
                n=len(bench.people) - 1,
            )
        run.notes.pop("_replayed", None)
    run.finish()


if __name__ == "__main__":
    main()
