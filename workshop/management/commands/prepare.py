"""`manage.py prepare`: brings database, static files and demo data to where this version is."""

import hashlib
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.reloader import translation_file_changed

from workshop.settings.guards import is_loopback
from workshop.translations import compile_catalogues

SEED = "seed_demo"
CALENDAR = "seed_calendar"


class Command(BaseCommand):
    help = "Migrates, collects static files when they changed, seeds an empty demo database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--files", action="store_true", help="translations and static files only (image build)"
        )

    def handle(self, *args: Any, files: bool = False, **options: Any) -> None:
        if written := compile_catalogues():
            # This process began without them, and the demo data keep words of their time.
            translation_file_changed(None, written)
        if files:
            self._collect_static()
            return
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        if CALENDAR in get_commands():
            call_command(CALENDAR, stdout=self.stdout)
        self._collect_static()
        if settings.DEMO:
            self._seed()

    def _collect_static(self) -> None:
        marker = settings.STATIC_ROOT / ".fingerprint"
        wanted = fingerprint()
        if marker.exists() and marker.read_text() == wanted:
            return
        self.stdout.write("Collecting static files")
        call_command("collectstatic", interactive=False, verbosity=0)
        marker.write_text(wanted)

    def _seed(self) -> None:
        if not all(is_loopback(host) for host in settings.ALLOWED_HOSTS):
            self.stderr.write("No demo data: the site has a public host (ALLOWED_HOSTS).")
            return
        if SEED not in get_commands() or _has_receipts():
            return
        self.stdout.write("Filling the empty database with demo data")
        call_command(SEED)


def _has_receipts() -> bool:
    return bool(apps.get_model("receipts", "Receipt")._default_manager.exists())


def fingerprint() -> str:
    """Changes whenever a static file comes, goes or is written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            changed = storage.get_modified_time(path).timestamp()
            digest.update(f"{path}:{storage.size(path)}:{changed}\n".encode())
    return digest.hexdigest()
