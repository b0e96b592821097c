"""What is going on while programs are asked to end, and the count of it afterwards."""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from benchmarks.web import Site
from botapp.models import InboundUpdate, OutgoingMessage
from history.models import Event, Outbox
from history.verify import verify
from integrations.imports.results import outcomes
from integrations.models import DataJob, WebhookDelivery
from integrations.services.clients import add_client, issue_key
from integrations.services.imports import bring
from integrations.services.webhooks import add_webhook
from integrations.tests.tables import as_csv
from receipts.models import Receipt
from staff import roles
from staff.services.people import add_employee
from tests.cast import make_cast
from tests.faults import leading, programs
from tests.faults.flows import Act, Press, Text
from tests.faults.ledger import duplicates
from tests.faults.phones import SimPhone
from tests.faults.programs import Program
from tests.faults.setup import Place, Simulator, free_port, say, wait_until
from tests.faults.webhooks import Receiver, judged
from workshop.lib import clock
from workshop.lib.actor import system_actor

STUCK: Final = 120.0  # seconds without an answer of the bot
SETTLE: Final = 240.0
CREATED, OK = 201, 200
REGISTERED: Final = "receipt.registered"
READY: Final = {"bot": "the bot is ready", "worker": " ready.", "beat": "this scheduler"}


@dataclass
class Phone:
    """An inspector who registers one watch after the other; each act follows an answer."""

    phone: SimPhone
    prefix: str
    numbers: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    seen: Any = None
    acted_at: float = 0.0
    finished: int = 0
    waits: bool = False

    def step(self, *, goes_on: bool) -> bool:
        """The next act when the last one was answered; False when there is nothing left to do."""
        screen = self.phone.client.last_screen(self.phone.id)
        if self.waits and screen == self.seen:
            if time.monotonic() - self.acted_at > STUCK:
                raise AssertionError(f"no answer to {self.phone.id}")
            return True
        if self.waits and not self.acts:
            self.finished += 1
        self.waits = False
        if not self.acts:
            if not goes_on:
                return False
            self._begin()
        self._act(self.acts[0], screen)
        return True

    def _begin(self) -> None:
        number = f"{self.prefix}-{len(self.numbers)}"
        self.numbers.append(number)
        self.acts = [Text("/menu"), Press("open", "50"), Text(number), Press("create")]

    def _act(self, act: Act, screen: Any) -> None:
        client = self.phone.client
        if isinstance(act, Text):
            client.send_text(self.phone.id, act.text)
        else:
            _kind, entry = self.phone.update(act)
            client.press(self.phone.id, data=entry["data"])
        self.acts.pop(0)
        self.seen, self.acted_at, self.waits = screen, time.monotonic(), True


