"""``manage.py verify_history``: prove that the history is whole, or name the first bad row."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from history.models import Event
from history.verify import verify


class Command(BaseCommand):
    help = "Verify the hash chains of all history streams and the database triggers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stream", help="only this stream, for example receipt:17")

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for finding in verify(stream=options["stream"]):
            count += 1
            self.stderr.write(
                self.style.ERROR(
                    f"{finding.stream or 'database'} event {finding.sequence} "
                    f"(row {finding.event_id or '-'}): {finding.problem}"
                )
            )
        if count:
            raise CommandError(f"{count} broken places found")
        self.stdout.write(self.style.SUCCESS(f"history is whole: {Event.objects.count()} events"))
