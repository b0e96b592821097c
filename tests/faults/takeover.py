"""Two bot processes on one bot; one is killed with -9 while it holds chats in the middle of a step.

The steps are stopped where it hurts most: their receipts are locked by somebody else, so that they
have begun and cannot end. Then the process that holds them is killed. The other one must go on with
each chat in order: two ticks and a press, of which the last is worth nothing before the others.
Polling and webhook in turn, on one machine (the dead are known) and on two (leases must run out).
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection

from botapp.models import InboundChat, InboundUpdate
from botapp.transport.webhook import PATH, SECRET_HEADER
from history.verify import verify
from tests.cast import Cast, make_in_work, type_id
from tests.faults import kills
from tests.faults.counting import effects_since, newest_event
from tests.faults.flows import Flow, Press, Text, open_card
from tests.faults.kills import Run, Visit
from tests.faults.setup import BotProcess, Place, Simulator, free_port, say, wait_until

CHATS = 4
GOAL = 15.0  # seconds until the chats of the dead process go on
MODES = tuple(itertools.product(("polling", "webhook"), ("one machine", "two machines")))


@dataclass
class Tally:
    """Of all rounds; the longest times by mode."""

    lost: int = 0
    double: int = 0
    disorder: int = 0
    chats: dict[str, list[float]] = field(default_factory=dict)
    fetching: dict[str, list[float]] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)


def run_takeovers(place: Place, cast: Cast, *, rounds: int, seed: int) -> dict[str, Any]:
    """The modes in turn; a process is killed in each round."""
    rng, tally = random.Random(seed), Tally()
    started = 0
    first = seed % len(MODES)
    for number, (source, machines) in enumerate(MODES[first:] + MODES[:first]):
        share = len(range(number, rounds, len(MODES)))
        if share == 0:
            break
        with Simulator(place) as simulator, _two(place, simulator, source, machines) as pair:
            for _round in range(share):
                run = Run(place, simulator, cast, rng, 100 + 50 * seed + started)
                _round_of(run, pair, f"{source}, {machines}", tally)
                started += 1
                say(f"takeover {started} of {rounds}")
    return {
        "kills": started,
        "lost": tally.lost,
        "double": tally.double,
        "disorder": tally.disorder,
        "chats_go_on_after_s": {mode: _spread(times) for mode, times in tally.chats.items()},
        "updates_are_taken_after_s": {m: _spread(times) for m, times in tally.fetching.items()},
        "longest_s": round(max(itertools.chain(*tally.chats.values())), 1),
        "details": tally.details[:20],
        "history_findings": sum(1 for _finding in verify()),
    }


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(round(one, 1) for one in times)
    return {"least": ordered[0], "median": ordered[len(ordered) // 2], "most": ordered[-1]}


def sound(result: dict[str, Any], *, in_time: bool = True) -> bool:
    """The goal; without ``in_time`` seconds are told and not judged."""
    names = ("lost", "double", "disorder", "history_findings")
    right = not any(result[name] for name in names)
    return right and (not in_time or result["longest_s"] <= GOAL)


# --- two processes ----------------------------------------------------------------------------


@dataclass
class Pair:
    """The processes with the arguments they are started with."""

    bots: list[BotProcess]
    options: tuple[str, ...]
    hosts: tuple[str, str]

    def start(self, number: int) -> None:
        self.bots[number].start(*self.options, host=self.hosts[number])

    def holder(self, chats: list[int]) -> int:
        """Which of them holds most of the chats."""
        owners = InboundChat.objects.filter(chat_id__in=chats).values_list("owner", flat=True)
        pids = Counter(int(name.rpartition("/")[2].partition("-")[0]) for name in owners if name)
        (pid, _count), *_rest = pids.most_common(1)
        return [bot.pid for bot in self.bots].index(pid)


@contextlib.contextmanager
def _two(place: Place, simulator: Simulator, source: str, machines: str) -> Iterator[Pair]:
    hosts = ("left", "right") if machines == "two machines" else ("", "")
    with contextlib.ExitStack() as stack:
        if source == "polling":
            bots = [BotProcess(place, simulator, LOG_LEVEL="INFO") for _bot in range(2)]
            pair = Pair(bots, (), hosts)
        else:
            ports, secret = [free_port(), free_port()], secrets.token_urlsafe(24)
            front = stack.enter_context(_balancer(ports))
            bots = [
                BotProcess(
                    place,
                    simulator,
                    LOG_LEVEL="INFO",
                    HOST="127.0.0.1",
                    TELEGRAM_WEBHOOK_URL=f"http://127.0.0.1:{front}{PATH}",
                    TELEGRAM_WEBHOOK_SECRET=secret,
                    TELEGRAM_WEBHOOK_PORT=str(port),
                )
                for port in ports
            ]
            pair = Pair(bots, ("--webhook",), hosts)
        for bot in pair.bots:
            stack.callback(bot.end)
        yield pair


@contextlib.contextmanager
def _balancer(ports: list[int]) -> Iterator[int]:
    """What stands before several webhooks: each request to the next one that answers."""
    turns = itertools.cycle(ports)

    class Forward(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for _try in ports:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.send_response(_post(next(turns), body, self.headers[SECRET_HEADER] or ""))
                    self.end_headers()
                    return
            self.send_error(502)

        def log_message(self, *_args: Any) -> None:
            """The log of the run is enough."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _post(port: int, body: bytes, secret: str) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Content-Type": "application/json", SECRET_HEADER: secret}
        link.request("POST", PATH, body, headers)
        return link.getresponse().status
    finally:
        link.close()


