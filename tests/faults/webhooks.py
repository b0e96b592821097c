"""`make faults-webhooks`: webhooks under an outage of three days, kills, and a hanging receiver.

    python -m tests.faults.webhooks [--messages 10000] [--kills 50] [--rounds 24] [--schedules 1000]
                                    [--seed 1] [--parts outage,slow,schedules] [--small]

`outage`: a receiver is away for 72 virtual hours, then there; the dispatcher, a process of its own,
is killed again and again after a message has arrived and before that was written down. `slow`: the
same messages with and without a receiver that hangs, in turn. `schedules`: random answers against
a reference model. Goal: every message delivered, under one id and with the same bytes at each
attempt, in the order of its receipt; others slowed by at most 1.1; no schedule unlike the model.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.faults.setup import (
    ROOT,
    WAIT,
    Place,
    finish,
    free_port,
    say,
    throwaway,
    versions,
    wait_until,
)

AWAY = timedelta(hours=72)
STEP = timedelta(minutes=20)
EACH = 20  # events of a receipt
CHUNK = 500
QUICK = 5  # receivers beside the one that hangs
HANGING = 8  # messages on their way to it all the while
OF_EACH = 32  # messages to a quick receiver in a round: four times as many as leave together
THINKS = 1.0  # seconds before a receiver answers
PAIRS = 24
SLOWED = 1.1


class Receiver:
    """The process of ``tests.faults.webhook_receiver``."""

    def __init__(self) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tests.faults.webhook_receiver", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        self._control = f"http://127.0.0.1:{int(line)}"

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/{name}"

    def ask(self, path: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        data = None if path == "/journal" else json.dumps(given or {}).encode()
        request = urllib.request.Request(self._control + path, data=data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait(WAIT)


class Dispatching:
    """The process of ``tests.faults.webhook_dispatcher``, and the virtual clock of this one."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ahead = place.folder / "ahead"
        self._log = place.folder / "dispatcher.log"
        self.set(timedelta())
        self._process: subprocess.Popen[bytes] | None = None

    def set(self, ahead: timedelta) -> None:
        """How far the virtual clock is ahead; never half a number in the file."""
        self.ahead = ahead
        draft = Path(f"{self._ahead}.new")
        draft.write_text(str(int(ahead.total_seconds())))
        draft.replace(self._ahead)

    def start(self) -> int:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.webhook_dispatcher", str(self._ahead)],
                cwd=ROOT,
                env=dict(self._place.environment),
                stdout=log,
                stderr=log,
            )
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(WAIT)

    def fell_by(self) -> int:
        """With which signal it ended; RuntimeError with its log when it ended by itself."""
        code = self._process.wait(WAIT) if self._process else 0
        if code != -signal.SIGKILL:
            raise RuntimeError(f"the dispatcher is gone: {self._log.read_text()[-2000:]}")
        return -code


def lay(messages: int, each: int, names: list[str], receiver: Receiver) -> list[Any]:
    """Endpoints, then as many events of receipts, lined up for them; nothing can leave yet."""
    from django.db import transaction

    from history.models import Event, Outbox
    from integrations.services.webhook_queue import expand
    from integrations.services.webhooks import add_webhook
    from workshop.lib import clock
    from workshop.lib.actor import system_actor

    actor = system_actor("faults")
    endpoints = []
    for name in names:
        outcome = add_webhook(url=receiver.url(name), kinds=["receipt.*"], actor=actor)
        receiver.ask("/orders", {"secrets": {name: outcome.shown_once["secret"]}})
        endpoints.append(outcome.object)
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    _tell(messages, each, f"{names[0]} ")
    events = list(Event.objects.filter(pk__gt=newest).order_by("pk"))
    for start in range(0, len(events), CHUNK):
        with transaction.atomic():
            for event in events[start : start + CHUNK]:
                expand(event)
    Outbox.objects.update(done_at=clock.now())
    return endpoints


def _tell(messages: int, each: int, prefix: str) -> None:
    """As many events, by services: receipts and comments on them."""
    from receipts.services.facts import add_comment
    from receipts.services.registration import register_receipt
    from workshop.lib.actor import system_actor

    actor, made = system_actor("faults"), 0
    while made < messages:
        receipt = register_receipt(number=f"{prefix}{made}", actor=actor).object
        made += 1
        for number in range(1, min(each, messages - made + 1)):
            add_comment(receipt_id=receipt.pk, text=f"{number}", actor=actor)
            made += 1


# --- outage -------------------------------------------------------------------------------------