@dataclass
class Calls:
    """Requests of programs, each repeated under its key until it is answered."""

    site: Site
    key: str
    prefix: str
    answered: list[str] = field(default_factory=list)
    again: int = 0  # not taken by anybody, or taken and cut
    cut: int = 0  # of these, what the site had carried out without telling
    errors: Counter[int] = field(default_factory=Counter)

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            self._insist(f"{self.prefix}-{number}")
            number += 1
            stop.wait(0.1)

    def _insist(self, number: str) -> None:
        request, tries = self._request(number), 0
        until = time.monotonic() + STUCK
        while time.monotonic() < until:
            answer = self.site.ask(request)
            if answer.status in {OK, CREATED}:
                self.answered.append(number)
                self.cut += tries > 0 and answer.header("Idempotent-Replayed") == "true"
                return
            tries += 1
            if answer.status:
                self.errors[answer.status] += 1
            self.again += 1
            time.sleep(0.05)
        raise AssertionError(f"no answer to {number}")

    def _request(self, number: str) -> bytes:
        body = json.dumps({"number": number}).encode()
        head = [
            "POST /api/v1/receipts/ HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Authorization: Bearer {self.key}",
            f"Idempotency-Key: {number}",
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class World:
    """The workshop in full swing; ``programs`` may be ended and started at any time."""

    def __init__(
        self,
        place: Place,
        messenger: Simulator,
        receiver: Receiver,
        rng: random.Random,
        wanted: argparse.Namespace,
    ) -> None:
        self.place, self.messenger, self.receiver = place, messenger, receiver
        self.wanted, self.rng = wanted, rng
        self.actor = system_actor("faults")
        self.cast = make_cast()
        leading.prepare()
        self.began = clock.now()
        self.mark = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.port = free_port()
        self.programs = self._programs()
        self.endpoint = self._endpoint()
        self.phones = [self._phone(number) for number in range(wanted.people)]
        self.calls = self._callers()
        self.imports: list[DataJob] = []
        self.faults: list[str] = []
        self._stop = threading.Event()

    # --- what there is ------------------------------------------------------------------------

    def _programs(self) -> dict[str, Program]:
        more = {"API_RATE": "1000000", "API_ADDRESS_RATE": "1000000"}
        site = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        site += ["--bind", f"127.0.0.1:{self.port}", "workshop.wsgi"]
        tells = {"LOG_LEVEL": "INFO", "LOG_FORMAT": "console"}
        messenger = {"SIMULATOR_URL": self.messenger.origin}
        bot = ["manage.py", "runbot"]
        # The site wakes the worker over the same queue as the scheduler does.
        queue = programs._settings({})
        return {
            "web": Program(self.place, "web", site, **queue | more | {"LOG_LEVEL": "ERROR"}),
            "bot": Program(self.place, "runbot", bot, **queue | tells | messenger),
            "worker": programs.worker(self.place, "worker"),
            "beat": programs.beat(self.place, "beat"),
        }

    def _endpoint(self) -> Any:
        outcome = add_webhook(
            url=self.receiver.url("stopping"), kinds=[REGISTERED], actor=self.actor
        )
        self.receiver.ask("/orders", {"secrets": {"stopping": outcome.shown_once["secret"]}})
        self.receiver.ask("/orders", {"thinks": 0.3})  # so that some are on their way
        self.receiver.ask("/there")
        return outcome.object

    def _phone(self, number: int) -> Phone:
        telegram_id = 30_000 + number
        person = add_employee(
            full_name=f"Контролёр {number}",
            roles=[roles.INSPECTOR],
            telegram_id=telegram_id,
            actor=self.actor,
        ).object
        self.messenger.client.add_person(telegram_id, person.short_name, started=True)
        return Phone(SimPhone(self.messenger.client, telegram_id), f"B{number}")

    def _callers(self) -> list[Calls]:
        scopes = ["receipts:read", "receipts:write"]
        client = add_client(name="till", scopes=scopes, actor=self.actor).object
        key = issue_key(client_id=client.pk, actor=self.actor).shown_once["key"]
        site = Site(self.port, 0)
        return [Calls(site, key, f"A{number}") for number in range(self.wanted.callers)]

    # --- while ----------------------------------------------------------------------------------

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Everything runs for the length of the block; then all of it comes to its end."""
        with leading.running(list(self.programs.values())):
            for name in self.programs:
                self.wait_ready(name)
            self.open()
            threads = [threading.Thread(target=self._guarded, args=(one,)) for one in self.work()]
            for one in threads:
                one.start()
            try:
                yield
            finally:
                for name in self.programs:
                    self.wait_ready(name)
                self._stop.set()
                for one in threads:
                    one.join()
            self._settle()

    def open(self) -> None:
        """What is done once all of it runs, before the work begins."""

    def work(self) -> list[Callable[[threading.Event], None]]:
        """What goes on until the event is set, each in a thread of its own."""
        return [*(one.run for one in self.calls), self._press, self._import]

    def _guarded(self, work: Any) -> None:
        try:
            work(self._stop)
        except Exception as error:  # told at the end: the run goes on to show the rest
            self.faults.append(f"lost: {type(error).__name__} {error}"[:300])
        finally:
            connections.close_all()

    def _press(self, stop: threading.Event) -> None:
        """All people in turn, from one thread: none waits for another one's answer."""
        busy = list(self.phones)
        while busy:
            goes_on = not stop.is_set()
            busy = [one for one in busy if one.step(goes_on=goes_on)]
            time.sleep(0.05)

    def _import(self, stop: threading.Event) -> None:
        """One import after the other; the last one is waited for."""
        while not stop.is_set():
            letter = f"I{len(self.imports)}"
            rows = [[f"{letter}-{number}", "Иван"] for number in range(self.wanted.rows)]
            content = as_csv([["Номер", "Клиент"], *rows])
            job = bring(
                subject="receipts",
                content=content,
                then="import",
                actor=self.cast.actor("anna", "admin"),
            ).object.run_job
            self.imports.append(job)
            wait_until(lambda job=job: self._is_finished(job), STUCK * 3, 0.5)

    def _fresh(self, job: DataJob) -> DataJob:
        close_old_connections()
        return DataJob.objects.get(pk=job.pk)

    def _is_finished(self, job: DataJob) -> bool:
        try:
            return self._fresh(job).is_finished
        except DatabaseError:  # it is away on purpose
            return False

    def wait_ready(self, name: str) -> None:
        program = self.programs[name]
        if name == "web":
            site, ask = Site(self.port, 0), b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n"
            wait_until(lambda: site.ask(ask).status == OK, SETTLE, 0.1)
        else:
            wait_until(lambda: program.says(READY[name]), SETTLE, 0.1)

    def wait_for_progress(self) -> None:
        """Until a program, a person and the schedule have each done something more."""
        before = self._done()

        def standing() -> list[str]:
            return [name for name, done in self._done().items() if not done > before[name]]

        try:
            wait_until(lambda: not standing(), SETTLE, 0.1)
        except AssertionError:
            told = f"no progress of {standing()}; until then: {self.faults}"
            say(told)  # an error on the way out would be the last word
            raise AssertionError(told) from None

    def _done(self) -> dict[str, Any]:
        return {
            "people": sum(one.finished for one in self.phones),
            "callers": sum(len(one.answered) for one in self.calls),
            "schedule": leading._newest_run(),
        }

    def _settle(self) -> None:
        say("settling")
        leading.settle()
        wait_until(lambda: not any(self._open_ends().values()), SETTLE, 0.25)

    def _open_ends(self) -> dict[str, int]:
        messages = OutgoingMessage.objects.exclude(
            state__in=[OutgoingMessage.SENT, OutgoingMessage.DEAD]
        )
        ticks = Outbox.objects.filter(done_at__isnull=True, event__kind__startswith="receipt.")
        return {
            "updates": InboundUpdate.objects.filter(state=InboundUpdate.NEW).count(),
            "events": ticks.count(),
            "messages": messages.count(),
            "deliveries": WebhookDelivery.objects.filter(state__in=WebhookDelivery.OPEN).count(),
        }

    # --- after ----------------------------------------------------------------------------------

    def count(self, *, runs_once: bool = True) -> dict[str, Any]:
        """Each intention against its effect. ``runs_once``: no job was broken off."""
        wanted = [number for one in self.calls for number in one.answered]
        wanted += [number for one in self.phones for number in one.numbers]
        told_of = Event.objects.filter(pk__gt=self.mark, kind=REGISTERED)
        found = self._numbers(list(told_of.values_list("stream", flat=True)))
        lost = sum(1 for number in wanted if number not in found) + len(self.faults)
        double = sum(count - 1 for count in found.values())
        imported = self._imported()
        slots = leading.count(self.began, runs_once=runs_once)
        mine = WebhookDelivery.objects.filter(endpoint=self.endpoint)
        sent = judged(
            self.receiver.ask("/journal"), dict(mine.values_list("message_id", "event_id"))
        )
        told = duplicates(self.messenger.client, 0, [])
        failed = InboundUpdate.objects.filter(state=InboundUpdate.FAILED).count()
        return {
            "lost": lost + imported["lost"] + slots["lost"] + sent["lost"] + failed,
            "double": double + imported["double"] + slots["double"] + sent["double"],
            "duplicates": told["duplicates"] + sent["duplicates"],
            "cut": sum(one.cut for one in self.calls),
            "errors": sum(one.errors.total() for one in self.calls),
            "history_findings": len(list(verify())),
            "requests": sum(len(one.answered) for one in self.calls),
            "requests_repeated": sum(one.again for one in self.calls),
            "presses": sum(len(one.numbers) for one in self.phones) * 4,
            "imports": len(self.imports),
            "imported": imported["rows"],
            "webhooks": mine.count(),
            "slots": slots["slots"],
            "updates_failed": failed,
            "details": self.faults[:10],
        }

    def _numbers(self, streams: Sequence[str]) -> Counter[str]:
        """How often each number was registered."""
        numbers = dict(Receipt.objects.values_list("pk", "number"))
        return Counter(numbers[int(one.removeprefix("receipt:"))] for one in streams)

    def _imported(self) -> dict[str, int]:
        lost = double = rows = 0
        for job in self.imports:
            fresh = self._fresh(job)
            if (fresh.state, fresh.result) != ("done", {"created": self.wanted.rows}):
                self.faults.append(f"lost: import {fresh.state} {fresh.result} {fresh.error}")
                lost += 1
            told = [row[0] for row in outcomes(fresh)]
            double += len(told) - len(set(told))
            lost += self.wanted.rows - len(set(told))
            rows += len(told)
        return {"lost": lost, "double": double, "rows": rows}
