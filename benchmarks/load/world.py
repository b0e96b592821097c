"""What the load test stands on: seeded receipts, and everybody who is going to work with them."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.load.size import Size
from tests.faults.setup import say

DAYS = 400  # length of the invented history
FIRST_TELEGRAM_ID = 30_001
GREEDY_RATE = 20  # requests a minute of the program that asks for more


@dataclass(frozen=True)
class World:
    """Who works, and with what; read by locust's processes from a file."""

    managers: Sequence[tuple[str, str]]  # name, password
    programs: Sequence[str]  # keys, one client each
    greedy: str  # the key of the client with the low limit
    receipts: Sequence[int]  # in the workshop now
    issued: Sequence[int]
    masters: Sequence[int]
    inspectors: Sequence[int]  # Telegram ids
    work_type: int
    hurry: float  # divides all pauses between two acts

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> World:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def build(size: Size) -> World:
    """Seed, count what numbers need, add the people. Django is set up on the place."""
    from django.core.management import call_command
    from django.db import connection

    say(f"seeding {size.receipts} receipts")
    call_command(
        "seed_demo",
        receipts=size.receipts,
        days=DAYS,
        in_bulk=True,
        force=True,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    _count_numbers()
    made = _people(size)
    if connection.vendor == "postgresql":  # autovacuum would do it within some minutes
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    return made


def _count_numbers() -> None:
    """What the jobs of an installation do every minute."""
    from analytics.receipt_facts.services import heal_for
    from analytics.services.rollups import refresh
    from workshop.lib import clock

    while refresh(at=clock.now()).left | heal_for(timedelta(minutes=5)).left:
        pass


def _people(size: Size) -> World:
    from receipts.models import OperationType, Receipt
    from receipts.states import IN_WORKSHOP, Status
    from staff import roles
    from staff.models import Employee
    from staff.services.people import add_employee
    from workshop.lib.actor import system_actor

    actor = system_actor("load")
    inspectors = [
        add_employee(
            full_name=f"Контролёр Нагрузки {n:03}",
            roles=[roles.INSPECTOR],
            telegram_id=FIRST_TELEGRAM_ID + n,
            actor=actor,
        ).object
        for n in range(size.inspectors)
    ]
    newest = Receipt.objects.valid().order_by("-pk")
    return World(
        managers=[_manager(f"manager{n}", actor) for n in range(size.managers)],
        programs=[
            _key(f"program {n}", inspectors[0].pk, None, actor) for n in range(size.programs)
        ],
        greedy=_key("greedy", inspectors[0].pk, GREEDY_RATE, actor),
        receipts=list(newest.filter(status__in=IN_WORKSHOP).values_list("pk", flat=True)[:2000]),
        issued=list(newest.filter(status=Status.ISSUED).values_list("pk", flat=True)[:2000]),
        masters=list(
            Employee.objects.active().with_role(roles.MASTER).values_list("pk", flat=True)
        ),
        inspectors=[FIRST_TELEGRAM_ID + n for n in range(size.inspectors)],
        work_type=OperationType.objects.get(code="assembly").pk,
        hurry=size.hurry,
    )


def _manager(name: str, actor: Any) -> tuple[str, str]:
    from staff import roles
    from staff.services.accounts import create_user, link_user
    from staff.services.people import add_employee

    password = secrets.token_urlsafe(12)
    user = create_user(
        username=name, password=password, groups=[roles.GROUPS[roles.MANAGER]], actor=actor
    ).object
    person = add_employee(full_name=f"Менеджер {name}", roles=[roles.MANAGER], actor=actor).object
    link_user(employee_id=person.pk, user_id=user.pk, actor=actor)
    return name, password


def _key(name: str, employee_id: int, rate: int | None, actor: Any) -> str:
    from integrations import scopes
    from integrations.services.clients import add_client, issue_key

    held = [
        scopes.RECEIPTS_READ,
        scopes.RECEIPTS_WRITE,
        scopes.HISTORY_READ,
        scopes.ANALYTICS_READ,
        scopes.DATA_MANAGE,
    ]
    client = add_client(
        name=name, scopes=held, employee_id=employee_id, rate=rate, actor=actor
    ).object
    return str(issue_key(client_id=client.pk, actor=actor).shown_once["key"])