def outage(
    place: Place, receiver: Receiver, messages: int, kills: int, seed: int
) -> dict[str, Any]:
    from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

    (endpoint,) = lay(messages, EACH, ["outage"], receiver)
    mine = WebhookDelivery.objects.filter(endpoint=endpoint)
    say(f"{mine.count()} messages are lined up")
    moments = sorted(random.Random(seed).sample(range(1, mine.count()), kills))
    dispatching = Dispatching(place)
    receiver.ask("/orders", {"kills": moments, "caller": dispatching.start()})
    began = time.monotonic()
    try:
        _pass(dispatching, receiver, endpoint, AWAY)
        attempts = WebhookAttempt.objects.filter(delivery__endpoint=endpoint).count()
        say(f"72 hours without a receiver: {attempts} attempts in {time.monotonic() - began:.0f} s")
        receiver.ask("/there")
        _pass(dispatching, receiver, endpoint, AWAY * 3)
    finally:
        dispatching.end()
    states = Counter(mine.values_list("state", flat=True))
    journal = receiver.ask("/journal")
    endpoint.refresh_from_db()
    WebhookEndpoint.objects.update(active=False)
    return {
        "messages": mine.count(),
        "delivered": states[WebhookDelivery.DONE],
        "attempts_while_away": attempts,
        "virtual_hours": round(dispatching.ahead.total_seconds() / 3600),
        "seconds": round(time.monotonic() - began),
        **judged(journal, dict(mine.values_list("message_id", "event_id"))),
    }


def _pass(dispatching: Dispatching, receiver: Receiver, endpoint: Any, until: timedelta) -> None:
    """Let virtual time pass: whenever nothing is due, on to when something is. Restart the dead."""
    from integrations.models import WebhookDelivery
    from integrations.services import webhook_queue as queue
    from workshop.lib import clock

    open_ones = WebhookDelivery.objects.filter(endpoint=endpoint, state__in=WebhookDelivery.OPEN)
    told = time.monotonic()
    while dispatching.ahead < until and open_ones.exists():
        if not dispatching.is_alive():
            dispatching.fell_by()
            receiver.ask("/orders", {"caller": dispatching.start()})
        if time.monotonic() - told > 20:
            told = time.monotonic()
            say(f"{dispatching.ahead} ahead, {open_ones.count()} open")
        now = clock.now() + dispatching.ahead
        if queue.due(now).exists() or open_ones.filter(state=WebhookDelivery.SENDING).exists():
            time.sleep(0.05)
            continue
        following = queue.next_due(now)
        ahead = max(following - now, STEP) if following else STEP
        dispatching.set(min(dispatching.ahead + ahead, until))


def judged(journal: Mapping[str, Any], wanted: Mapping[str, int]) -> dict[str, Any]:
    """What the receiver saw: all of it, under one id, the same bytes, in the order of receipts."""
    bodies: dict[str, set[str]] = {}
    last: dict[str, int] = {}
    disorder = duplicates = 0
    for entry in journal["entries"]:
        duplicates += entry["id"] in bodies
        bodies.setdefault(entry["id"], set()).add(entry["body"])
        disorder += entry["sequence"] < last.get(entry["stream"], 0)
        last[entry["stream"]] = entry["sequence"]
    return {
        "lost": len(set(wanted) - set(bodies)),
        "double": len(set(bodies) - set(wanted)),
        "duplicates": duplicates,
        "other_bytes": sum(len(one) > 1 for one in bodies.values()),
        "disorder": disorder,
        "wrong_signatures": journal["wrong"],
        "kills": journal["killed"],
    }


# --- slow ---------------------------------------------------------------------------------------


def slow(place: Place, receiver: Receiver, messages: int, rounds: int) -> dict[str, Any]:
    """Seconds for the messages of the others, without and with one that hangs, in pairs.

    Each answer takes :data:`THINKS` seconds, as over a network: what a round takes is the waiting
    and the places that messages wait for, not the processor that everything here shares.
    """
    names = [*(f"quick-{number}" for number in range(QUICK)), "hanging"]
    *quick, hanging = lay(messages, 2, names, receiver)
    receiver.ask("/orders", {"thinks": THINKS})
    dispatching = Dispatching(place)
    dispatching.start()
    pairs: list[tuple[float, float]] = []
    try:
        for number in range(rounds + 1):
            took = {}
            for hangs in (False, True) if number % 2 else (True, False):
                took[hangs] = _round(quick, hanging if hangs else None, receiver)
            say(f"without {took[False]:.2f} s, with one that hangs {took[True]:.2f} s")
            if number:  # the first pair warms up
                pairs.append((took[False], took[True]))
    finally:
        dispatching.end()
        receiver.ask("/orders", {"thinks": 0.0})
    ratios = sorted(with_it / without for without, with_it in pairs)
    low, high = _interval(len(ratios))
    return {
        "messages": messages * QUICK,
        "without_s": round(statistics.median(one for one, _other in pairs), 2),
        "with_s": round(statistics.median(other for _one, other in pairs), 2),
        "pairs": [[round(one, 2), round(other, 2)] for one, other in pairs],
        "ratio": round(statistics.median(ratios), 3),
        "between": [round(ratios[low], 3), round(ratios[high], 3)],
    }


