"""``manage.py rebuild_receipt_facts``: facts of receipts anew; ``--check`` only compares."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.receipt_facts import checking, services
from receipts.models import Receipt


class Command(BaseCommand):
    help = "Work out anew what lead times, deadlines and yields are read from."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="repair nothing; name the first difference to the receipts and exit with 1",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        total, done = Receipt.objects.count(), 0
        for ids in checking.chunks():
            if options["check"]:
                for one in checking.differences(ids):
                    raise CommandError(str(one))
            else:
                services.refresh(ids)
            done += len(ids)
            self.stderr.write(f"{done} of {total} receipts")
        told = "every fact is as the receipts say" if options["check"] else "worked out anew"
        self.stdout.write(self.style.SUCCESS(f"{told}: {done} receipts"))
