"""Room on the disks: one number for a disk, and nothing where nothing is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from workshop.lib import disk


def test_folders_on_one_disk_are_one_number(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    found = disk.free({"data": tmp_path, "photos": tmp_path / "photos", "gone": tmp_path / "no"})
    room = os.statvfs(tmp_path)
    assert list(found) == ["data"]
    assert found["data"] == pytest.approx(room.f_bavail * room.f_frsize, rel=0.2)


def test_another_disk_has_its_own(tmp_path: Path) -> None:
    elsewhere = next((Path(one) for one in ("/dev/shm", "/proc") if Path(one).exists()), None)
    if elsewhere is None:
        pytest.skip("this machine has one disk")
    assert set(disk.free({"data": tmp_path, "photos": elsewhere})) == {"data", "photos"}


def test_a_folder_that_is_still_to_be_made_counts_where_it_will_be(
    settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    settings.BACKUP_DIR = tmp_path / "not" / "yet"
    assert disk.folders()["backups"] == tmp_path
    assert set(disk.free(disk.folders())) == {"data"}


@pytest.mark.django_db
def test_the_folder_of_the_database_is_told_only_where_it_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "workshop.sqlite3"))
        assert disk.database_folder() == tmp_path
        monkeypatch.setitem(connection.settings_dict, "NAME", "file:memory?mode=memory")
        assert disk.database_folder() is None
    else:
        here = disk.database_folder()
        assert here is not None
        assert here.is_absolute()
        monkeypatch.setitem(connection.settings_dict, "HOST", "db.example.org")
        assert disk.database_folder() is None


@pytest.mark.django_db
def test_prometheus_is_told(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = settings.MEDIA_ROOT = settings.BACKUP_DIR = tmp_path
    told = {one.labels: one.value for one in disk.read()}
    assert told[("data",)] > 0
