"""Managers in the office and programs at the API, for locust: `make load` starts it.

LOAD_WORLD names the file that says who works, LOAD_RESULT the one that what was seen goes to.
Each user has an address of his own (X-Forwarded-For), as behind the proxy of an installation.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import FastHttpUser, events, task

from benchmarks.load.pages import form_of
from benchmarks.load.world import World

WORLD = World.read(Path(os.environ["LOAD_WORLD"]))
OK, CREATED, FOUND, NOT_MODIFIED, CONFLICT, LIMITED = 200, 201, 302, 304, 409, 429
_managers = itertools.cycle(WORLD.managers)
_programs = itertools.cycle(WORLD.programs)
_addresses = itertools.count(1)
stumbled: list[str] = []
seen: dict[str, dict[str, Any]] = defaultdict(lambda: {"times": [], "statuses": defaultdict(int)})


@events.request.add_listener
def note(
    request_type: str, name: str, response_time: float, response: Any = None, **_more: Any
) -> None:
    """Every answer, with its status: 429 and 5xx are told apart from each other."""
    row = seen[f"{request_type} {name}"]
    row["times"].append(round(response_time, 1))
    row["statuses"][str(getattr(response, "status_code", 0) or 0)] += 1


@events.user_error.add_listener
def stumble(exception: BaseException, **_more: Any) -> None:
    """An answer that our own script did not understand."""
    stumbled.append(repr(exception))


@events.quitting.add_listener
def write(**_more: Any) -> None:
    told = {"routes": seen, "stumbled": stumbled}
    Path(os.environ["LOAD_RESULT"]).write_text(json.dumps(told), encoding="utf-8")


class Person(FastHttpUser):
    """Somebody with an address and pauses of his own."""

    abstract = True
    pause = (1.0, 2.0)  # seconds between two acts
    connection_timeout = network_timeout = 60.0

    def wait_time(self) -> float:
        return random.uniform(*self.pause) / WORLD.hurry

    def on_start(self) -> None:
        self.address = f"198.18.{next(_addresses)}.1"

    def ask(
        self, verb: str, path: str, name: str, *, well: tuple[int, ...] = (OK,), **more: Any
    ) -> Any:
        """One request; another status than those in ``well`` is a failure."""
        headers = {"X-Forwarded-For": self.address, **more.pop("headers", {})}
        with self.client.request(
            verb,
            path,
            name=name,
            headers=headers,
            catch_response=True,
            allow_redirects=False,
            **more,
        ) as answer:
            if answer.status_code in well:
                answer.success()
            else:
                answer.failure(f"status {answer.status_code}")
        return answer


class Manager(Person):
    """The office manager's morning: the first page, lists, cards, a remark, some numbers."""

    pause = (2.0, 6.0)
    fixed_count = len(WORLD.managers)

    def on_start(self) -> None:
        super().on_start()
        name, password = next(_managers)
        page = self.ask("GET", "/admin/login/", "/admin/login/")
        form = form_of(page.text, "login-form") | {"username": name, "password": password}
        self.ask("POST", "/admin/login/", "/admin/login/", data=form, well=(FOUND,))
        self.first_page()

    @task(3)
    def first_page(self) -> None:
        self.ask("GET", "/admin/", "/admin/")

    @task(6)
    def list_with_filters(self) -> None:
        query = random.choice(
            (
                "",
                "?status=here",
                "?due=overdue",
                "?due=today",
                f"?status=in_work&master={random.choice(WORLD.masters)}",
                f"?q={random.choice(('Omega', 'Ракета', '77', 'DEMO-12'))}",
            )
        )
        self.ask("GET", f"/admin/receipts/receipt/{query}", "/admin/receipts/receipt/")

    @task(6)
    def card(self) -> None:
        pk = random.choice(WORLD.receipts)
        self.ask("GET", f"/admin/receipts/receipt/{pk}/change/", "/admin/receipts/receipt/…/")

    @task(2)
    def remark(self) -> None:
        path = f"/admin/receipts/receipt/{random.choice(WORLD.receipts)}/do/comment/"
        name = "/admin/receipts/receipt/…/do/comment/"
        page = self.ask("GET", path, name)
        form = form_of(page.text) | {"comment": "Клиент звонил, перезвонить вечером"}
        self.ask("POST", path, name, data=form, well=(FOUND,))

    @task(2)
    def numbers(self) -> None:
        page = random.choice(("quality", "returns", "output", "lead-time", "flow", "first-pass"))
        period = random.choice(("month", "month", "quarter", "all"))
        self.ask("GET", f"/admin/analytics/{page}/?period={period}", f"/admin/analytics/{page}/")


