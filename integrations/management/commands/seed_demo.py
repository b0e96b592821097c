"""`manage.py seed_demo`: an invented workshop for looking around, trials and measurements."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from integrations.demo import files, seeding
from integrations.demo.telling import Plan
from workshop.lib import clock


class Command(BaseCommand):
    help = "Fills an empty database with invented people, watches and their history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--receipts", type=int, default=400, help="how many (default 400)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same stories")
        parser.add_argument("--days", type=int, default=120, help="length of the history in days")
        parser.add_argument(
            "--in-bulk",
            action="store_true",
            help=f"write in bulk also up to {seeding.BY_SERVICES} receipts: quicker, no batches",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="also with a real bot token, without DEMO, or beside receipts that are not demo",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["receipts"] < 1 or options["days"] < 1:
            raise CommandError("--receipts and --days are positive numbers.")
        self._ensure_allowed(options["force"])
        there = seeding.demo_receipts()
        begun = files.interrupted_plan() if there or seeding.people_there() else None
        if begun is not None or not there:
            self._seed(begun or _plan(options), there)
            return
        files.write_people()
        self.stdout.write(
            f"Demo data are there already ({there} receipts): nothing was changed. "
            "For other ones begin with an empty database."
        )

    def _ensure_allowed(self, force: bool) -> None:
        """Demo data in a real workshop would be a disaster: every sign of one stops it."""
        reasons = []
        if not (settings.DEMO or settings.DEBUG):
            reasons.append("DEMO is off (set DEMO=1)")
        if settings.TELEGRAM_BOT_TOKEN:
            reasons.append("a real TELEGRAM_BOT_TOKEN is set")
        foreign = seeding.foreign_receipts()
        if foreign:
            reasons.append(f"the database has {foreign} receipts that are not demo data")
        if reasons and not force:
            raise CommandError(
                f"No demo data were written: {'; '.join(reasons)}. "
                "Demo data cannot be taken out again. --force writes them nevertheless."
            )
        for reason in reasons:
            self.stderr.write(f"Forced although {reason}.")

    def _seed(self, plan: Plan, there: int) -> None:
        begun = time.monotonic()
        try:
            seeding.seed(plan, self._progress)
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. The same command goes on where it stopped, or begins anew."
            ) from None
        seconds = time.monotonic() - begun
        made = plan.receipts - there
        self.stdout.write(
            f"\rDemo data: {made} receipts over {plan.days} days in {seconds:.1f} s "
            f"({made / seconds:.0f}/s, {connection.vendor}), seed {plan.seed}."
        )
        if files.sign_ins().exists():
            self.stdout.write(files.sign_ins().read_text(encoding="utf-8"))

    def _progress(self, done: int, total: int) -> None:
        step = max(1, total // 100)
        if self.stdout.isatty() and (done % step == 0 or done == total):
            self.stdout.write(f"\r{done} of {total} receipts", ending="")
            self.stdout.flush()


def _plan(options: dict[str, Any]) -> Plan:
    now = clock.now().replace(second=0, microsecond=0)
    in_bulk = options["in_bulk"] or options["receipts"] > seeding.BY_SERVICES
    return Plan(options["receipts"], options["seed"], options["days"], now, in_bulk)
