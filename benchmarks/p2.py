"""P2: updates a second through the whole path of the bot, against an empty echo bot.

Ours: 200 inspectors side by side hand watches to masters, each from the receipt's card: /menu, the
number, «Hand to a master», the master (four steps of the dialogue), confirm (the transition). Each
act follows the answer to the one before. An update passes the inbox, access, the dialogue, for a
transition command, event, outbox and reminders, and the reply.

Floor: python-telegram-bot as its documentation begins, answering with what was written.

Parts: `plain`, loopback as fast as it is; `latency`, every call of ours to the Bot API takes 60 ms
while the floor's take none: 300 updates a second were asked of a machine whose floor did 969.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.base import Run, Sample
from benchmarks.machine import Cores, copied, cores, cpu_seconds, start
from simulator.client import SimClient
from simulator.world import DEFAULT_TOKEN
from tests.faults.setup import ROOT, WAIT, Place, say, wait_until

CHATS, CYCLES = 200, 3
MASTERS = 8  # one page of buttons
STEPS = 5  # updates to one transition
LATENCY = 0.06
FIRST = 20_001  # Telegram id of the first inspector
ECHOES = 300  # of the floor with latency: it is handled one by one

Acts = dict[str, list[list[str]]]


class Bench:
    def __init__(self, run: Run, place: Place) -> None:
        self.run, self.place = run, place
        self.cores: Cores = cores()
        self.chats = run.size(CHATS)
        self.n = self.chats * CYCLES * STEPS
        self.masters = self._people()

    def _people(self) -> list[int]:
        """Inspectors who write, masters who get watches, receipts that wait. Ids of the masters."""
        from receipts.services.registration import register_receipt
        from staff import roles
        from staff.services.people import add_employee
        from workshop.lib.actor import system_actor

        actor = system_actor("benchmark")
        masters = [
            add_employee(full_name=f"Мастер {n:03}", roles=[roles.MASTER], actor=actor).object.pk
            for n in range(MASTERS)
        ]
        for n in range(self.chats):
            name = f"Контролёр {n:03}"
            held = [roles.INSPECTOR]
            add_employee(full_name=name, roles=held, telegram_id=FIRST + n, actor=actor)
            for cycle in range(CYCLES):
                register_receipt(number=_number(n, cycle), actor=actor)
        return masters

    # --- what is measured -------------------------------------------------------------------

    def echo(self, *, delay: float = 0.0, each: int = CYCLES * STEPS, chats: int = 0) -> Sample:
        texts = [["text", f"{n}"] for n in range(each)]
        acts = {str(FIRST + n): texts for n in range(chats or self.chats)}
        with self._client(delay) as client, self._bot("echo", client) as bot:
            result = self._measured(bot, client, acts, ["text", "warm"])
        right = all(last == [f"{each - 1}"] for last in result["last"].values())
        return self._sample(result, acts, right=right)

    def ours(self, *, delay: float = 0.0, **more: str) -> Sample:
        """``more``: settings of the bot's process."""
        acts = {str(FIRST + n): self._acts(n) for n in range(self.chats)}
        with copied(self.place) as copy, self._client(delay) as client:
            place = replace(copy, environment={**copy.environment, **more})
            with self._bot("ours", client, place) as bot:
                result = self._measured(bot, client, acts, ["text", "/menu"])
                if not result["errors"]:
                    self._settled(len(acts) + self.n)
            return self._sample(result, acts, right=self._right(acts))

    def _acts(self, chat: int) -> list[list[str]]:
        acts = []
        for cycle in range(CYCLES):
            master = self.masters[(chat + cycle) % MASTERS]
            acts += [
                ["text", "/menu"],
                ["text", _number(chat, cycle)],
                ["press", "open", "assign"],
                ["press", "person", str(master)],
                ["press", "confirm", ""],
            ]
        return acts

    def _measured(self, bot: int, client: SimClient, acts: Acts, warm: list[str]) -> dict[str, Any]:
        """One act each first: connections are opened and the chats have begun."""
        self._act(client, {key: [warm] for key in acts})
        before = cpu_seconds(bot)
        result = self._act(client, acts)
        return result | {"cpu": (cpu_seconds(bot) - before) / max(1, result["answered"])}

    def _act(self, client: SimClient, acts: Acts) -> dict[str, Any]:
        result = dict(client.request("POST", "/bench/run", {"chats": acts}))
        for error in result["errors"]:
            say(f"wrong: {error}")
        return result

    def _sample(self, result: dict[str, Any], acts: Acts, *, right: bool) -> Sample:
        """The answer that both must give: every act was answered once, and rightly."""
        wanted = sum(len(each) for each in acts.values())
        say(
            f"  {1000 * result['cpu']:.2f} ms of CPU an update; "
            f"client busy {result['client_cpu']:.2f}, ledger {result['entries']}"
        )
        whole = result["answered"] == wanted and not result["errors"]
        return Sample(result["answered"] / result["seconds"], right and whole, result["cpu"])

    # --- was it right -----------------------------------------------------------------------

    def _settled(self, updates: int) -> None:
        """All is marked and written down; then the process may be ended."""
        from django.db.models import F

        from botapp.models import Dialog, InboundUpdate

        def quiet() -> bool:
            behind = Dialog.objects.filter(wanted_revision__gt=F("shown_revision"))
            done = InboundUpdate.objects.filter(state=InboundUpdate.DONE).count()
            return done == updates and not behind.exists()

        wait_until(quiet, every=0.05)

    def _right(self, acts: Acts) -> bool:
        """Each watch was handed over once, by its inspector to its master, and nothing else."""
        from history.models import Command, Event, Outbox
        from receipts.models import Receipt
        from receipts.states import Status

        people = dict(_telegram_ids())
        wanted = Counter(
            (_number(n, cycle), FIRST + n, self.masters[(n + cycle) % MASTERS])
            for n in range(len(acts))
            for cycle in range(CYCLES)
        )
        numbers = dict(Receipt.objects.values_list("pk", "number"))
        found: Counter[tuple[str, int, int]] = Counter()
        events = Event.objects.filter(channel="bot")
        for event in events:
            number = numbers[int(event.stream.removeprefix("receipt:"))]
            found[number, people[event.actor_id or 0], event.payload["master"]["id"]] += 1
        kinds = set(events.values_list("kind", flat=True))
        at_work = Receipt.objects.filter(status=Status.IN_WORK).count()
        outbox = Outbox.objects.filter(event__in=events).count()
        commands = Command.objects.filter(client__startswith="bot:").count()
        counts = {at_work, outbox, commands, wanted.total()}
        if found != wanted or kinds != {"receipt.assigned"} or len(counts) != 1:
            say(f"wrong: {kinds} {counts} {list((found - wanted) + (wanted - found))[:5]}")
            return False
        return True

    # --- processes --------------------------------------------------------------------------

    @contextlib.contextmanager
    def _client(self, delay: float) -> Iterator[SimClient]:
        command = [sys.executable, "-m", "benchmarks.p2_people", "--delay", str(delay)]
        process = start(
            command, cpus=self.cores.client, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        client = SimClient(str(process.stdout and process.stdout.readline()).strip())
        try:
            yield client
        finally:
            client.close()
            _end(process)

    @contextlib.contextmanager
    def _bot(self, name: str, client: SimClient, place: Place | None = None) -> Iterator[int]:
        """The bot's process, once it polls; its id."""
        command = [sys.executable, "-m", "benchmarks.p2_bots", name, "--token", DEFAULT_TOKEN]
        command += ["--base-url", f"{client.origin}/bot"]
        environment = place.environment if place else os.environ
        process = start(command, cpus=self.cores.server, environment=environment, cwd=ROOT)
        try:
            wait_until(lambda: client.request("GET", "/sim/pending")["polling"])
            yield process.pid
        finally:
            _end(process)


def _number(chat: int, cycle: int) -> str:
    return f"B{chat}-{cycle}"


def _telegram_ids() -> Iterator[tuple[int, int]]:
    from staff.models import Employee

    yield from Employee.objects.filter(telegram_id__isnull=False).values_list("pk", "telegram_id")


def _end(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(WAIT)


def main() -> None:
    run = Run("P2", __doc__, parts=("plain", "latency"))
    with run.place(cpus=cores().client) as place:
        bench = Bench(run, place)
        if run.wants("plain"):
            run.compare("plain", bench.echo, bench.ours, at_least=0.35, unit="updates/s", n=bench.n)
        if run.wants("latency"):
            part = run.compare(
                "latency",
                bench.echo,
                lambda: bench.ours(delay=LATENCY),
                at_least=0.31,
                unit="updates/s",
                n=bench.n,
            )
            chats = run.size(ECHOES // 10) or 1
            echo = bench.echo(delay=LATENCY, each=10, chats=chats)
            part.details["stock echo bot with 60 ms a call, once"] = round(echo.value, 1)
    run.finish()


if __name__ == "__main__":
    main()
