"""`make faults-forged`: updates that nobody sent, replays and copied buttons have no effect.

    python -m tests.faults.forged [--count 5000] [--seed 1] [--people 40] [--small]

A real `runbot --webhook` on a throw-away PostgreSQL database. Inspectors stand before buttons that
write; every second one presses, once, which must have its effect; the others wait. Then forgeries
of a dozen kinds are posted to the webhook, in turn. Prints one JSON object; exit code 0 when no
effect came of them, nobody without access read anything, no answer was wrong or 5xx, and no input
was given up.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import secrets
import signal
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.faults.forgeries import Forger, Forgery, Target
from tests.faults.setup import (
    BotProcess,
    Place,
    Simulator,
    finish,
    free_port,
    say,
    throwaway,
    versions,
    wait_until,
)

if TYPE_CHECKING:
    from tests.faults.kills import Run, Visit

COUNT = 5_000
PEOPLE = 40
OUTSIDERS = 400  # each is slowed down by himself
THREADS = 8
SETTLE = 400.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.forged")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int)
    parser.add_argument("--small", action="store_true", help="a twentieth, for every change")
    wanted = parser.parse_args()
    count = wanted.count or (COUNT // 20 if wanted.small else COUNT)
    people = wanted.people or (PEOPLE // 4 if wanted.small else PEOPLE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with throwaway() as place:
        result = run(place, seed=wanted.seed, count=count, people=people)
    finish(result, met=result["met"])


def run(place: Place, *, seed: int, count: int, people: int) -> dict[str, Any]:
    from tests.cast import make_cast
    from tests.faults import kills

    started = time.monotonic()
    with Simulator(place) as simulator:
        scene = kills.Run(place, simulator, make_cast(), random.Random(seed), seed)
        kills.lead_to_keyboards(scene, people)
        port, secret = free_port(), secrets.token_urlsafe(24)
        bot = _webhook_bot(scene, port, secret)
        try:
            targets = _press_half(scene, bot)
            say("forgeries")
            outsiders = [50_000 + number for number in range(OUTSIDERS)] + _leavers(scene)
            wrong, sent = _attack(scene, port, secret, targets, outsiders, count)
            kills._settle(scene, bot)
        finally:
            bot.end()
        found = _judge(scene, outsiders)
    return {
        "name": "faults-forged",
        "met": not (any(found[name] for name in GOAL) or wrong),
        **found,
        "wrong_answers": sum(wrong.values()),
        "wrong": [f"{name}: {number}" for name, number in wrong.most_common(20)],
        "runs": count,
        "seeds": [seed],
        "parts": dict(sorted(sent.items())),
        "database": place.vendor,
        "seconds": round(time.monotonic() - started),
        "versions": versions(place.vendor),
    }


GOAL = ("lost", "double", "leaks", "failed", "waiting", "history_findings")


def _webhook_bot(scene: Run, port: int, secret: str) -> BotProcess:
    from botapp.transport.webhook import PATH

    bot = BotProcess(
        scene.place,
        scene.simulator,
        HOST="127.0.0.1",
        TELEGRAM_WEBHOOK_URL=f"http://127.0.0.1:{port}{PATH}",
        TELEGRAM_WEBHOOK_SECRET=secret,
        TELEGRAM_WEBHOOK_PORT=str(port),
    )
    bot.start("--webhook")
    wait_until(lambda: _answers(port) or bot.ensure_alive())
    return bot


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _press_half(scene: Run, bot: BotProcess) -> list[Target]:
    """The updates of those who press are what is replayed; the keyboards of the others are live."""
    from botapp.models import InboundUpdate
    from tests.faults import kills
    from tests.faults.counting import newest_event
    from tests.faults.flows import Press

    scene.mark = newest_event()
    before = InboundUpdate.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    scene.visits = [one for one in scene.visits if isinstance(one.flow.last, Press)]
    shown = [
        (one, one.phone.update(one.flow.last)[1], _offered(scene, one)) for one in scene.visits
    ]
    pressing = scene.visits[::2]
    kills.send(scene, [one.phone.update(one.flow.last) for one in pressing])
    kills._settle(scene, bot)
    raw = InboundUpdate.objects.filter(pk__gt=before).values_list("chat_id", "raw")
    pressed = {chat_id: json.loads(text) for chat_id, text in raw}
    targets = [
        Target(one.phone.id, act["message_id"], act["data"], offered, pressed.get(one.phone.id))
        for one, act, offered in shown
    ]
    scene.visits = pressing  # whose effects are expected
    return targets


def _offered(scene: Run, visit: Visit) -> frozenset[str]:
    screen = scene.simulator.client.last_screen(visit.phone.id) or {"keyboard": []}
    return frozenset(key.get("callback_data", "") for row in screen["keyboard"] for key in row)


def _leavers(scene: Run) -> list[int]:
    """Employees whose access has ended; their accounts are still known."""
    from staff.services.people import add_employee, set_active
    from workshop.lib.actor import system_actor

    actor = system_actor("faults")
    found = []
    for number in range(10):
        telegram_id = 40_000 + number
        person = add_employee(
            full_name=f"Ушедший {number}", roles=["inspector"], telegram_id=telegram_id, actor=actor
        ).object
        set_active(employee_id=person.pk, active=False, actor=actor)
        found.append(telegram_id)
    return found


# --- the attack -------------------------------------------------------------------------------


def _attack(
    scene: Run, port: int, secret: str, targets: list[Target], outsiders: list[int], count: int
) -> tuple[Counter[str], Counter[str]]:
    """(wrong answers, all that were sent) by kind."""
    from botapp.transport.webhook import PATH, SECRET_HEADER

    scene.ledger_mark = scene.simulator.client.ledger()[-1]["n"]
    forger = Forger(scene.rng, secret, targets, outsiders)
    forged = list(itertools.islice(forger, count))

    def post(one: Forgery) -> tuple[str, int | str, bool]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Content-Type": "application/json"}
        if one.secret is not None:
            headers[SECRET_HEADER] = one.secret.encode().decode("latin-1")
        try:
            connection.request("POST", urlsplit(PATH).path, one.body, headers)
            status: int | str = connection.getresponse().status
        except OSError as error:
            status = type(error).__name__
        finally:
            connection.close()
        # A body that is too large may be cut off instead of being read to its end.
        cut = isinstance(status, str) and len(one.body) > 1024 * 1024
        return one.name, status, cut or status in one.right

    wrong: Counter[str] = Counter()
    with ThreadPoolExecutor(THREADS, "attacker") as threads:
        for name, status, right in threads.map(post, forged):
            if not right:
                wrong[f"{name} → {status}"] += 1
    return wrong, Counter(one.name for one in forged)


def _judge(scene: Run, outsiders: list[int]) -> dict[str, Any]:
    from botapp.models import InboundUpdate
    from history.verify import verify
    from receipts.models import Receipt
    from receipts.projection import differences
    from tests.faults.counting import effects_since
    from tests.faults.kills import expected

    wanted, found = expected(scene.visits), effects_since(scene.mark)
    # That somebody was refused, and that employees joined and left before the attack.
    effects = {
        (what, kind): number
        for (what, kind), number in found.items()
        if not kind.startswith(("access.refused", "employee."))
    }
    extra = Counter(effects) - wanted
    states = Counter(InboundUpdate.objects.values_list("state", flat=True))
    leaks = _leaks(scene, set(outsiders))
    return {
        "lost": (wanted - found).total(),
        "double": extra.total(),
        "details": [f"{what} {kind}: {number}" for (what, kind), number in extra.items()][:20],
        "leaks": len(leaks),
        "leaked": leaks[:5],
        "failed": states[InboundUpdate.FAILED],
        "given_up": [
            f"{row.error}: {row.raw[:400]}"
            for row in InboundUpdate.objects.filter(state=InboundUpdate.FAILED)[:5]
        ],
        "waiting": states[InboundUpdate.NEW],
        "updates_taken": states[InboundUpdate.DONE],
        "history_findings": sum(1 for _finding in verify()),
        "projection_differences": sum(bool(differences(one)) for one in Receipt.objects.all()),
    }


def _leaks(scene: Run, outsiders: set[int]) -> list[str]:
    """What people without access were sent that is not the one polite message."""
    words = {next(iter(one.flow.effects))[0] for one in scene.visits}
    found = []
    for entry in scene.simulator.client.ledger(scene.ledger_mark):
        params = entry.get("params") or {}
        chat = int(params.get("chat_id") or 0)
        if entry["kind"] != "call" or not (chat in outsiders or chat < 0):
            continue
        text = f"{params.get('text', '')} {params.get('reply_markup', '')}"
        if chat < 0 or "callback_data" in text or any(word in text for word in words):
            found.append(f"{chat}: {text[:200]}")
    return found


if __name__ == "__main__":
    main()
