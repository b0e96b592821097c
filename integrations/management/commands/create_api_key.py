"""``manage.py create_api_key NAME``: a key for a program, printed once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import scopes
from integrations.models import ApiClient
from integrations.services.clients import add_client, issue_key
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import system_actor
from workshop.lib.errors import WorkshopError


class Command(BaseCommand):
    help = "Issue an API key. The client is made when there is none of this name yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the program's name, as it will stand in the history")
        parser.add_argument(
            "--scope", action="append", choices=scopes.ALL, help="repeat it for several scopes"
        )
        parser.add_argument("--employee", help="short or full name of the person behind it")
        parser.add_argument("--days", type=int, help="the key ends after so many days")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = system_actor("create_api_key")
        try:
            client = self._client(options, actor)
            until = clock.now() + timedelta(days=options["days"]) if options["days"] else None
            made = issue_key(client_id=client.pk, expires_at=until, actor=actor)
        except WorkshopError as error:
            raise CommandError(error.text()) from error
        self.stderr.write(f"Key for {client.name}; it is shown this once:")
        self.stdout.write(made.shown_once["key"])

    def _client(self, options: dict[str, Any], actor: Any) -> ApiClient:
        known: ApiClient | None = ApiClient.objects.filter(name=options["name"]).first()
        if known is not None:
            if options["scope"] or options["employee"]:
                raise CommandError("The client exists: change its scopes in the office.")
            return known
        return add_client(
            name=options["name"],
            scopes=options["scope"] or [scopes.RECEIPTS_READ],
            employee_id=self._employee(options["employee"]),
            actor=actor,
        ).object

    def _employee(self, name: str | None) -> int | None:
        if name is None:
            return None
        rows = Employee.objects.active()
        found = list(rows.filter(short_name=name)) or list(rows.filter(full_name=name))
        if len(found) != 1:
            raise CommandError(f"{len(found)} active employees are called {name}.")
        return int(found[0].pk)