def _interval(count: int) -> tuple[int, int]:
    """Places of the sorted ratios between which the median lies in 95 of 100 cases: by the signs,
    whatever the distribution is. With fewer than six all of them are named."""
    place, below = 0, 1 / 2**count  # how likely it is that so few ratios lie below the median
    while below + math.comb(count, place + 1) / 2**count <= 0.025:
        place += 1
        below += math.comb(count, place) / 2**count
    return place, count - 1 - place


def _round(quick: list[Any], hanging: Any | None, receiver: Receiver) -> float:
    """All messages of the quick ones once more; those of the other hang all the while."""
    from integrations.models import WebhookDelivery, WebhookEndpoint
    from integrations.services.webhook_queue import put_back
    from workshop.lib import clock

    def stand(ids: list[int], *, paused: bool) -> None:
        moment = clock.now() if paused else None
        new = {"paused_at": moment, "failing_since": None, "closed_until": None}
        WebhookEndpoint.objects.filter(pk__in=ids).update(**new)

    ids = [one.pk for one in quick]
    mine = WebhookDelivery.objects.filter(endpoint__in=ids)
    every = WebhookEndpoint.objects.filter(active=True)
    stand(list(every.values_list("pk", flat=True)), paused=True)
    sending = WebhookDelivery.objects.filter(state=WebhookDelivery.SENDING)
    receiver.ask("/orders", {"let_go": True})
    wait_until(lambda: not sending.exists(), every=0.1)
    put_back(mine, clock.now())
    if hanging is not None:
        put_back(WebhookDelivery.objects.filter(endpoint=hanging), clock.now())
        stand([hanging.pk], paused=False)
        wait_until(lambda: sending.count() >= HANGING, every=0.05)
    began = time.monotonic()
    stand(ids, paused=False)
    open_ones = mine.filter(state__in=WebhookDelivery.OPEN)
    wait_until(lambda: not open_ones.exists(), 300, every=0.02)
    return time.monotonic() - began


# --- schedules ----------------------------------------------------------------------------------


def schedules(count: int, seed: int) -> dict[str, Any]:
    from tests.faults.webhook_schedules import run, some_events, told

    events = some_events(receipts=10, each=2)
    plays = []
    for number in range(count):
        plays.append(run(seed * 1_000_000 + number, events))
        if number % 100 == 99:
            say(f"{number + 1} schedules")
    return told(plays)


# --- the program --------------------------------------------------------------------------------


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Receivers of the run live on loopback, without TLS."""
    os.environ.update(WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8", WEBHOOK_ALLOW_HTTP="1")
    yield


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.webhooks", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=PAIRS, help="pairs of the part slow")
    parser.add_argument("--schedules", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default="outage,slow,schedules")
    parser.add_argument("--small", action="store_true", help="a twentieth")
    given = parser.parse_args()
    share = 20 if given.small else 1
    wanted = given.parts.split(",")
    parts: dict[str, Any] = {}
    with _environment(), throwaway() as place, Receiver() as receiver:
        if "outage" in wanted:
            kills = max(1, given.kills // share)
            parts["outage"] = outage(place, receiver, given.messages // share, kills, given.seed)
        if "slow" in wanted:
            if "outage" not in wanted:
                receiver.ask("/there")
            parts["slow"] = slow(place, receiver, OF_EACH, max(1, given.rounds // share))
        if "schedules" in wanted:
            parts["schedules"] = schedules(given.schedules // share, given.seed)
        known = versions(place.vendor)
    result = {
        "lost": parts.get("outage", {}).get("lost", 0),
        "double": parts.get("outage", {}).get("double", 0),
        "duplicates": parts.get("outage", {}).get("duplicates", 0),
        "ratio": parts.get("slow", {}).get("ratio"),
        "parts": parts,
        "runs": len(parts),
        "seeds": [given.seed],
        "versions": known,
    }
    met = is_met(parts, small=given.small)
    finish({**result, "met": met}, met=met)


def is_met(parts: Mapping[str, Any], *, small: bool) -> bool:
    """The goal. One pair of rounds says nothing: the small run only looks that they end."""
    away, beside, random_ones = (parts.get(name) for name in ("outage", "slow", "schedules"))
    zero = ("lost", "double", "other_bytes", "disorder", "wrong_signatures")
    return not (
        (away and (any(away[name] for name in zero) or away["delivered"] < away["messages"]))
        or (beside and not small and beside["between"][1] > SLOWED)
        or (random_ones and random_ones["problems"])
    )


if __name__ == "__main__":
    main()
