"""What is left after the versions have changed, against what was asked for."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.faults.setup import say


def effects(tills: Iterable[Any], phones: Iterable[Any]) -> tuple[int, int, int]:
    """What was answered with success against the events: lost, double, how many."""
    from history.models import Event
    from receipts.models import Receipt

    wanted: Counter[tuple[str, str]] = Counter()
    for till in tills:
        wanted += till.done
    wanted += Counter(
        (number, "receipt.registered") for phone in phones for number in phone.numbers
    )
    prefixes = tuple(f"{letter}{number}-" for letter in "AB" for number in range(10))
    numbers = {
        f"receipt:{pk}": number
        for pk, number in Receipt.objects.values_list("pk", "number").iterator()
        if number.startswith(prefixes)
    }
    rows = Event.objects.filter(stream__in=numbers).values_list("stream", "kind")
    found = Counter((numbers[stream], kind) for stream, kind in rows)
    lost = sum(1 for one in wanted if not found[one])
    double = sum(count - 1 for one, count in found.items() if count > 1)
    return lost, double, wanted.total()


def count(question: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def size() -> dict[str, int]:
    """Rows of the longest tables, as the database estimates them, and of all together."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(
            "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC"
        )
        rows = cursor.fetchall()
    return dict(rows[:6]) | {"all": sum(count for _name, count in rows if count > 0)}


def sound(*, rebuilt: bool) -> list[str]:
    """The history, the receipts and the numbers. ``rebuilt``: the former version counts none, so
    the numbers are made again, and then what it has written is marked as every night."""
    from django.core.management import CommandError, call_command

    from analytics.receipt_facts.services import heal_for
    from analytics.services import rollups
    from workshop.lib import clock

    if rebuilt:
        rollups.mark_recent(at=clock.now())
        heal_for(timedelta(hours=1))
    while rollups.refresh(at=clock.now()).left:
        pass
    faults = []
    for command, options in (
        ("verify_history", {}),
        ("rebuild_projections", {"check": True}),
        ("rebuild_rollups", {"check": True}),
        ("rebuild_receipt_facts", {"check": True}),
    ):
        say(command)
        try:
            call_command(command, stdout=sys.stderr, stderr=sys.stderr, **options)
        except (CommandError, SystemExit) as error:
            faults.append(f"{command}: {error}"[:400])
    return faults
