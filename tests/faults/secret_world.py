"""The workshop whose secrets are files: two sites, worker, scheduler and bot, all at work."""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User

from benchmarks.web import Site, get
from botapp.transport.webhook import PATH
from history.models import Event
from integrations import scopes
from integrations.models import WebhookEndpoint
from integrations.services.clients import add_client, issue_key
from tests.faults import programs, stopping_load
from tests.faults.programs import Program
from tests.faults.secret_files import SecretFiles, new_secret, seen
from tests.faults.secret_load import Browser, Prometheus, Reader, Sites, Spy
from tests.faults.secret_outside import Outside
from tests.faults.setup import Place, Simulator, free_port, say, wait_until
from tests.faults.webhooks import Receiver

LONGEST: Final = 60.0  # seconds for an end
KEYS: Final = ("SECRET_KEY", "API_KEY_PEPPER", "WEBHOOK_SECRET_KEY")
ALL: Final = (
    *KEYS, *(f"{name}_FALLBACKS" for name in KEYS), "DATABASE_URL", "REDIS_URL",
    "CELERY_BROKER_URL", "METRICS_TOKEN",
)  # fmt: skip
OF_THE_BOT: Final = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET")
OF_THE_WORKER: Final = ("BACKUP_IDENTITY", "BACKUP_RECIPIENT")
NAME, PASSWORD = "owner", "a-word-of-the-run-only"
PAGES: Final = (
    "/health/live", "/health/ready", "/metrics", "/admin/login/", "/nowhere", "/api/v1/me/",
    "/api/v1/receipts/?limit=x", "/api/v1/system/", "/media/nothing",
)  # fmt: skip


