"""``manage.py seed_calendar``: the usual week and the public holidays, where no calendar exists."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from receipts.services.holidays import keep_holidays, seed_calendar
from workshop.lib.actor import system_actor


class Command(BaseCommand):
    help = "Begins a work calendar and keeps its public holidays; what the office set stays."

    def handle(self, *args: Any, **options: Any) -> None:
        actor = system_actor("seed", silent=True)
        if seed_calendar(actor=actor):
            self.stdout.write("A production calendar was made; the office may change it.")
        elif added := keep_holidays(actor=actor):
            self.stdout.write(f"{added} public holidays were added to the work calendar.")
