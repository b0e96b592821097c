"""The steps of docs/secrets.md, one secret after the other, and what must be true afterwards."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import close_old_connections

from benchmarks.web import Site, get
from botapp.transport.webhook import PATH, SECRET_HEADER
from history.backups import rotation, sealing
from history.models import Job, JobRun
from integrations.webhooks.sealing import _derived
from staff.services.jobs import ask_for_job
from tests.faults import secret_broker
from tests.faults.secret_files import SecretFiles, new_secret
from tests.faults.secret_load import FORBIDDEN, FOUND, OK
from tests.faults.secret_outside import Outside
from tests.faults.secret_servers import OWNER, Postgres, Redis, knows, lets_in
from tests.faults.secret_services import SERVICES, Services
from tests.faults.secret_world import KEYS, World
from tests.faults.setup import Place, Simulator, say, wait_until
from tests.faults.webhooks import Receiver
from workshop.lib import clock

JOBS: Final = 600.0  # seconds for one that was asked for
OTHER_ROLE: Final = "repassage_b"
UNAUTHORIZED: Final = 401


class Turns:
    """``turned`` names what was turned, in order, with the seconds it took."""

    def __init__(
        self,
        place: Place,
        messenger: Simulator,
        receiver: Receiver,
        wanted: argparse.Namespace,
        server: Postgres | None,
        redis: Redis | None,
        services: Services | None,
        rabbit: secret_broker.Rabbit | None,
    ) -> None:
        self.place, self.messenger, self.receiver = place, messenger, receiver
        self.server, self.redis, self.rabbit = server, redis, rabbit
        self.secrets = SecretFiles(place.folder / "secrets")
        self.former: dict[str, str] = {}
        self.turned: dict[str, float] = {}
        self.coming: dict[str, str] = {}
        self._first()
        if wanted.small:
            self._announce(KEYS)
        self.outside = Outside(services, self.secrets) if services else None
        self.world = World(place, messenger, receiver, wanted, self.secrets, self.outside)

    def _first(self) -> None:
        """Every secret for the first time; the run itself shares two of them with the site."""
        for name in (*KEYS, "METRICS_TOKEN"):
            self.secrets.make(name)
        for name in KEYS:
            self.secrets.put(f"{name}_FALLBACKS", "")
        settings.API_KEY_PEPPER = self.secrets.now("API_KEY_PEPPER")
        settings.WEBHOOK_SECRET_KEY = self.secrets.now("WEBHOOK_SECRET_KEY")
        self.secrets.put("TELEGRAM_WEBHOOK_SECRET", new_secret())
        self.secrets.put("TELEGRAM_BOT_TOKEN", self.messenger.client.revoke())
        self._new_backup_keys()
        address = self.place.url
        if self.server is not None:
            password = new_secret()
            self.server.do(f"ALTER ROLE {OWNER} PASSWORD {{}}", password)
            address = self.server.address(OWNER, password, of=address)
        self.secrets.put("DATABASE_URL", address)
        self.secrets.put("REDIS_URL", self.redis.address() if self.redis else "")
        self.secrets.put(secret_broker.SETTING, "")  # that is Redis

    def _new_backup_keys(self) -> None:
        public, secret = sealing.new_keys()
        self.secrets.put("BACKUP_RECIPIENT", public)
        self.former["BACKUP_IDENTITY"] = self.secrets.put("BACKUP_IDENTITY", secret)

    # --- the order ------------------------------------------------------------------------------

    def few(self) -> None:
        """The three keys of two sites at once, which know the new ones since their start."""
        self._use(KEYS)
        self.turned |= dict.fromkeys(KEYS, 0.0)

    def all(self) -> None:
        """The parts that were asked for."""
        parts = {
            "keys": lambda: self._key(KEYS),
            "endpoint": self._endpoint,
            "addresses": self._addresses,
            "broker": self._broker,
            "bot": self._bot,
            "outside": self._outside,
            "backups": self._backup_keys,
        }
        for name, turn in parts.items():
            if name in self.world.wanted.parts:
                self._timed(name, turn)

    def _timed(self, name: str, turn: Any) -> None:
        began = time.monotonic()
        turn()
        self.world.wait_for_progress()
        self.turned[name] = round(time.monotonic() - began, 1)
        say(f"{name} was turned in {self.turned[name]} s, {dict(self.world.sites.wrong)}")

    # --- each of them ---------------------------------------------------------------------------

    def _key(self, names: tuple[str, ...]) -> None:
        """All know the new one, then all use it, then the old one is dropped."""
        self._announce(names)
        self.world.restart()
        self._use(names)

    def _announce(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.coming[name] = new_secret()
            self.secrets.put(f"{name}_FALLBACKS", self.coming[name])

    def _use(self, names: tuple[str, ...]) -> None:
        small = self.world.wanted.small
        for name in names:
            self.former[name] = self.secrets.put(name, self.coming[name])
            self.secrets.put(f"{name}_FALLBACKS", self.former[name])
        settings.WEBHOOK_SECRET_KEY = self.secrets.now("WEBHOOK_SECRET_KEY")
        # The first site encrypts with a key that the worker only knows as another one.
        self.world.restart(between=None if small else self.world.new_webhook_secret)
        if not small:
            self._do("integrations.clean_up_webhooks")
        for name in names:
            self.secrets.put(f"{name}_FALLBACKS", "")
        self.world.restart()

    def _endpoint(self) -> None:
        """Another secret; at the end of the overlap the former one signs no more."""
        self.world.new_webhook_secret()
        self.world.wait_for_progress()
        before = self.receiver.ask("/journal")["entries"]
        self.former["endpoint"] = "both" if before[-1]["signatures"] > 1 else "one"
        endpoint = self.world.endpoint
        type(endpoint).objects.filter(pk=endpoint.pk).update(previous_until=clock.now())

    def _addresses(self) -> None:
        """Another role of the same tables, two passwords of Redis for a while, another token of
        Prometheus; after the restart the former role is locked and the former password dropped.
        """
        if self.server is None or self.redis is None:
            return
        password = new_secret()
        self.server.do(f"CREATE ROLE {OTHER_ROLE} LOGIN PASSWORD {{}} IN ROLE {OWNER}", password)
        self.server.do(f"ALTER ROLE {OTHER_ROLE} SET role = {OWNER}")
        role = self.server.address(OTHER_ROLE, password, of=self.place.url)
        former = self.redis.add_password()
        self.former |= {
            "DATABASE_URL": self.secrets.put("DATABASE_URL", role),
            "REDIS_URL": self.secrets.put("REDIS_URL", self.redis.address()),
            "METRICS_TOKEN": self.secrets.make("METRICS_TOKEN"),
        }
        self.world.restart()
        self.server.do(f"ALTER ROLE {OWNER} NOLOGIN")
        self.redis.drop_password(former)

    def _broker(self) -> None:
        """From Redis to RabbitMQ; then another user of it, and the former one is dropped."""
        if self.rabbit is None:
            return
        self.secrets.put(secret_broker.SETTING, self.rabbit.add_user())
        self.world.restart()
        self.world.wait_for_progress()
        former = self.secrets.put(secret_broker.SETTING, self.rabbit.add_user())
        self.former[secret_broker.SETTING] = former
        self.world.restart()
        self.rabbit.drop_user(former)

    def _bot(self) -> None:
        """From BotFather to the restart nothing can be sent: what falls due waits."""
        new = self.messenger.client.revoke()
        time.sleep(2.0)
        self.former["TELEGRAM_BOT_TOKEN"] = self.secrets.put("TELEGRAM_BOT_TOKEN", new)
        self.world.restart(["bot"])
        self.former["TELEGRAM_WEBHOOK_SECRET"] = self.secrets.make("TELEGRAM_WEBHOOK_SECRET")
        self.world.restart(["bot"])

    def _outside(self) -> None:
        if self.outside is not None:
            self.former |= self.outside.turn(self.world)

    def _backup_keys(self) -> None:
        """The newest backup needs the new key, the one before it the former one. Of a day only the
        newest stays: the first one is put aside.
        """
        self._back_up()
        self._backups()[0].rename(self._aside)
        self._new_backup_keys()
        self.world.restart(["worker"])
        self._back_up()
        self._do("history.try_backup")

    def _back_up(self) -> None:
        self._do("history.back_up")

    def _do(self, name: str) -> None:
        """What the button "start now" of the page of the jobs does; AssertionError if it fails."""
        close_old_connections()
        job = Job.objects.get(name=name)
        began = clock.now()
        ask_for_job(job_id=job.pk, actor=self.world.actor)
        runs = JobRun.objects.filter(job=job, started_at__gte=began, ended_at__isnull=False)
        wait_until(runs.exists, JOBS, 0.2)
        outcome, error = runs.values_list("outcome", "error")[0]
        if outcome != Job.DONE:
            say(f"{name}: {outcome} {error}")  # an uncaught error is told without its words
            raise AssertionError(f"{name}: {outcome}")

    # --- what must be true ----------------------------------------------------------------------

    def promised(self) -> dict[str, bool]:
        """Who was at work all the while still is; asked once more, at the end."""
        world = self.world
        found = {
            "session": world.browser.look("/admin/receipts/receipt/") == OK,
            "api key": world.sites.ask(world.reader.request("/api/v1/me/")).status == OK,
            "metrics": all(world.prometheus.look(port).status == OK for port in world._scraped()),
        }
        if self.server is None:
            return found
        if "endpoint" in self.former:
            wait_until(lambda: self._journal()["entries"][-1]["signatures"] == 1)
            found["both secrets signed"] = self.former["endpoint"] == "both"
        if self.former.get(secret_broker.SETTING):
            found["broker"] = secret_broker.lets_in(self.secrets.now(secret_broker.SETTING))
        found["webhooks verified"] = self._journal()["wrong"] == 0 and self._journal()["entries"]
        if self.former.get("BACKUP_IDENTITY"):
            found["a former backup opens with its former key"] = self._opens(self._aside)
        return {name: bool(true) for name, true in found.items()}

    def _journal(self) -> dict[str, Any]:
        return self.receiver.ask("/journal")

    def refused(self) -> dict[str, bool]:
        """Whether what was turned away opens nothing any more, while the programs run."""
        world, api = self.world, Site(int(self.messenger.origin.rpartition(":")[2]), 0)
        asked: dict[str, Callable[[str], bool]] = {
            "SECRET_KEY": lambda _key: self._idle() == FOUND,
            "API_KEY_PEPPER": lambda _key: self._unused() == UNAUTHORIZED,
            "WEBHOOK_SECRET_KEY": lambda key: not self._decrypts(key),
            "METRICS_TOKEN": lambda token: self._scrape(token) == FORBIDDEN,
            "REDIS_URL": lambda address: not knows(address),
            "DATABASE_URL": lambda address: not lets_in(address),
            secret_broker.SETTING: lambda address: not secret_broker.lets_in(address),
            "TELEGRAM_BOT_TOKEN": lambda token: (
                api.ask(get(f"/bot{token}/getMe")).status == UNAUTHORIZED
            ),
            "TELEGRAM_WEBHOOK_SECRET": lambda secret: self._hook(secret) == FORBIDDEN,
            "BACKUP_IDENTITY": lambda _key: not self._opens(self._backups()[0]),
        }
        if self.outside is not None:
            asked |= {name: partial(self.outside.is_refused, name) for name in SERVICES}
        if world.wanted.small:
            asked = {name: asked[name] for name in KEYS[:2]}  # no worker encrypts anew
        return {
            name: ask(self.former[name]) for name, ask in asked.items() if self.former.get(name)
        }

    def _idle(self) -> int:
        """The office, for somebody who has not been there since the first key."""
        return self.world.sites.ask(get("/admin/", Cookie=self.world.idle_browser._sent())).status

    def _unused(self) -> int:
        return self.world.sites.ask(self.world.idle_reader.request("/api/v1/me/")).status

    def _scrape(self, token: str) -> int:
        return self.world.prometheus.look(self.world.sites.ports[0], token).status

    def refused_afterwards(self) -> dict[str, bool]:
        """A site that still has the former password says 503, and to nobody why in detail."""
        if "DATABASE_URL" not in self.former:
            return {}
        late = self.place.folder / "late_database_url"
        late.write_text(self.former["DATABASE_URL"])
        every = dict(self.world.programs["web-0"]._environment)
        site = self.world.site("late", 0, every | {"DATABASE_URL_FILE": str(late)})
        site.start()
        try:
            self.world.wait_ready("web-0")
            self.world.look_at_pages(self.world.sites.ports[:1])
            answer = Site(self.world.sites.ports[0], 0).ask(get("/health/ready"))
        finally:
            site.stop(60.0)
        return {"a site with the former password": answer.status == 503}

    def _decrypts(self, former: str) -> bool:
        close_old_connections()
        self.world.endpoint.refresh_from_db()
        try:
            Fernet(_derived(former)).decrypt(self.world.endpoint.secret.encode())
        except InvalidToken:
            return False
        return True

    def _hook(self, secret: str) -> int:
        head = [f"POST {PATH} HTTP/1.1", "Host: localhost", "Connection: close"]
        head += [f"{SECRET_HEADER}: {secret}", "Content-Length: 2"]
        site = Site(self.world.ports["hook"], 0)
        return site.ask("\r\n".join(head).encode() + b"\r\n\r\n{}").status

    def _opens(self, backup: Path) -> bool:
        """Does the former key open it?"""
        settings.BACKUP_IDENTITY = self.former["BACKUP_IDENTITY"]
        try:
            call_command("restore", str(backup), look=True, stdout=_Nowhere())
        except CommandError:
            return False
        return True

    @property
    def _aside(self) -> Path:
        return self.place.folder / "backup-of-the-former-key.tar.age"

    def _backups(self) -> list[Path]:
        """The newest one first."""
        return rotation.all_backups(self.place.folder / "backups")


class _Nowhere:
    def write(self, _text: str) -> None:
        pass
