"""``manage.py rebuild_rollups``: roll-ups counted anew; ``--check`` only compares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics import checking
from analytics.models import RollupState
from analytics.periods import next_month
from analytics.services import rebuilding, rollups
from receipts.models import Receipt
from workshop.lib import clock


class Command(BaseCommand):
    help = "Count the roll-ups of the numbers anew, all of them or the months of some days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument(
            "--check",
            action="store_true",
            help="repair nothing; name the first difference to the facts and exit with 1",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        some = options["first"] is not None or options["last"] is not None
        if not some and not options["check"]:
            self._all()
            return
        if not RollupState.objects.filter(complete=True).exists():
            told = "there are no complete roll-ups yet: answers come from the facts"
            if not options["check"]:
                raise CommandError(told)
            self.stdout.write(told)  # nothing is kept that could be wrong
            return
        months = list(_months(options["first"], options["last"]))
        for number, month in enumerate(months, 1):
            if options["check"]:
                self._check(month)
            else:
                rebuilding.rebuild_month(month)
            self.stderr.write(f"{month:%m.%Y} ({number} of {len(months)})")
        told = "every number is as the facts say" if options["check"] else "counted anew"
        self.stdout.write(self.style.SUCCESS(f"{told}: {len(months)} months"))

    def _all(self) -> None:
        rebuilding.forget()
        total, done, left = Receipt.objects.count(), 0, True
        while left:
            step = rollups.refresh(at=clock.now())
            done, left = done + step.receipts, step.left
            self.stderr.write(f"{min(done, total)} of {total} receipts")
        self.stdout.write(self.style.SUCCESS(f"counted anew: {total} receipts"))

    def _check(self, month: date) -> None:
        for one in checking.differences(month):
            raise CommandError(str(one))


def _months(first: date | None, last: date | None) -> Iterator[date]:
    """The months from the first day to the last; by default those with works or returns."""
    today = clock.today()
    month = (first or checking.beginning() or today).replace(day=1)
    while month <= (last or today):
        yield month
        month = next_month(month)
