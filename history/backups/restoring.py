"""Bring a backup back, into an empty place only: nothing that exists is ever overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from history.backups import archive, dumps, making, sealing
from history.backups.archive import Manifest
from history.backups.errors import BackupError, Refused

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What was brought back, and the secrets that are others than when it was made."""

    manifest: Manifest
    photos: int
    other_secrets: tuple[str, ...]


@contextmanager
def opened(path: Path) -> Iterator[tuple[Path, Manifest]]:
    """The backup as a plain, verified tar, decrypted where it has to be. Raises Refused."""
    if not path.is_file():
        raise Refused(f"There is no file {path}.")
    if not sealing.is_sealed(path):
        yield path, archive.verified(path)
        return
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.DATA_DIR) as place:
        plain = Path(place) / "plain.tar"
        plain.touch(mode=0o600)
        sealing.unseal(path, plain)
        yield plain, archive.verified(plain)


def restore(path: Path, *, tell: Tell = lambda _text: None) -> Restored:
    """Fill the empty database and the empty folder of photos of this installation.

    Raises Refused before anything is written: damaged, of a newer version, of the other kind of
    database, or the place is not empty. Raises BackupError when writing fails.
    """
    tell("Reading the backup")
    with opened(path) as (plain, manifest):
        ensure_fits(manifest)
        ensure_empty()
        with tempfile.TemporaryDirectory(prefix="restore-", dir=_folder()) as place:
            member = Path(place) / manifest.database
            archive.take_out(plain, manifest.database, member)
            tell("Writing the database")
            dumps.load(member)
        _compare(manifest)
        tell("Writing photos")
        photos = archive.take_out_photos(plain, Path(settings.MEDIA_ROOT))
    now = making.marks()
    others = tuple(name for name, mark in manifest.secrets.items() if now.get(name) != mark)
    return Restored(manifest, photos, others)


def _folder() -> Path:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    return Path(settings.DATA_DIR)


def ensure_fits(manifest: Manifest) -> None:
    """Refused for another kind of database, and for what this version does not know yet."""
    if manifest.vendor != connection.vendor:
        raise Refused(
            f"The backup is of {manifest.vendor}, this installation works on {connection.vendor}."
            " Set DATABASE_URL to an empty database of the same kind."
        )
    known = set(MigrationLoader(None).disk_migrations)
    for app, names in manifest.migrations.items():
        for name in names:
            if (app, name) not in known and app in {key[0] for key in known}:
                raise Refused(
                    f"The backup comes from a newer version ({app} {name}). Install that version."
                )


def ensure_empty() -> None:
    """Refused when there is a table, or a photo."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if tables:
        raise Refused(
            f"The database is not empty ({len(tables)} tables). A backup is brought back into an"
            " empty one: set DATABASE_URL (SQLite: DATA_DIR) to a new place."
        )
    root = Path(settings.MEDIA_ROOT)
    if root.is_dir() and any(path.is_file() for path in root.rglob("*")):
        raise Refused(f"The folder of photos is not empty: {root}. Set MEDIA_ROOT to a new one.")


def _compare(manifest: Manifest) -> None:
    found = dumps.counts()
    for table, wanted in manifest.counts.items():
        if found.get(table) != wanted:
            raise BackupError(f"{table} has {found.get(table)} rows, the backup had {wanted}.")
