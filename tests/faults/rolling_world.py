"""A workshop with a long history, kept on the server for later runs, and who works in it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.faults.setup import ROOT, Place, Simulator, prepare_environment, throwaway
from workshop import local_services

BY_ITSELF: Final = 1_000  # receipts; more of them are kept for later runs
DAYS: Final = 730
PASSWORD: Final = "rolling-enough-1"
# What both versions know.
SCOPES: Final = ("receipts:read", "receipts:write", "receipts:manage", "history:read")


class NotFilledYet(Exception):
    """The time was up; the same command goes on."""


@contextlib.contextmanager
def filled(receipts: int, seconds: float) -> Iterator[Place]:
    """A database of this run with so many receipts and their histories.

    Raises NotFilledYet when it could not be filled in the time; Unavailable without PostgreSQL.
    """
    with local_services.postgres() as (server, _origin):
        copied = _kept(server, receipts, seconds) if receipts > BY_ITSELF else ""
        with throwaway(server=server, copy_of=copied) as place:
            if not copied:
                _begin(receipts)
            yield place


def _begin(receipts: int) -> None:
    """A small workshop, quickly: people and watches that were just taken in."""
    from tests.cast import make_cast, make_receipt

    cast = make_cast()
    for _number in range(receipts):
        make_receipt(cast)


def _kept(server: str, receipts: int, seconds: float) -> str:
    """The name of the filled database; what a former run has begun is gone on with."""
    name = f"rolling_{receipts}"
    folder = Path(tempfile.gettempdir()) / f"workshop-{os.getuid()}-{name}"
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{name}"')
    former = dict(os.environ)
    prepare_environment(url, folder)
    try:
        _manage(["migrate", "--verbosity", "0"], None)
        options = ["--receipts", str(receipts), "--days", str(DAYS), "--in-bulk", "--force"]
        _manage(["seed_demo", *options], seconds)
    finally:
        os.environ.clear()
        os.environ.update(former)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return name


def _manage(words: Sequence[str], seconds: float | None) -> None:
    process = subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, stdout=sys.stderr)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        raise NotFilledYet from None
    if code:
        raise RuntimeError(f"{words[0]} ended with {code}")


@dataclass(frozen=True)
class People:
    """Who works while the versions change."""

    key: str  # of the API
    master: int
    kind: int  # of work
    account: str
    receipts: Sequence[int]  # some that are looked at
    inspectors: Sequence[int]  # by their ids in the messenger


def people(inspectors: int, rng: random.Random) -> People:
    """Added to the workshop, by its services of the present version."""
    from django.contrib.auth.models import Group, User

    from integrations.services.clients import add_client, issue_key
    from receipts.models import OperationType, Receipt
    from staff import roles
    from staff.models import Employee
    from staff.services.people import add_employee
    from workshop.lib.actor import system_actor

    actor = system_actor("faults", silent=True)
    phones = [70_000 + number for number in range(inspectors)]
    for number, telegram_id in enumerate(phones):
        add_employee(
            full_name=f"Контролёр Смены {number}",
            roles=[roles.INSPECTOR],
            telegram_id=telegram_id,
            actor=actor,
        )
    inspector = Employee.objects.get(telegram_id=phones[0])
    client = add_client(
        name="till", scopes=list(SCOPES), employee_id=inspector.pk, actor=actor
    ).object
    kind = OperationType.objects.get(code="assembly")
    account = User.objects.create_user("rolling", password=PASSWORD, is_staff=True)
    account.groups.set(Group.objects.filter(name=roles.GROUPS[roles.MANAGER]))
    known = list(Receipt.objects.order_by("-pk").values_list("pk", flat=True)[:5_000])
    return People(
        key=issue_key(client_id=client.pk, actor=actor).shown_once["key"],
        master=kind.performers.filter(active=True, is_master=True).order_by("pk")[0].pk,
        kind=kind.pk,
        account=account.username,
        receipts=rng.sample(known, min(len(known), 200)),
        inspectors=phones,
    )


def phones(found: People, messenger: Simulator) -> list[Any]:
    """Their phones, each with the bot started."""
    from tests.faults.phones import SimPhone
    from tests.faults.stopping_load import Phone

    for telegram_id in found.inspectors:
        messenger.client.add_person(telegram_id, f"К{telegram_id}", started=True)
    return [
        Phone(SimPhone(messenger.client, telegram_id), f"B{number}")
        for number, telegram_id in enumerate(found.inspectors)
    ]
