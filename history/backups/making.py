"""Make a backup: one moment of the database, and the photos, in one file proven to be readable."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from history.backups import archive, dumps, rotation, sealing
from history.backups.archive import Manifest

Tell = Callable[[str], None]
# What a restored workshop cannot work without and no backup holds; only a mark of each is kept.
SECRETS: Final = ("SECRET_KEY", "API_KEY_PEPPER", "WEBHOOK_SECRET_KEY")
_MARK: Final = 12  # letters of the hash: enough to see a difference, useless to guess with


@dataclass(frozen=True)
class Made:
    """A finished backup. ``size`` in bytes."""

    path: Path
    size: int
    manifest: Manifest

    @property
    def rows(self) -> int:
        return sum(self.manifest.counts.values())


def make(*, at: datetime, folder: Path | None = None, tell: Tell = lambda _text: None) -> Made:
    """Write a backup into ``folder`` (default: ``BACKUP_DIR``) and read it once to prove it.

    It appears under its name when it is whole. Raises BackupError; OSError when the disk is full.
    """
    folder = folder or settings.BACKUP_DIR
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sealed = bool(settings.BACKUP_RECIPIENT)
    target = folder / (rotation.file_name(at) + (sealing.SUFFIX if sealed else ""))
    part = folder / f"{target.name}{rotation.PART}"
    with tempfile.TemporaryDirectory(prefix="backup-", dir=folder) as place:
        plain = Path(place) / "plain.tar"
        try:
            manifest = _write(plain, Path(place), at=at, tell=tell)
            tell("Reading it again")
            archive.verified(plain)
            if sealed:
                tell("Encrypting")
                sealing.seal(plain, part, settings.BACKUP_RECIPIENT)
                part.chmod(0o600)
            else:
                plain.replace(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return Made(target, target.stat().st_size, manifest)


def _write(plain: Path, place: Path, *, at: datetime, tell: Tell) -> Manifest:
    member = dumps.database_member()
    tell("Copying the database")
    # The database first: a photo is written before its row, so no row is without its photo.
    counts = dumps.dump(place / member)
    with archive.writing(plain) as writer:
        writer.add(member, place / member)
        (place / member).unlink()
        tell("Copying photos")
        for name, path in _photos(Path(settings.MEDIA_ROOT)):
            # Removed since it was listed: what the office took back is not in the backup.
            with contextlib.suppress(FileNotFoundError):
                writer.add(name, path)
        return writer.close(
            Manifest(
                made_at=at.astimezone(UTC).isoformat(),
                vendor=connection.vendor,
                database=member,
                migrations=migrations(),
                counts=counts,
                secrets=marks(),
            )
        )


def _photos(root: Path) -> Iterator[tuple[str, Path]]:
    """Member name and path of every uploaded file; links are left alone."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield archive.PHOTOS + path.relative_to(root).as_posix(), path


def migrations() -> dict[str, list[str]]:
    """App → its newest migrations that this database has."""
    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    found: dict[str, list[str]] = {}
    for app, name in sorted(applied):
        children = loader.graph.node_map.get((app, name))
        newer = (
            {child.key for child in children.children if child.key[0] == app} if children else set()
        )
        if not newer & applied:
            found.setdefault(app, []).append(name)
    return found


def marks() -> dict[str, str]:
    """A mark of each secret that the data depend on, to see after a restore that it is another."""
    return {
        name: hashlib.sha256(f"backup:{name}:{value}".encode()).hexdigest()[:_MARK]
        for name in SECRETS
        if (value := getattr(settings, name, ""))
    }