class World(stopping_load.World):
    """``turned`` counts restarts; ``unclean`` names programs that did not end in order."""

    def __init__(
        self,
        place: Place,
        messenger: Simulator,
        receiver: Receiver,
        wanted: argparse.Namespace,
        secrets: SecretFiles,
        outside: Outside | None = None,
    ) -> None:
        self.secrets, self.outside = secrets, outside
        self.sites = Sites([free_port(), free_port()])
        self.ports = {name: free_port() for name in ("bot", "worker", "beat", "hook")}
        super().__init__(place, messenger, receiver, random.Random(wanted.seed), wanted)
        User.objects.create_superuser(NAME, password=PASSWORD)
        self.browser, self.idle_browser = Browser(self.sites), Browser(self.sites)
        self.reader, self.idle_reader = (self._reader(name) for name in ("reads", "sleeps"))
        self.prometheus = Prometheus(self._scraped, secrets)
        self.spy = Spy(secrets, lambda: [one.pid for one in self.programs.values()])
        self.restarts = 0
        self.unclean: list[str] = []
        self.leaks: set[str] = set()

    # --- what there is ------------------------------------------------------------------------

    def _programs(self) -> dict[str, Program]:
        every = programs._settings({}) | self.secrets.environment(ALL)
        every |= {"LOG_FORMAT": "json"}
        every |= self.outside.environment() if self.outside else {}
        every |= {f"METRICS_PORT_{name.upper()}": str(self.ports[name]) for name in METERED}
        bot = self.secrets.environment(OF_THE_BOT) | {
            "HOST": "127.0.0.1",
            "TELEGRAM_API_BASE_URL": self.messenger.base_url,
            "TELEGRAM_FILE_BASE_URL": self.messenger.base_file_url,
            "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{self.ports['hook']}{PATH}",
            "TELEGRAM_WEBHOOK_PORT": str(self.ports["hook"]),
        }
        worker = self.secrets.environment(OF_THE_WORKER)
        worker["BACKUP_DIR"] = str(self.place.folder / "backups")
        found = {f"web-{n}": self.site(f"web-{n}", n, every) for n in range(2)}
        if self.wanted.small:
            return found
        return found | {
            "worker": programs.worker(self.place, "worker", **every | worker),
            "beat": programs.beat(self.place, "beat", **every),
            "bot": Program(
                self.place, "runbot", ["manage.py", "runbot", "--webhook"], **every | bot
            ),
        }

    def site(self, name: str, number: int, environment: dict[str, str]) -> Program:
        rates = {"API_RATE": "1000000", "API_ADDRESS_RATE": "1000000"}
        command = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{self.sites.ports[number]}", "workshop.wsgi"]
        return Program(self.place, name, command, **environment | rates)

    def _endpoint(self) -> Any:
        """Made over the API as soon as there is one: :meth:`open`."""
        self.receiver.ask("/there")
        return None

    def _callers(self) -> list[stopping_load.Calls]:
        wanted = [scopes.RECEIPTS_READ, scopes.RECEIPTS_WRITE, "webhooks:manage", "history:read"]
        key = self._key("till", wanted)
        numbers = range(self.wanted.callers)
        return [stopping_load.Calls(self.sites, key, f"A{n}") for n in numbers]  # type: ignore[arg-type]

    def _reader(self, name: str) -> Reader:
        return Reader(self.sites, self._key(name, [scopes.RECEIPTS_READ]))

    def _key(self, name: str, wanted: list[str]) -> str:
        client = add_client(name=name, scopes=wanted, actor=self.actor).object
        return str(issue_key(client_id=client.pk, actor=self.actor).shown_once["key"])

    def _scraped(self) -> list[int]:
        return [*self.sites.ports, *(self.ports[name] for name in METERED if name in self.programs)]

    # --- while --------------------------------------------------------------------------------

    def wait_ready(self, name: str) -> None:
        if not name.startswith("web-"):
            super().wait_ready(name)
            return
        site = Site(self.sites.ports[int(name[-1])], 0)
        wait_until(lambda: site.ask(get("/health/live")).status == stopping_load.OK, 240, 0.1)

    def work(self) -> list[Callable[[threading.Event], None]]:
        others = [self.browser.run, self.reader.run, self.prometheus.run, self.spy.run]
        if self.wanted.small:
            return [*(one.run for one in self.calls), *others]
        if self.outside is not None:
            others += [self.outside.write, partial(self.outside.fail, self)]
        return [*super().work(), *others]

    def open(self) -> None:
        """Sign in, and make the endpoint of the webhooks, through the doors."""
        self.browser.sign_in(NAME, PASSWORD)
        self.idle_browser.sign_in(NAME, PASSWORD)
        url, kinds = self.receiver.url("turned"), [stopping_load.REGISTERED]
        answer = self.write("/api/v1/webhooks/", {"url": url, "kinds": kinds})
        self._tell_receiver(answer)
        self.endpoint = WebhookEndpoint.objects.get(pk=answer["result"]["id"])

    def write(self, address: str, values: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(values).encode()
        head = [f"POST {address} HTTP/1.1", "Host: localhost", "Connection: close"]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        head += [f"Authorization: Bearer {self.calls[0].key}", f"Idempotency-Key: {new_secret()}"]
        answer = self.sites.ask("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        if answer.status not in {200, 201}:
            raise AssertionError(f"{address}: {answer.status} {answer.body[:300]!r}")
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def new_webhook_secret(self) -> None:
        """The former one goes on to sign for 24 hours: the receiver takes its time."""
        answer = self.write(f"/api/v1/webhooks/{self.endpoint.pk}/rotate-secret/", {})
        time.sleep(3.0)
        self._tell_receiver(answer)

    def _tell_receiver(self, answer: dict[str, Any]) -> None:
        self.receiver.ask("/orders", {"secrets": {"turned": answer["secret"]}})

    def restart(self, names: Iterable[str] = (), between: Callable[[], None] | None = None) -> None:
        """One after the other, all by default. ``between``: after the first of them."""
        for name in names or list(self.programs):
            if name not in self.programs:
                continue
            _seconds, code = self.programs[name].stop(LONGEST)
            self.programs[name].start()
            self.wait_ready(name)
            self.restarts += 1
            if code:
                self.unclean.append(f"{name}: {code}")
            if between is not None:
                between()
                between = None

    # --- after ----------------------------------------------------------------------------------

    def _settle(self) -> None:
        if not self.wanted.small:
            super()._settle()

    def _open_ends(self) -> dict[str, int]:
        return super()._open_ends() | {"mails": self.outside.waiting() if self.outside else 0}

    def count(self, *, runs_once: bool = True) -> dict[str, Any]:
        """Without worker and bot there is less to count."""
        if not self.wanted.small:
            return super().count(runs_once=runs_once)
        told_of = Event.objects.filter(pk__gt=self.mark, kind=stopping_load.REGISTERED)
        found = self._numbers(list(told_of.values_list("stream", flat=True)))
        wanted = [number for one in self.calls for number in one.answered]
        return {
            "lost": sum(number not in found for number in wanted) + len(self.faults),
            "double": sum(found.values()) - len(found),
            "duplicates": 0,
            "requests": len(wanted),
            "details": self.faults[:10],
        }

    # --- looks ----------------------------------------------------------------------------------

    def look_at_pages(self, ports: Iterable[int] = ()) -> None:
        """Answers and errors of all kinds, searched for every secret."""
        hidden = self.secrets.to_hide()
        for port in ports or self.sites.ports:
            for page in PAGES:
                for token in ("", self.secrets.now("METRICS_TOKEN")):
                    answer = Site(port, 0).ask(get(page, Authorization=f"Bearer {token}"))
                    text = answer.head.encode() + answer.body
                    self.leaks |= {f"{page}: {name}" for name in seen(text, hidden)}

    def look_at_logs(self) -> int:
        """How many bytes of logs were searched; what left for others is searched as well."""
        hidden, size = self.secrets.to_hide(), 0
        for log in self.place.folder.glob("*.log"):
            text = log.read_bytes()
            size += len(text)
            self.leaks |= {f"{log.name}: {name}" for name in seen(text, hidden)}
        say(f"{size} bytes of logs")
        self.leaks |= set(self.outside.leaks() if self.outside else ())
        return size


METERED: Final = ("bot", "worker", "beat")