# --- a round ----------------------------------------------------------------------------------


def _round_of(run: Run, pair: Pair, mode: str, tally: Tally) -> None:
    kills.lead_to_keyboards(run, CHATS + 1, make=_two_works)
    *stuck, other = run.visits
    acts = [_acts(visit) for visit in stuck]
    run.mark = newest_event()
    for number in range(2):
        pair.start(number)
    wait_until(lambda: _both_ready(pair))
    with _locked([visit.flow.receipts[0].pk for visit in stuck]):
        for step in zip(*acts, strict=True):
            kills.send(run, step)
        wait_until(lambda: _waiting() >= CHATS)
        dead = pair.holder([visit.phone.id for visit in stuck])
        killed_at = time.time()
        pair.bots[dead].end()
        kills.send(run, [other.phone.update(Text("/menu"))])
    run.visits = stuck
    ids = [visit.phone.id for visit in stuck]
    kills._settle(run, pair.bots[1 - dead])
    _judge(run, tally, mode, ids)
    tally.chats.setdefault(mode, []).append(_last_done(ids) - killed_at)
    tally.fetching.setdefault(mode, []).append(_last_done([other.phone.id]) - killed_at)
    pair.bots[1 - dead].end()


def _two_works(cast: Cast, number: str) -> Flow:
    """One work is ticked already; another tick and the press are still to come."""
    watch = make_in_work(cast, number=number)
    first = Press("mark", f"{type_id('assembly')}=1")
    way = [*open_card(watch), Press("open", "record_work"), first]
    wanted = Counter({(watch.number, "receipt.work_recorded"): 2})
    return Flow("two works", way, Press("record"), wanted, [watch])


def _acts(visit: Visit) -> list[tuple[str, dict[str, Any]]]:
    """In this order alone two works are recorded."""
    return [
        visit.phone.update(Press("mark", f"{type_id('mechanism')}=1")),
        visit.phone.update(visit.flow.last),
        visit.phone.update(Text(visit.flow.receipts[0].number)),
    ]


def _both_ready(pair: Pair) -> bool:
    for bot in pair.bots:
        bot.ensure_alive()
    return all(bot.says("the bot is ready") for bot in pair.bots)


@contextlib.contextmanager
def _locked(receipts: list[int]) -> Iterator[None]:
    """Somebody else's transaction holds the receipts."""
    settings = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{n: settings[n] for n in names if settings.get(n)}) as held:
        held.execute(
            "SELECT 1 FROM receipts_receipt WHERE id = ANY(%s) FOR UPDATE", [list(receipts)]
        )
        yield


def _waiting() -> int:
    """Steps that have begun and wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def _last_done(chats: list[int]) -> float:
    rows = InboundUpdate.objects.filter(chat_id__in=chats).order_by("-done_at")
    newest = rows.values_list("done_at", flat=True)[0]
    return float(newest.timestamp())


def _judge(run: Run, tally: Tally, mode: str, chats: list[int]) -> None:
    wanted, found = kills.expected(run.visits), effects_since(run.mark)
    tally.lost += (wanted - found).total()
    tally.double += (found - wanted).total()
    if wanted != found:
        tally.details.append(f"{mode}: {dict(wanted)} → {dict(found)}")
    for chat_id in chats:
        rows = InboundUpdate.objects.filter(chat_id=chat_id).order_by("update_id")
        times = list(rows.values_list("done_at", flat=True))
        if times != sorted(times):
            tally.disorder += 1
            tally.details.append(f"{mode}: chat {chat_id} out of order")
