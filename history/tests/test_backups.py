"""Backups: the file, what stays of the old ones, encryption, and how a failure is told."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from history.backups import archive, checking, dumps, making, nightly, restoring, rotation, sealing
from history.backups.archive import Manifest
from history.backups.errors import BackupError, Refused
from history.backups.events import BackupFailed, BackupMade
from history.jobs import JobFailed, Turn
from history.models import Event
from history.registry import load
from history.tasks import back_up
from workshop.lib.actor import system_actor
from workshop.settings.database import database

AT = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
ACTOR = system_actor("history.back_up")


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.BACKUP_RECIPIENT = settings.BACKUP_IDENTITY = ""
    photo = tmp_path / "media" / "photos" / "1.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"picture")


# --- the whole -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_database_photos_and_no_sign_ins(settings: Any) -> None:
    made = making.make(at=AT)
    assert made.path.name == "workshop-20260301T000000Z.tar"
    assert made.path.stat().st_mode & 0o077 == 0
    found = archive.verified(made.path)
    assert found.photos == ["media/photos/1.jpg"]
    assert found.counts == dumps.counts()
    assert found.counts["django_migrations"] > 50
    assert not set(dumps.LEFT_OUT) & set(found.counts)
    assert found.migrations["history"]
    assert settings.SECRET_KEY not in str(found)
    assert [path.name for path in settings.BACKUP_DIR.iterdir()] == [made.path.name]


@pytest.mark.django_db(transaction=True)
def test_nothing_that_exists_is_overwritten() -> None:
    made = making.make(at=AT)
    with pytest.raises(Refused, match="database is not empty"):
        restoring.restore(made.path)
    with pytest.raises(CommandError, match=r"Nothing was changed\. The database is not empty"):
        call_command("restore", str(made.path))


@pytest.mark.django_db
def test_a_backup_of_a_newer_version_is_refused() -> None:
    known = making.migrations()
    manifest = Manifest("", _vendor(), "x", known, {}, {})
    restoring.ensure_fits(manifest)
    newer = Manifest("", _vendor(), "x", known | {"receipts": ["9999_later"]}, {}, {})
    with pytest.raises(Refused, match="newer version"):
        restoring.ensure_fits(newer)
    with pytest.raises(Refused, match="same kind"):
        restoring.ensure_fits(Manifest("", "oracle", "x", known, {}, {}))


def _vendor() -> str:
    from django.db import connection

    return connection.vendor


# --- the file ------------------------------------------------------------------------------------


def _archive(path: Path, tmp_path: Path) -> Path:
    content = tmp_path / "content"
    content.write_bytes(b"rows" * 1_000)
    with archive.writing(path) as writer:
        writer.add("database.dump", content)
        writer.add("media/1.jpg", content)
        writer.close(Manifest(AT.isoformat(), "sqlite", "database.dump", {}, {}, {}))
    return path


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = _archive(tmp_path / "whole.tar", tmp_path)
    assert archive.verified(path).photos == ["media/1.jpg"]
    archive.take_out(path, "database.dump", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"rows" * 1_000
    assert archive.take_out_photos(path, tmp_path / "photos") == 1
    assert (tmp_path / "photos" / "1.jpg").read_bytes() == b"rows" * 1_000


@pytest.mark.parametrize("seed", range(25))
def test_a_changed_bit_or_a_cut_is_never_taken_for_whole(tmp_path: Path, seed: int) -> None:
    """But for the padding of the tar, which holds nothing."""
    chance = random.Random(seed)
    path = _archive(tmp_path / "whole.tar", tmp_path)
    whole = path.read_bytes()
    with tarfile.open(path) as file:
        spans = [range(one.offset_data, one.offset_data + one.size) for one in file]
    places = [place for span in spans for place in span]
    changed = bytearray(whole)
    changed[chance.choice(places)] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(changed))
    with pytest.raises(Refused):
        archive.verified(path)
    path.write_bytes(whole[: chance.randrange(spans[-1].stop)])
    with pytest.raises(Refused):
        archive.verified(path)


# --- encryption ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_encrypted_backup_needs_its_secret_key(settings: Any) -> None:
    settings.BACKUP_RECIPIENT, secret = sealing.new_keys()
    made = making.make(at=AT)
    assert made.path.name.endswith(".tar.age")
    assert b"picture" not in made.path.read_bytes()
    with pytest.raises(Refused, match="set BACKUP_IDENTITY"), restoring.opened(made.path):
        pass
    settings.BACKUP_IDENTITY = sealing.new_keys()[1]
    with pytest.raises(Refused, match="another key"), restoring.opened(made.path):
        pass
    settings.BACKUP_IDENTITY = secret
    with restoring.opened(made.path) as (_plain, manifest):
        assert manifest.photos == ["media/photos/1.jpg"]


@pytest.mark.django_db(transaction=True)
def test_a_wrong_public_key_leaves_no_backup(settings: Any) -> None:
    settings.BACKUP_RECIPIENT = "age1wrong"
    with pytest.raises(BackupError, match="BACKUP_RECIPIENT"):
        making.make(at=AT)
    assert list(settings.BACKUP_DIR.iterdir()) == []


# --- what other programs are told -----------------------------------------------------------------


def test_a_trial_is_led_to_its_scratch_place_and_not_to_the_workshop(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """Where secrets come as files: a file wins over a variable."""
    for name in ("DATABASE_URL", "BACKUP_IDENTITY", "MEDIA_ROOT"):
        own = tmp_path / name
        own.write_text(f"of-the-workshop-{name}")
        monkeypatch.setenv(f"{name}_FILE", str(own))
    settings.BACKUP_IDENTITY = "AGE-SECRET-KEY-1TRIAL"
    scratch = "postgresql://shop:pass-word@/scratch"
    told = checking.environment_of(tmp_path, scratch)
    assert not {scratch, "AGE-SECRET-KEY-1TRIAL"} & set(told.values())
    # In a process of its own: the reader of this one remembers the files that it has read.
    names = ("DATABASE_URL", "BACKUP_IDENTITY", "MEDIA_ROOT")
    program = f"import environ; e = environ.FileAwareEnv(); print([e.str(n) for n in {names}])"
    read = subprocess.run(
        [sys.executable, "-c", program], env=told, capture_output=True, text=True, check=True
    )
    assert ast.literal_eval(read.stdout) == [
        scratch,
        "AGE-SECRET-KEY-1TRIAL",
        str(tmp_path / "media"),
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.secret"))


@pytest.mark.parametrize("host", ["/var/run/postgresql", "::1", "db.example.org"])
def test_the_scratch_place_is_reached_as_the_workshop_is(host: str) -> None:
    own = {"host": host, "port": 5433, "user": "shop", "password": "p@:/ü", "sslmode": "require"}
    found = database(checking._url(own, "scratch"))
    options = found["OPTIONS"]
    assert (options.get("host") or found["HOST"], options["sslmode"]) == (host, "require")
    names = ("NAME", "USER", "PASSWORD", "PORT")
    assert [found[name] for name in names] == ["scratch", "shop", "p@:/ü", 5433]


def test_the_tools_of_the_database_read_the_password_from_a_file() -> None:
    with dumps._password_file("a:b\\c") as told:
        kept = Path(told["PGPASSFILE"])
        assert kept.read_text() == "*:*:*:*:a\\:b\\\\c\n"
        assert kept.stat().st_mode & 0o077 == 0
    assert not kept.exists()
    with dumps._password_file("") as told:
        assert told == {}


# --- which ones stay -----------------------------------------------------------------------------


def _names(days: range) -> list[Path]:
    return [Path(rotation.file_name(AT - timedelta(days=day))) for day in days]


def test_days_weeks_and_months_keep_their_newest() -> None:
    kept = rotation.kept(_names(range(400)), days=7, weeks=4, months=12)
    ages = sorted((AT - rotation.made_at(path)).days for path in kept)
    assert ages[:7] == list(range(7))
    assert len(kept) <= 7 + 4 + 12
    months = {(AT - timedelta(days=age)).strftime("%Y-%m") for age in ages}
    assert len(months) >= 12
    # Every Sunday of the last weeks, as weeks begin on Monday.
    assert {0, 7, 14, 21} <= set(ages)


def test_after_a_long_pause_the_old_ones_stay() -> None:
    old = _names(range(300, 303))
    assert rotation.kept(old, days=7, weeks=4, months=12) == set(old)


def test_rotation_touches_nothing_else(settings: Any) -> None:
    folder = settings.BACKUP_DIR
    folder.mkdir()
    for path in [*_names(range(40)), Path("notes.txt"), Path("workshop-of-mine.tar")]:
        (folder / path).write_text("x")
    settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS, settings.BACKUP_KEEP_MONTHS = 3, 0, 0
    rotation.rotate(folder, at=AT)
    left = {path.name for path in folder.iterdir()}
    assert left == {*(path.name for path in _names(range(3))), "notes.txt", "workshop-of-mine.tar"}


# --- how it is told ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_night_is_told_in_the_history() -> None:
    made = nightly.back_up(actor=ACTOR, at=AT)
    event = Event.objects.get(stream="backups")
    payload = load(event)
    assert isinstance(payload, BackupMade)
    assert (payload.name, payload.size, payload.photos) == (made.path.name, made.size, 1)
    assert made.path.name in payload.words()


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_told_and_fails_the_job(settings: Any) -> None:
    settings.BACKUP_DIR.write_text("a file where the folder should be")
    with pytest.raises(JobFailed):
        back_up(Turn("history.back_up", AT, AT))
    payload = load(Event.objects.get(stream="backups"))
    assert isinstance(payload, BackupFailed)
    assert payload.reason == "File exists"
    assert str(settings.BACKUP_DIR) not in payload.words()


@pytest.mark.django_db
def test_a_trial_without_a_backup_is_a_failure() -> None:
    with pytest.raises(BackupError, match="There is no backup yet"):
        nightly.try_out(actor=ACTOR)
    payload = load(Event.objects.get(stream="backups"))
    assert isinstance(payload, BackupFailed)
    assert payload.trial
