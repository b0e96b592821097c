"""Room on the disks that the workshop writes to: the one source for health, metrics and alerts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from workshop.lib.telemetry import DISK_FREE, Reading

DATA: Final = "data"
PHOTOS: Final = "photos"
BACKUPS: Final = "backups"
DATABASE: Final = "database"
LOCAL: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})


def folders() -> dict[str, Path]:
    """Where files are written, by what stands there; without asking the database.

    Of a folder that is still to be made the one in which it will be.
    """
    wanted = {DATA: settings.DATA_DIR, PHOTOS: settings.MEDIA_ROOT, BACKUPS: settings.BACKUP_DIR}
    return {name: _nearest(Path(folder).absolute()) for name, folder in wanted.items()}


def _nearest(folder: Path) -> Path:
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def database_folder() -> Path | None:
    """Where the database has its files, if that is on this machine and we may know it.

    PostgreSQL tells it only to members of ``pg_read_all_settings``; of a server elsewhere, or in a
    container, the folder is not here.
    """
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return Path(name).parent if os.path.isabs(name) else None
    host = str(connection.settings_dict["HOST"])
    if host not in LOCAL and not host.startswith("/"):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER')"
            " THEN current_setting('data_directory') END"
        )
        (folder,) = cursor.fetchone()
    return Path(folder) if folder else None


def free(wanted: Mapping[str, Path]) -> dict[str, int]:
    """Free bytes of each disk under the name of the first folder on it.

    Two folders on one disk are one number. A folder that is not there, or may not be looked at, has
    none.
    """
    found: dict[str, int] = {}
    known: set[int] = set()
    for name, folder in wanted.items():
        try:
            device, room = os.stat(folder).st_dev, os.statvfs(folder)
        except OSError:
            continue
        if device not in known:
            known.add(device)
            # As the system counts for those who are not root, and `df` says.
            found[name] = room.f_bavail * room.f_frsize
    return found


def free_everywhere() -> dict[str, int]:
    """Free bytes of all disks, that of the database among them where it is known."""
    wanted = folders()
    database = database_folder()
    return free(wanted if database is None else {**wanted, DATABASE: database})


def read() -> Iterator[Reading]:
    """For Prometheus."""
    yield from (DISK_FREE.of(room, name) for name, room in free_everywhere().items())