class Program(Person):
    """A shop's till: looks again and again, writes now and then, fetches a file once in a while."""

    pause = (1.2, 2.2)  # below 60 requests a minute
    fixed_count = len(WORLD.programs)

    def on_start(self) -> None:
        super().on_start()
        self.key = next(_programs)
        self.tags: dict[int, str] = {}

    def api(self, verb: str, path: str, name: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        return self.ask(verb, f"/api/v1{path}", f"/api/v1{name}", headers=headers, **more)

    @task(8)
    def newest(self) -> None:
        self.api("GET", "/receipts/?limit=50", "/receipts/")

    @task(5)
    def narrowed(self) -> None:
        query = random.choice(
            (
                "status=in_work,returned&limit=50",
                "overdue=true&ordering=deadline&fields=number,deadline,master",
                "status=ready&expand=operations,checks&limit=20",
            )
        )
        self.api("GET", f"/receipts/?{query}", "/receipts/?…")

    @task(8)
    def one_with_its_tag(self) -> None:
        pk = random.choice(WORLD.receipts[:50])
        known = {"If-None-Match": self.tags[pk]} if pk in self.tags else {}
        answer = self.api(
            "GET",
            f"/receipts/{pk}/",
            "/receipts/…/",
            headers=known,
            well=(OK, NOT_MODIFIED),
        )
        self.tags[pk] = answer.headers.get("ETag", "") if answer.headers else ""

    @task(4)
    def remark_twice(self) -> None:
        """The network swallowed the answer: the same key again has no second effect."""
        pk, key = random.choice(WORLD.receipts), uuid4().hex
        for again in (False, True):
            answer = self.api(
                "POST",
                f"/receipts/{pk}/comments/",
                "/receipts/…/comments/",
                json={"text": "Клиент придёт в четверг"},
                headers={"Idempotency-Key": key},
            )
            if again and (answer.headers or {}).get("Idempotent-Replayed") != "true":
                note("POST", "/api/v1/receipts/…/comments/ (not replayed)", 0.0)

    @task(2)
    def register(self) -> None:
        self.api(
            "POST",
            "/receipts/",
            "/receipts/",
            json={"number": f"LOAD-{uuid4().hex[:10]}", "facts": {"complaint": "отстаёт"}},
            headers={"Idempotency-Key": uuid4().hex},
            well=(CREATED,),
        )

    @task(1)
    def history(self) -> None:
        pk = random.choice(WORLD.issued)
        self.api("GET", f"/receipts/{pk}/events/?expand=words", "/receipts/…/events/")

    @task(1)
    def numbers(self) -> None:
        self.api("GET", "/analytics/quality/?period=month", "/analytics/quality/")

    @task(1)
    def list_as_file(self) -> None:
        self.api("GET", "/receipts/?status=in_work&format=xlsx", "/receipts/?format=xlsx")

    @task(1)
    def export(self) -> None:
        """Asked for here, written by a worker, fetched when it is done."""
        asked = self.api(
            "POST",
            "/exports/",
            "/exports/",
            json={"list": "receipts", "query": {"status": "in_work"}, "format": "csv"},
            headers={"Idempotency-Key": uuid4().hex},
            well=(CREATED, OK),
        )
        if asked.status_code not in (CREATED, OK):
            return
        pk = asked.json()["result"]["id"]
        for _attempt in range(4):
            self.wait()
            state = self.api("GET", f"/exports/{pk}/", "/exports/…/")
            if state.status_code == OK and state.json()["state"] == "done":
                self.api("GET", f"/exports/{pk}/file/", "/exports/…/file/")
                return
