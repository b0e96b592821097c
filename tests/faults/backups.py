"""`make faults-backups`: a lost workshop comes back from its backup; damaged ones are refused.

    python -m tests.faults.backups [--receipts 300] [--seed 1] [--sqlite] [--small]

People write while the backup is made. It is encrypted, restored into an empty database by the
command, checked there (history, projections, roll-ups), and used: a sign-in to the office and a
press in the bot, with the simulator and `runbot` as processes. Then the same file is damaged in
every way of `damages.py`: each must be refused, in words, before anything is written. Prints one
JSON object; exit code 0 when all of that is so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from simulator.client import SimClient
from tests.faults.setup import (
    ROOT,
    BotProcess,
    Place,
    Simulator,
    finish,
    say,
    throwaway,
    versions,
    wait_until,
)

RECEIPTS, SMALL = 300, 15
FEW = 4  # ways of damage in a small run, drawn by its seed
PASSWORD = "a-word-of-the-run-only"
IGOR = 1002
# Run in the restored workshop: what the office and the database say.
LOOK = """
import json
from django.test import Client
from history.models import Event
from receipts.models import Receipt
client = Client(SERVER_NAME="localhost")
client.post("/admin/login/?next=/admin/", {{"username": "owner", "password": {password!r}}})
page = client.get("/admin/receipts/receipt/")
print(json.dumps({{
    "office": page.status_code,
    "receipts": Receipt.objects.count(),
    "pressed": Event.objects.filter(kind="receipt.registered", channel="bot",
                                    stream__in=["receipt:%d" % r.pk for r in
                                                Receipt.objects.filter(number={number!r})]).count(),
}}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.backups")
    parser.add_argument("--receipts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sqlite", action="store_true", help="also where PostgreSQL is there")
    parser.add_argument("--small", action="store_true")
    wanted = parser.parse_args()
    receipts = wanted.receipts or (SMALL if wanted.small else RECEIPTS)
    with throwaway(sqlite=wanted.sqlite) as place:
        result = Drill(place, receipts, wanted.seed, small=wanted.small).run()
    finish({"name": "backups", **result}, met=result["met"])


class Drill:
    def __init__(self, place: Place, receipts: int, seed: int, *, small: bool) -> None:
        from tests.cast import make_cast
        from tests.faults.damages import DAMAGES

        self.place, self.receipts, self.chance = place, receipts, random.Random(seed)
        self.cast, self.seed = make_cast(), seed
        chosen = self.chance.sample(list(DAMAGES), FEW) if small else list(DAMAGES)
        self.damages = {name: DAMAGES[name] for name in chosen}

    def run(self) -> dict[str, Any]:
        from history.backups import sealing

        public, secret = sealing.new_keys()
        began = time.monotonic()
        self._fill()
        made = self._make(public)
        with self._empty_place() as empty:
            environment = empty | {"BACKUP_IDENTITY": secret}
            refused = self._refuse_damaged(made, secret, environment)
            restored_at = time.monotonic()
            done = _manage(environment, "restore", str(made))
            seconds = round(time.monotonic() - restored_at, 1)
            say(done.stdout[-600:] + done.stderr[-600:])
            used = self._use(environment) if done.returncode == 0 else {}
        met = (
            done.returncode == 0
            and used.get("office") == 200
            and used.get("pressed") == 1
            and used.get("receipts", 0) >= self.receipts
            and not refused["wrong"]
        )
        return {
            "met": met,
            "lost": 0 if met else 1,
            "double": max(0, used.get("pressed", 0) - 1),
            "duplicates": 0,
            "runs": 1,
            "seeds": [self.seed],
            "database": self.place.vendor,
            "size": made.stat().st_size,
            "restore_seconds": seconds,
            "damages": refused,
            "used": used,
            "seconds": round(time.monotonic() - began),
            "versions": versions(self.place.vendor),
        }

    # --- the workshop that will be lost -------------------------------------------------------

    def _fill(self) -> None:
        from django.conf import settings
        from django.contrib.auth.models import User

        from tests.cast import make_ready, make_receipt

        User.objects.create_superuser("owner", password=PASSWORD)
        for number in range(self.receipts):
            if number % 5:
                make_receipt(self.cast, f"BK-{self.seed}-{number}")
            else:
                make_ready(self.cast)
        folder = Path(settings.MEDIA_ROOT) / "photos"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(5):
            (folder / f"{number}.jpg").write_bytes(self.chance.randbytes(20_000))

    def _make(self, public: str) -> Path:
        """The backup, made while four people register receipts."""
        from django.conf import settings

        from history.backups import making
        from workshop.lib import clock

        settings.BACKUP_RECIPIENT = public
        with self._people_at_work():
            made = making.make(at=clock.now(), folder=self.place.folder / "backups", tell=say)
        return made.path

    @contextmanager
    def _people_at_work(self) -> Iterator[None]:
        from django.db import connections

        from tests.cast import make_receipt

        stop = threading.Event()
        written: list[int] = []

        def work(who: int) -> None:
            number = 0
            while not stop.is_set():
                make_receipt(self.cast, f"W{who}-{self.seed}-{number}")
                written.append(who)
                number += 1
            connections.close_all()

        threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(written) > 8)
        yield
        stop.set()
        for thread in threads:
            thread.join()
        say(f"{len(written)} receipts were registered meanwhile")

    # --- damaged ones -------------------------------------------------------------------------

    def _refuse_damaged(
        self, made: Path, secret: str, environment: dict[str, str]
    ) -> dict[str, Any]:
        from django.conf import settings

        settings.BACKUP_IDENTITY = secret
        folder = self.place.folder / "damaged"
        folder.mkdir()
        wrong = []
        for name, damage in self.damages.items():
            path, more = damage(made, folder / f"{name}.tar", self.chance)
            done = _manage(environment | more, "restore", str(path))
            words = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
            say(f"  {name}: {words}")
            clear = words.startswith("CommandError: Nothing was changed. ")
            if not clear or done.returncode == 0 or "Traceback" in done.stderr:
                wrong.append(name)
        return {"count": len(self.damages), "wrong": wrong}

    # --- the workshop that came back ----------------------------------------------------------

    @contextmanager
    def _empty_place(self) -> Iterator[dict[str, str]]:
        folder = self.place.folder / "restored"
        folder.mkdir()
        base = dict(os.environ) | {
            "DATA_DIR": str(folder),
            "MEDIA_ROOT": str(folder / "media"),
            "BACKUP_DIR": str(folder / "backups"),
        }
        if self.place.vendor != "postgresql":
            yield base | {"DATABASE_URL": f"sqlite:///{folder / 'restored.sqlite3'}"}
            return
        import psycopg

        name = f"{urlsplit(self.place.url).path.lstrip('/')}_back"
        with psycopg.connect(self.place.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
            try:
                url = urlunsplit(urlsplit(self.place.url)._replace(path=f"/{name}"))
                yield base | {"DATABASE_URL": url}
            finally:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _use(self, environment: dict[str, str]) -> dict[str, Any]:
        """Somebody signs in, the inspector registers a watch in the bot."""
        number = f"AFTER-{self.seed}"
        place = Place(
            environment["DATABASE_URL"], self.place.vendor, self.place.folder, environment
        )
        with Simulator(place) as simulator:
            simulator.client.add_person(IGOR, "Игорь")
            bot = BotProcess(place, simulator)
            bot.start()
            try:
                self._register(simulator, number)
                look = LOOK.format(password=PASSWORD, number=number)
                wait_until(lambda: _look(environment, look)["pressed"] == 1, every=1.0)
                return _look(environment, look)
            finally:
                bot.end()

    def _register(self, simulator: Simulator, number: str) -> None:
        from tests.faults import flows
        from tests.faults.flows import Text
        from tests.faults.phones import SimPhone

        flow = flows.create(self.cast, number)
        client, phone = simulator.client, SimPhone(simulator.client, IGOR)
        for act in [*flow.way, flow.last]:
            before = client.last_screen(IGOR)
            if isinstance(act, Text):
                client.send_text(IGOR, act.text)
            else:
                _kind, entry = phone.update(act)
                client.press(IGOR, data=entry["data"])
            wait_until(partial(_differs, client, before), 60)


def _differs(client: SimClient, before: dict[str, Any] | None) -> bool:
    return client.last_screen(IGOR) != before


def _look(environment: dict[str, str], program: str) -> dict[str, Any]:
    done = _manage(environment, "shell", "--no-imports", "-c", program)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    main()
