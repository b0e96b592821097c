"""Which backups stay: the newest of each of the last days, weeks and months."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from workshop.lib import clock

NAME: Final = "workshop-%Y%m%dT%H%M%SZ.tar"
_NAMES = re.compile(r"workshop-(\d{8}T\d{6})Z\.tar(\.age)?")
_BROKEN_AFTER: Final = timedelta(days=1)
PART: Final = ".part"


def file_name(at: datetime) -> str:
    """``workshop-20260101T000000Z.tar``, in UTC: names sort by time."""
    return at.astimezone(UTC).strftime(NAME)


def all_backups(folder: Path) -> list[Path]:
    """Newest first; files with other names are not ours."""
    if not folder.is_dir():
        return []
    return sorted((one for one in folder.iterdir() if _NAMES.fullmatch(one.name)), reverse=True)


def made_at(path: Path) -> datetime:
    """The moment in its name. ValueError for a file that is none of ours."""
    found = _NAMES.fullmatch(path.name)
    if found is None:
        raise ValueError(path.name)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


def kept(paths: Iterable[Path], *, days: int, weeks: int, months: int) -> set[Path]:
    """Of the newest ``days`` days, ``weeks`` weeks, ``months`` months that have one: their newest.

    Counted are days with a backup, not days of the calendar: after a long pause the old ones stay.
    """
    newest = sorted(paths, reverse=True)
    found = set(newest[:1])
    for many, unit in ((days, _day), (weeks, _week), (months, _month)):
        seen: dict[object, Path] = {}
        for path in newest:
            seen.setdefault(unit(clock.local(made_at(path))), path)
        found.update(list(seen.values())[:many])
    return found


def _day(at: datetime) -> object:
    return at.date()


def _week(at: datetime) -> object:
    return at.isocalendar()[:2]


def _month(at: datetime) -> object:
    return at.year, at.month


def rotate(folder: Path, *, at: datetime) -> list[Path]:
    """Remove what is not kept any more, and what a killed run has left; the removed files."""
    paths = all_backups(folder)
    staying = kept(
        paths,
        days=settings.BACKUP_KEEP_DAYS,
        weeks=settings.BACKUP_KEEP_WEEKS,
        months=settings.BACKUP_KEEP_MONTHS,
    )
    old = [path for path in paths if path not in staying]
    old += [
        path
        for path in folder.glob(f"workshop-*{PART}")
        if path.stat().st_mtime < (at - _BROKEN_AFTER).timestamp()
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return old
