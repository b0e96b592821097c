"""`make fuzz-api`: Schemathesis asks the whole API whatever its description allows, and does not.

    python -m tests.fuzz.api [--requests 50000] [--seed 1] [--seconds 500] [--small]

The site runs as deployed on a fresh database with invented data; a client with every scope asks.
Every check of Schemathesis is on (`schemathesis.toml` says with which bounds), in every phase:
examples, coverage, fuzzing and stateful sequences. Prints one JSON object; exit code 0 when there
were that many requests and nothing was found. A seed repeats its requests; further seeds resume.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.setup import ROOT, Place, finish, say, throwaway, versions
from tests.fuzz.server import Site

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
REQUESTS, MOST_EXAMPLES = 50_000, 30
RECEIPTS = 60
# A list, a row, verbs with If-Match and a body: every phase has something to do.
SMALL = "/(customers|metals)/"


def main() -> None:
    wanted = _arguments()
    with throwaway(sqlite=wanted.sqlite) as place:
        key = prepare()
        with Site(place) as site:
            result = _run(place, site, key, wanted)
        result["versions"] = versions(place.vendor)
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="at least so many")
    parser.add_argument("--seed", type=int, default=1, help="the first of as many as are needed")
    parser.add_argument("--seconds", type=int, default=520, help="no new seed after that")
    parser.add_argument("--examples", type=int, default=MOST_EXAMPLES, help="for an address")
    parser.add_argument("--only", default="", help="addresses that match this")
    parser.add_argument("--small", action="store_true", help="a few addresses, for every change")
    parser.add_argument("--sqlite", action="store_true")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.only, wanted.examples, wanted.requests = SMALL, 3, 1
    return wanted


def prepare() -> str:
    """An invented workshop, and the key of a client that may do everything."""
    from django.core.management import call_command

    from integrations import scopes
    from integrations.services.clients import add_client, issue_key
    from staff.models import Employee
    from workshop.lib.actor import system_actor

    call_command("seed_demo", receipts=RECEIPTS, days=30, force=True, stdout=sys.stderr)
    actor = system_actor("fuzz")
    inspector = Employee.objects.active().filter(is_inspector=True).order_by("pk")[0]
    client = add_client(
        name="fuzz", scopes=scopes.ALL, employee_id=inspector.pk, actor=actor
    ).object
    return issue_key(client_id=client.pk, actor=actor).shown_once["key"]


def _run(place: Place, site: Site, key: str, wanted: argparse.Namespace) -> dict[str, Any]:
    started, seed = time.monotonic(), wanted.seed
    requests, found = Counter[str](), dict[str, str]()
    while sum(requests.values()) < wanted.requests:
        if seed > wanted.seed and time.monotonic() - started > wanted.seconds:
            break
        say(f"seed {seed}, {sum(requests.values())} requests so far")
        one = _fuzz(place, site, key, seed, wanted)
        requests.update(one.statuses)
        found.update(one.findings)
        seed += 1
    total = sum(requests.values())
    broken = sum(count for status, count in requests.items() if status >= "5")
    from history.verify import verify

    wrong = sum(1 for _finding in verify())
    return {
        "name": "fuzz-api",
        "met": total >= wanted.requests and not (found or broken or wrong),
        "requests": total,
        "runs": total,
        "findings": len(found),
        "examples": list(found.values())[:20],
        "statuses": dict(sorted(requests.items())),
        "server_errors": broken,
        "history_findings": wrong,
        "seeds": [wanted.seed, seed - 1],
        "seconds": round(time.monotonic() - started, 1),
        "database": place.vendor,
        **({"resume": f"--seed {seed}"} if total < wanted.requests else {}),
    }


class Fuzzed:
    """What one seed asked and what came of it."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.findings: dict[str, str] = {}


def _fuzz(place: Place, site: Site, key: str, seed: int, wanted: argparse.Namespace) -> Fuzzed:
    report = place.folder / f"fuzz-{seed}.ndjson"
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIGURATION)]
    command += ["run", str(ROOT / "docs" / "openapi.yaml"), "--url", site.url, "--seed", str(seed)]
    command += ["-H", f"Authorization: Bearer {key}", "--max-examples", str(wanted.examples)]
    # Not more: threads of CPython 3.11 that parse code at a time end each other ("AST constructor
    # recursion depth mismatch"), and Hypothesis parses what it describes.
    command += ["--continue-on-failure", "--workers", "1", "--no-color"]
    command += ["--generation-database", "none", "--report-ndjson-path", str(report)]
    if wanted.only:
        command += ["--include-path-regex", wanted.only]
    done = subprocess.run(
        command,
        cwd=place.folder,  # it keeps failures in its working folder
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(place.folder / "hypothesis")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stderr.write(re.sub(re.escape(key), "<key>", done.stdout[-60_000:]))
    found = Fuzzed()
    for scenario in _scenarios(report):
        _read(scenario, found)
    report.unlink()
    if done.returncode not in {0, 1} or (done.returncode == 1 and not found.findings):
        found.findings["schemathesis"] = f"ended with {done.returncode}: {done.stdout[-1500:]}"
    return found


def _scenarios(report: Path) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError), report.open() as lines:
        for line in lines:
            if line.startswith('{"ScenarioFinished"'):
                yield json.loads(line)["ScenarioFinished"]["recorder"]


def _read(scenario: dict[str, Any], found: Fuzzed) -> None:
    for exchange in scenario.get("interactions", {}).values():
        answer = exchange.get("response") or {}
        found.statuses[str(answer.get("status_code", "none"))] += 1
    for case, checks in scenario.get("checks", {}).items():
        for check in checks:
            if check["status"] == "success":
                continue
            failure = (check.get("failure_info") or {}).get("failure") or {}
            label = failure.get("operation") or scenario.get("label", "")
            name = f"{label} {check['name']} {failure.get('title', '')}"
            request = scenario["interactions"].get(case, {}).get("request", {})
            told = f"{failure.get('message', '')} {request.get('uri', '')}"
            found.findings.setdefault(name, f"{name}: {told}"[:600])


if __name__ == "__main__":
    main()
