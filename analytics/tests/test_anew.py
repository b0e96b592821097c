"""Snapshots between the slots, free disks, and an installation that was never backed up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import translation
from django_celery_beat.models import PeriodicTask

from analytics.models import Alert, AlertRule, Snapshot
from analytics.monitoring import anew, checking
from analytics.monitoring.reading import slot_of
from analytics.monitoring.sources import read_all
from analytics.monitoring.status import status
from analytics.services import snapshots
from history import lease
from history.backups.events import BackupMade
from history.backups.nightly import note
from history.models import Event, Lease
from workshop.lib import clock, disk
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests", silent=True)
NOON = datetime(2026, 11, 16, 9, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BOT = "runbot"


def silent(seconds: int) -> None:
    """The bot was heard of last so long ago, by the clock of the database."""
    lease.beat(BOT, "tests/bot")
    Lease.objects.filter(name=BOT).update(seen_at=Now() - timedelta(seconds=seconds), until=Now())


def check(minute: int) -> list[Snapshot]:
    checking.check(actor=ACTOR, at=NOON + minute * MINUTE)
    return list(Snapshot.objects.order_by("id"))


class TestBetweenTheSlots:
    def test_a_new_installation_is_measured_at_once_and_once(self) -> None:
        assert not status(at=NOON).has_data
        (first,) = check(0)
        assert (first.slot, first.taken_at) == (slot_of(NOON), NOON)
        assert check(1) == [first]
        assert snapshots.take(slot=slot_of(NOON), at=NOON + MINUTE) == first
        assert status(at=NOON + MINUTE).has_data

    def test_not_where_the_office_has_switched_the_job_off(self) -> None:
        PeriodicTask.objects.filter(name=anew.JOB).update(enabled=False)
        assert check(0) == []

    def test_programs_that_have_reported_since_are_not_called_silent(self) -> None:
        """As after a restart: the first snapshot is taken before the bot has given a sign."""
        silent(3600)
        snapshots.take(slot=slot_of(NOON), at=NOON)
        assert [one.key for one in status(at=NOON).causes] == ["bot_silent"]
        assert len(check(1)) == 1, "it is silent indeed"
        silent(0)
        first, second = check(2)
        assert (second.slot, second.taken_at) == (None, NOON + 2 * MINUTE)
        assert status(at=NOON + 2 * MINUTE).causes == []
        assert check(3) == [first, second]

    def test_a_number_that_only_a_snapshot_holds_waits_for_the_slot(self) -> None:
        snapshots.take(slot=slot_of(NOON), at=NOON)
        Snapshot.objects.update(numbers={"overdue": 3})
        assert len(check(1)) == 1


class TestDisks:
    def test_a_disk_that_fills_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A warning first, then a critical alert; over again with some room to spare."""
        room = {disk.DATA: 5 * 10**9, disk.DATABASE: 90 * 10**9}
        monkeypatch.setattr(disk, "free_everywhere", lambda: dict(room))
        assert read_all(at=NOON, minutely=True).numbers["disk_free:data"] == 5
        found = []
        sizes = {0: 5.0, 10: 1.9, 16: 1.9, 20: 0.4, 22: 0.4, 30: 0.6, 40: 2.5, 50: 3.1}
        for minute, size in sizes.items():
            room[disk.DATA] = int(size * 10**9)
            check(minute)
            keys = Alert.objects.open().order_by("rule__key").values_list("rule__key", flat=True)
            found.append(list(keys))
        low, full = "disk_low", "disk_full"
        assert found == [[], [], [low], [low], [full, low], [full, low], [low], []]
        alert = Alert.objects.get(rule__key=full)
        assert alert.severity == "critical"
        with translation.override("ru"):
            assert str(alert) == "Свободно на диске: данные: 0,4 ГБ (порог: меньше 0,5 ГБ)"
        with translation.override("en"):
            assert str(alert) == "Free disk space: data: 0.4 GB (alert when below 0.5 GB)"


class TestNoBackupEver:
    def test_a_new_installation_stays_quiet_until_the_limit(self) -> None:
        began = Event.objects.order_by("pk").values_list("recorded_at", flat=True)[0]
        rule = AlertRule.objects.get(key="backup_missing")
        for hours, beyond in ((0, False), (29, False), (31, True)):
            at = began + hours * HOUR
            snapshots.take(slot=at, at=at)
            keys = [one.rule_key for one in status(at=at).causes]
            assert ("backup_missing" in keys) is beyond, hours
        (cause,) = status(at=at).causes
        assert (cause.severity, cause.rule) == ("critical", str(rule))
        with translation.override("ru"):
            words = status(at=at).causes[0].words
        assert words == "Резервной копии ещё не было, уже: 31 ч (порог: больше 30 ч)"

    def test_it_is_over_with_the_first_backup(self) -> None:
        began = Event.objects.order_by("pk").values_list("recorded_at", flat=True)[0]
        noon = clock.day_start(clock.local(began + 48 * HOUR).date()) + 12 * HOUR
        numbers: list[Any] = []
        for turn in range(2):
            at = noon + turn * HOUR
            taken = snapshots.take(slot=at, at=at)
            numbers.append((taken.numbers["backup_missing"], taken.numbers["backup_age"]))
            checking.check(actor=ACTOR, at=at)
            fired = Alert.objects.open().filter(rule__key="backup_missing")
            assert fired.exists() is (turn == 0)
            made = BackupMade(name="a", size=1, rows=1, photos=0, seconds=1, encrypted=False)
            note(payload=made, actor=ACTOR, at=noon)
        assert numbers[0][1] is None
        assert numbers[0][0] > 30
        assert numbers[1] == (0, 1)
