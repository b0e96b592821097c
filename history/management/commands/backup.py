"""`manage.py backup`: the whole workshop in one file, from one moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from history.backups import making, rotation, sealing
from history.backups.errors import BackupError
from workshop.lib import clock


class Command(BaseCommand):
    help = "Writes a backup of database and photos; see docs/backup.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, help="where to, instead of BACKUP_DIR")
        parser.add_argument(
            "--list", action="store_true", help="the backups there are, newest first"
        )
        parser.add_argument(
            "--new-key", action="store_true", help="make a pair of keys for encrypted backups"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self._new_key()
            return
        folder = options["folder"] or settings.BACKUP_DIR
        if options["list"]:
            for path in rotation.all_backups(folder):
                self.stdout.write(f"{filesizeformat(path.stat().st_size):>12}  {path}")
            return
        try:
            made = making.make(at=clock.now(), folder=folder, tell=self.stdout.write)
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        photos = len(made.manifest.photos)
        self.stdout.write(
            self.style.SUCCESS(
                f"{made.path} ({filesizeformat(made.size)}, {made.rows} rows, {photos} photos)"
            )
        )

    def _new_key(self) -> None:
        public, secret = sealing.new_keys()
        self.stdout.write(f"BACKUP_RECIPIENT={public}\nBACKUP_IDENTITY={secret}")
        self.stderr.write(
            "Keep the second line where no backup lies, and on paper:"
            " without it the backups are lost."
        )
