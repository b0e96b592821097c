"""What bad inputs are sent to: an invented workshop, its people, and the doors to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, Self

from tests.faults.setup import Place
from tests.fuzz.judge import Fault

APPS: Final = frozenset({"staff", "receipts", "polishing", "integrations"})
# Counted, locked or noted at every request, whatever comes of it.
TRACES: Final = frozenset(
    {
        "staff_accessrefusal", "staff_botname", "integrations_ratewindow", "integrations_apikey",
        # That a table was looked at is kept, whatever it holds.
        "integrations_datajob", "integrations_import", "integrations_importchunk",
        # Lined up by the running bot, of events: those are judged themselves.
        "integrations_webhookdelivery",
    }
)  # fmt: skip
NOTED: Final = ("access.refuse", "import.", "data.")


class Bed:
    """``with Bed(place) as bed``: one process, no network but loopback."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        from django.conf import settings

        from tests.walker.bed import lay_bed

        settings.API_RATE = settings.API_ADDRESS_RATE = 10_000_000
        settings.API_ANALYTICS_RATE = 1_000_000
        settings.WORKSHOP_SELF_SERVICE = True
        settings.ALLOWED_HOSTS = ["testserver", "localhost"]
        self.cast = lay_bed()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stack.close()

    def door(self, name: str) -> Any:
        from tests.fuzz.doors import DOORS

        return DOORS[name](self)

    @cached_property
    def bot(self) -> Any:
        """In memory, reading each message by Telegram's grammar and limits."""
        from botapp.testing import BotDriver
        from tests.walker.strict import StrictTransport

        return BotDriver(transport=StrictTransport())

    @cached_property
    def people(self) -> list[Any]:
        """With phones at that bot."""
        return [self.bot.person(one) for one in (self.cast.igor, self.cast.anna, self.cast.boris)]

    @cached_property
    def key(self) -> str:
        """Of a program that may do everything, bound to an inspector."""
        from tests.api.callers import make_caller

        return make_caller("fuzz", employee_id=self.cast.igor.pk).key

    def history_findings(self) -> int:
        from history.verify import verify

        return sum(1 for _finding in verify())


class Effects:
    """What was written since it was last asked: events, commands, and rows of any table."""

    def __init__(self) -> None:
        self._mark = self._marks()
        self._tables = self._sums()

    def new(self) -> Iterator[Fault]:
        """Events and commands; cheap enough for every input."""
        mark = self._marks()
        if mark == self._mark:
            return
        from history.models import Command, Event

        events = Event.objects.filter(pk__gt=self._mark[0]).values_list("kind", flat=True)
        commands = Command.objects.filter(pk__gt=self._mark[1]).values_list("verb", flat=True)
        self._mark = mark
        kinds = [kind for kind in events if not kind.startswith(NOTED)]
        verbs = [verb for verb in commands if not verb.startswith(NOTED)]
        if kinds or verbs:
            yield Fault("effects", f"{kinds} {verbs}")

    def of_tables(self) -> Iterator[Fault]:
        """Every row of the workshop's tables, compared with before."""
        sums = self._sums()
        for table, told in sums.items():
            if self._tables[table] != told:
                yield Fault("effects", f"{table}: {self._tables[table]} → {told}")
        self._tables = sums

    def _marks(self) -> tuple[int, int]:
        return self._first(
            "SELECT coalesce((SELECT max(id) FROM history_event), 0),"
            " coalesce((SELECT max(id) FROM history_command), 0)"
        )

    def _sums(self) -> dict[str, Any]:
        from django.apps import apps
        from django.db import connection

        found = {}
        for model in apps.get_models():
            table = model._meta.db_table
            if model._meta.app_label not in APPS or table in TRACES:
                continue
            if connection.vendor == "postgresql":
                rows = "md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                found[table] = self._first(f'SELECT count(*), {rows} FROM "{table}" t')
            else:
                found[table] = self._first(f'SELECT count(*), max(rowid) FROM "{table}"')
        return found

    def _first(self, query: str) -> Any:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()


def effects(_bed: Bed) -> Effects:
    return Effects()
