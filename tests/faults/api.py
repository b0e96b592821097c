"""`make faults-api`: one intention is sent again and again, also at once: one effect per key.

    python -m tests.faults.api [--schedules 1000] [--seed 1] [--only receipts] [--seconds 500]
                               [--processes 3]

Every writing address of the API, so many random schedules for each: a request under its
`Idempotency-Key` is sent 2 to 6 times by up to four threads with connections of their own, some of
them at the same moment, some later, some under the same key with another body, some given up by
the client. However it went, there is the effect of one request, all answers tell of the same row,
and the foreign body is refused. Several processes share the addresses, each with a database of its
own: a schedule mostly waits. What does not fit into the time is named by `resume`. Prints one JSON
object; exit code 0 when no effect was lost or doubled.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults.setup import Place, finish, say, throwaway, versions

if TYPE_CHECKING:
    from tests.api.bed import Request
    from tests.api.callers import Caller
    from tests.cast import Cast

SCHEDULES, SECONDS = 1_000, 500
# Signing up has no key: its token is used up by the first request. Trying a rule out writes
# nothing, the usual rules are added once, however often that is asked, and a snapshot is no event.
APART = ("/auth/", "/alert-rules/{id}/test/", "/alert-rules/seed/", "/snapshot/capture/")
THREADS = 4
MOST_TIMES = 6
SUMS = ("runs", "requests", "lost", "double", "told_otherwise", "errors")
JITTER = 0.02  # seconds; about as long as a request takes


def main() -> None:
    wanted = _arguments()
    if wanted.processes > 1:
        result = _shared(wanted)
        finish(result, met=result["met"])
    with throwaway(sqlite=wanted.sqlite) as place:
        result = _run(place, wanted)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.api")
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="for each address")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="addresses that contain this")
    parser.add_argument("--begin", default="", help="go on with this address")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="no new address after that")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--share", default="1/1", help="of the addresses: every third is 1/3")
    return parser.parse_args()


def _shared(wanted: argparse.Namespace) -> dict[str, Any]:
    """The sums of several processes, each with its share of the addresses."""
    words = [word for word in sys.argv[1:] if word != "--sqlite"]
    command = [sys.executable, "-m", "tests.faults.api", *words, "--processes", "1"]
    command += ["--sqlite"] * wanted.sqlite
    shares = [f"{number + 1}/{wanted.processes}" for number in range(wanted.processes)]
    running = [
        subprocess.Popen([*command, "--share", share], stdout=subprocess.PIPE) for share in shares
    ]
    several = [json.loads(one.communicate()[0]) for one in running]
    result = dict(several[0])
    for name in (*SUMS, "history_findings", "addresses"):
        result[name] = sum(one[name] for one in several)
    result["details"] = [told for one in several for told in one["details"]][:20]
    result["seconds"] = max(one["seconds"] for one in several)
    result["met"] = all(one["met"] for one in several)
    result["resume"] = [one["resume"] for one in several if "resume" in one]
    return result


@dataclass
class Tally:
    runs: int = 0
    requests: int = 0
    lost: int = 0
    double: int = 0
    told_otherwise: int = 0  # answers that differ, or foreign bodies that were not refused
    errors: int = 0  # 5xx
    details: list[str] = field(default_factory=list)

    def note(self, name: str, told: str) -> None:
        setattr(self, name, getattr(self, name) + 1)
        self.details.append(f"{name}: {told}"[:400])


def _run(place: Place, wanted: argparse.Namespace) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connections

    from analytics.services import alert_rules
    from history.verify import verify
    from tests.api.bed import writing
    from tests.api.callers import make_caller
    from tests.cast import make_cast

    settings.API_RATE = settings.API_ADDRESS_RATE = 10_000_000
    settings.WORKSHOP_SELF_SERVICE = True
    settings.ALLOWED_HOSTS = ["testserver"]
    alert_rules.MOST_RULES = 10_000_000  # type: ignore[misc]  # a new one by each schedule
    cast = make_cast()
    shop = make_caller(employee_id=cast.igor.pk)
    paths = [
        path for path in writing() if wanted.only in path and not any(one in path for one in APART)
    ]
    share, shares = map(int, wanted.share.split("/"))
    paths = paths[share - 1 :: shares]
    rest = paths[paths.index(wanted.begin) :] if wanted.begin else paths
    tally, parts, started = Tally(), dict[str, int](), time.monotonic()
    with ThreadPoolExecutor(THREADS, "retry", initializer=connections.close_all) as threads:
        while rest and (not parts or time.monotonic() - started < wanted.seconds):
            path = rest.pop(0)
            say(path)
            for number in range(wanted.schedules):
                schedule = Schedule(path, wanted.seed, number, cast, shop, threads)
                schedule.run(tally)
            parts[path] = wanted.schedules
        _let_go(threads)
    wrong = sum(1 for _finding in verify())
    bad = tally.lost or tally.double or tally.told_otherwise or tally.errors or wrong
    result = {
        "met": not bad and not rest,
        **{name: getattr(tally, name) for name in SUMS},
        "details": tally.details[:20],
        "history_findings": wrong,
        "addresses": len(parts),
        "schedules_each": wanted.schedules,
        "seeds": [wanted.seed],
        "seconds": round(time.monotonic() - started, 1),
        "database": place.vendor,
        "versions": versions(place.vendor),
    }
    return result | ({"resume": f"--share {wanted.share} --begin {rest[0]}"} if rest else {})


def _let_go(threads: ThreadPoolExecutor) -> None:
    """Each thread closes its connection."""
    from django.db import connections

    together = threading.Barrier(THREADS)

    def leave() -> None:
        together.wait()
        connections.close_all()

    for done in [threads.submit(leave) for _thread in range(THREADS)]:
        done.result()


class Schedule:
    """One intention, and how it is sent."""

    def __init__(
        self,
        path: str,
        seed: int,
        number: int,
        cast: Cast,
        shop: Caller,
        threads: ThreadPoolExecutor,
    ) -> None:
        from tests.api.bed import request_for

        self.rng = random.Random(f"{seed} {path} {number}")
        self.name = f"{path} {seed}:{number}"
        self.shop, self.threads = shop, threads
        self.request: Request = request_for(path, cast)
        self.key = f"{seed}-{number}-{path.replace('/', '.')}"

    def run(self, tally: Tally) -> None:
        from tests.faults.counting import newest_event

        mark = newest_event()
        times = self.rng.randint(2, MOST_TIMES)
        together = self.rng.randint(1, min(times, THREADS))
        answers = self._together(together)
        for _again in range(times - together):
            answers.append(self._send())
        foreign = self._send(foreign=True) if self.rng.random() < 0.3 else None
        tally.runs += 1
        tally.requests += times + (foreign is not None)
        self._judge(tally, mark, answers, foreign)

    def _together(self, count: int) -> list[Any]:
        barrier = threading.Barrier(count)
        waits = [self.rng.choice((0.0, self.rng.uniform(0, JITTER))) for _one in range(count)]

        def send(wait: float) -> Any:
            barrier.wait()
            time.sleep(wait)
            return self._send()

        return [one.result() for one in [self.threads.submit(send, wait) for wait in waits]]

    def _send(self, *, foreign: bool = False) -> Any:
        from tests.api.bed import BASE, picture_bytes

        headers = {"Idempotency-Key": self.key}
        if self.request.files:
            file = io.BytesIO(picture_bytes(41 if foreign else 40))
            file.name = "watch.jpg"
            return self.shop.http.post(BASE + self.request.path, {"photo": file}, headers=headers)
        path = self.request.path
        body = self.request.body
        if foreign:  # the same key for something else: another verb
            path, body = "/customers/", {"name": "Другой", "phone": "+79990000000"}
            if self.request.path == path:
                path, body = "/watches/", {"brand": "Other"}
        return self.shop.post(path, body, headers=headers)

    def _judge(self, tally: Tally, mark: int, answers: list[Any], foreign: Any) -> None:
        from history.models import Event

        if any(one.status_code >= 500 for one in [*answers, *([foreign] if foreign else [])]):
            tally.note("errors", self.name)
            return
        commands = set(Event.objects.filter(pk__gt=mark).values_list("command__key", flat=True))
        good = [one for one in answers if one.status_code == self.request.status]
        first = [one for one in good if "Idempotent-Replayed" not in one]
        if not good or not commands:
            tally.note("lost", f"{self.name}: {answers[0].content.decode()}")
        elif commands != {self.key} or len(first) != 1:
            tally.note("double", f"{self.name}: {commands}, {len(first)} first answers")
        told = {json.dumps(_ids(one.json()), sort_keys=True) for one in good}
        if len(good) != len(answers) or len(told) != 1:
            statuses = Counter(one.status_code for one in answers)
            tally.note("told_otherwise", f"{self.name}: {dict(statuses)} {told}")
        if foreign is not None and foreign.status_code != 422:
            tally.note("told_otherwise", f"{self.name}: another body: {foreign.status_code}")


def _ids(body: dict[str, Any]) -> Any:
    """What every answer of one command must tell alike."""
    return {
        "id": body["result"]["id"],
        "already": body["already"],
        "warnings": body["warnings"],
        **{name: value for name, value in body["result"].items() if name.endswith("_ids")},
    }


if __name__ == "__main__":
    main()
