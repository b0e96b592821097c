"""``manage.py rebuild_projections``: receipts' fields from their events; ``--check`` only tells."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from receipts.models import Receipt
from receipts.services.rebuilding import Deviation, deviations, repair


class Command(BaseCommand):
    help = "Compare the projected fields of all receipts with their events and repair them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="repair nothing; list the differences and exit with 1 when there are any",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for deviation in deviations():
            count += 1
            self._tell(deviation)
            if not options["check"]:
                repair(deviation.receipt_id)
        if count and options["check"]:
            raise CommandError(f"{count} receipts differ from their events")
        told = f"{count} receipts repaired" if count else "every receipt is as its events say"
        self.stdout.write(self.style.SUCCESS(f"{told}: {Receipt.objects.count()} looked at"))

    def _tell(self, deviation: Deviation) -> None:
        for name, (stored, rebuilt) in deviation.fields.items():
            self.stderr.write(
                f"receipt {deviation.receipt_id}, {name}: {stored} instead of {rebuilt}"
            )
