"""One message for one breach and person: a more exact notice speaks for the alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask

from analytics.models import AlertRule
from analytics.monitoring.sources import Reading
from analytics.services import alert_rules, alerts
from analytics.tests.test_alerts import ACTOR
from botapp import direct_notices
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver
from botapp.tests.flow_cast import phone
from history.backups.events import BackupFailed
from history.backups.nightly import note
from history.models import Job
from staff import roles
from staff.notice_kinds import NoticeKind
from staff.services import mute_notices
from tests.cast import Cast, make_cast
from workshop.lib import clock

NOON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as moved:
        yield moved


@pytest.fixture
def cast(db: None) -> Cast:
    AlertRule.objects.update(active=False)
    return make_cast()


def rule(cast: Cast, metric: str, **more: Any) -> AlertRule:
    values = {
        "name": "Правило",
        "metric": metric,
        "comparison": "above",
        "threshold": Decimal(0),
        "roles": [roles.MANAGER, roles.OWNER],
        "cooldown_minutes": 60,
        **more,
    }
    return alert_rules.add_rule(values=values, actor=cast.actor("anna")).object


def judge(**numbers: Any) -> None:
    named = {name.replace("__", ":"): value for name, value in numbers.items()}
    alerts.evaluate(Reading(clock.now(), named), minutely=False, actor=ACTOR)


def told(bot: BotDriver) -> dict[str, list[str]]:
    """Templates that left for each, and nothing of them again."""
    bot.notify()
    rows = OutgoingMessage.objects.filter(state=OutgoingMessage.SENT).select_related("employee")
    found: dict[str, list[str]] = {}
    for row in rows.order_by("pk"):
        assert row.employee is not None
        found.setdefault(row.employee.short_name.split()[0], []).append(row.template)
    return found


def fail() -> None:
    note(payload=BackupFailed(reason="disk full"), actor=ACTOR)


class TestBackup:
    def test_the_failure_itself_is_the_message_and_the_end_comes_from_the_alert(
        self, bot: BotDriver, cast: Cast, time: time_machine.Traveller
    ) -> None:
        for who in ("anna", "boris"):
            phone(bot, cast, who)
        rule(cast, "backups_failed")
        fail()
        time.shift(10 * MINUTE)
        judge(backups_failed=1)
        assert told(bot) == {"Анна": ["backup_failed"], "Борис": ["backup_failed"]}
        time.shift(30 * MINUTE)
        judge(backups_failed=0)
        assert told(bot)["Анна"] == ["backup_failed", "alert_over"]

    def test_what_lasts_is_told_again_by_the_alert(
        self, bot: BotDriver, cast: Cast, time: time_machine.Traveller
    ) -> None:
        phone(bot, cast, "anna")
        rule(cast, "backups_failed")
        fail()
        judge(backups_failed=1)
        time.shift(61 * MINUTE)
        judge(backups_failed=1)
        assert told(bot)["Анна"] == ["backup_failed", "alert_on"]

    def test_who_has_muted_the_notice_hears_the_alert(self, bot: BotDriver, cast: Cast) -> None:
        phone(bot, cast, "anna")
        phone(bot, cast, "boris")
        mute_notices(
            employee_id=cast.anna.pk,
            kinds=[NoticeKind.BACKUP_FAILED],
            muted=True,
            actor=cast.actor("anna"),
        )
        rule(cast, "backups_failed")
        fail()
        judge(backups_failed=1)
        assert told(bot) == {"Анна": ["alert_on"], "Борис": ["backup_failed"]}

    def test_a_failure_of_long_ago_and_another_threshold_do_not_count(
        self, bot: BotDriver, cast: Cast, time: time_machine.Traveller
    ) -> None:
        phone(bot, cast, "anna")
        fail()
        time.shift(5 * 60 * MINUTE)
        rule(cast, "backups_failed")
        judge(backups_failed=1)
        assert told(bot)["Анна"] == ["backup_failed", "alert_on"]
        fail()
        rule(cast, "backups_failed", threshold=Decimal(1))
        time.shift(MINUTE)
        judge(backups_failed=2)
        assert told(bot)["Анна"].count("alert_on") == 2


class TestWhatAJobTells:
    """Quality is told at 10:30, a limit every quarter of an hour: the alert may be the quicker."""

    CASES = (
        ("quality_drops", {"quality_drops": 1}, "analytics.tell_drops"),
        ("over_limit_at", {"over_limit_at__qc": 1}, "receipts.check_limits"),
        ("over_limit", {"over_limit": 1}, "receipts.check_limits"),
    )

    @pytest.mark.parametrize(("metric", "numbers", "job"), CASES)
    def test_managers_wait_for_it_and_others_hear_the_alert(
        self, bot: BotDriver, cast: Cast, metric: str, numbers: dict[str, int], job: str
    ) -> None:
        for who in ("anna", "boris"):
            phone(bot, cast, who)
        rule(cast, metric)
        Job.objects.filter(name=job).update(last_outcome=Job.DONE)
        judge(**numbers)
        assert told(bot) == {"Борис": ["alert_on"]}

    @pytest.mark.parametrize(("metric", "numbers", "job"), CASES)
    @pytest.mark.parametrize("fault", ["off", "failed"])
    def test_a_job_that_does_not_run_tells_nobody(
        self,
        bot: BotDriver,
        cast: Cast,
        metric: str,
        numbers: dict[str, int],
        job: str,
        fault: str,
    ) -> None:
        phone(bot, cast, "anna")
        rule(cast, metric)
        outcome = Job.FAILED if fault == "failed" else Job.DONE
        Job.objects.filter(name=job).update(last_outcome=outcome)
        PeriodicTask.objects.filter(name=job).update(enabled=fault != "off")
        judge(**numbers)
        assert told(bot)["Анна"] == ["alert_on"]

    def test_an_inspector_is_reminded_of_what_is_overdue(self, bot: BotDriver, cast: Cast) -> None:
        phone(bot, cast, "anna")
        phone(bot, cast, "igor")
        rule(cast, "overdue", roles=[roles.MANAGER, roles.INSPECTOR])
        Job.objects.filter(name="receipts.fire_reminders").update(last_outcome=Job.DONE)
        judge(overdue=1)
        assert told(bot) == {"Анна": ["alert_on"]}


def test_templates_jobs_and_metrics_exist(db: None) -> None:
    from analytics.monitoring import catalogue
    from botapp import notices
    from history.jobs.declaring import declared_jobs

    for code, one in direct_notices.DIRECT.items():
        assert catalogue.metric(code).alert
        assert set(one.templates) <= set(notices._templates)
        assert not one.job or one.job in declared_jobs()
