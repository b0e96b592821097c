"""`manage.py restore FILE`: a backup into an empty place, and the checks that prove it whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser

from history.backups import restoring
from history.backups.errors import BackupError, Refused

# What must be true of every restored workshop; a command that this version lacks is left out.
CHECKS: Final[tuple[tuple[str, dict[str, bool]], ...]] = (
    ("verify_history", {}),
    ("rebuild_projections", {"check": True}),
    ("rebuild_rollups", {"check": True}),
)


class Command(BaseCommand):
    help = "Brings a backup back into an empty database; see docs/backup.md."

    # A damaged database may not keep anybody from looking at a backup.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--look", action="store_true", help="only read it and tell what it holds"
        )
        parser.add_argument(
            "--no-checks", action="store_true", help="leave the checks afterwards out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["look"]:
                self._look(options["file"])
                return
            found = restoring.restore(options["file"], tell=self.stdout.write)
        except Refused as error:
            raise CommandError(f"Nothing was changed. {error}") from error
        except (BackupError, OSError) as error:
            raise CommandError(
                f"The restore failed half-way: {error} Begin again with an empty place."
            ) from error
        call_command("prepare", stdout=self.stdout)
        for name in found.other_secrets:
            self.stderr.write(
                f"{name} is another than when the backup was made: what it protects is of no use."
            )
        if not options["no_checks"]:
            self._check()
        self.stdout.write(
            self.style.SUCCESS(
                f"Restored: the workshop as it was at {found.manifest.made_at},"
                f" {sum(found.manifest.counts.values())} rows, {found.photos} photos"
            )
        )

    def _look(self, path: Path) -> None:
        with restoring.opened(path) as (_plain, manifest):
            rows = sum(manifest.counts.values())
            self.stdout.write(
                f"whole: made {manifest.made_at} on {manifest.vendor}, {rows} rows in"
                f" {len(manifest.counts)} tables, {len(manifest.photos)} photos"
            )

    def _check(self) -> None:
        for name, options in CHECKS:
            if name in get_commands():
                self.stdout.write(f"Checking: {name}")
                call_command(name, stdout=self.stdout, stderr=self.stderr, **options)
