"""Schedules of reports: who may, who gets it, what is recorded; the slots of the jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import override_settings
from python_calamine import CalamineWorkbook

from analytics.models import Report, ReportMail, ReportRecipient, ReportSchedule
from analytics.reports import jobs, making
from analytics.services import report_cleanup, report_making, reports
from analytics.services.report_schedules import (
    RecipientInput,
    add_schedule,
    change_schedule,
    switch_schedule,
)
from history.jobs import Turn
from history.jobs.declaring import declared_jobs
from history.jobs.rows import seed
from history.jobs.running import run_due
from history.models import Event, Job
from staff.models import Employee
from tests.cast import Cast, make_cast
from workshop.lib import clock
from workshop.lib.errors import NotAllowed, WorkshopError

pytestmark = pytest.mark.django_db
MAIL = {"MAIL_CONFIGURED": True, "EMAIL_FROM": "workshop@example.org"}
NOON = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)  # Tuesday 12:00 in Moscow


LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def two_days_later() -> Iterator[None]:
    """Leases go by the clock of the database, everything else by this one."""
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def files(media: Any) -> None:
    """A folder of its own: what another test wrote under the same number is not there."""


def daily(cast: Cast, *people: RecipientInput, form: str = "xlsx", **more: Any) -> ReportSchedule:
    found = people or (RecipientInput(cast.anna.pk),)
    return add_schedule(
        every=more.pop("every", "daily"),
        form=form,
        recipients=found,
        actor=cast.actor("anna"),
        **more,
    ).object


def told(schedule: ReportSchedule) -> list[str]:
    events = Event.objects.filter(stream=schedule.stream).order_by("sequence")
    return [event.kind for event in events]


# --- who may, and what is recorded ---------------------------------------------------------------


def test_a_schedule_is_recorded_without_an_address(cast: Cast) -> None:
    with override_settings(**MAIL):
        row = daily(cast, RecipientInput(cast.boris.pk, False, "boris@example.org"))
    event = Event.objects.get(stream=row.stream)
    assert event.kind == "report.schedule_added"
    assert event.payload["recipients"] == [
        {"id": cast.boris.pk, "name": str(cast.boris), "telegram": False, "mail": True}
    ]
    assert "boris@example.org" not in str(event.payload)


def test_changing_records_old_and_new_and_nothing_for_nothing(cast: Cast) -> None:
    row, actor = daily(cast), cast.actor("anna")
    people = [RecipientInput(cast.anna.pk), RecipientInput(cast.boris.pk)]
    for _twice in range(2):
        change_schedule(schedule_id=row.pk, form="both", recipients=people, actor=actor)
    assert told(row) == ["report.schedule_added", "report.schedule_changed"]
    event = Event.objects.filter(stream=row.stream).last()
    assert event is not None
    assert event.payload["form"] == ["xlsx", "both"]
    assert [len(event.payload[key]) for key in ("before", "now")] == [1, 2]
    assert ReportRecipient.objects.filter(schedule=row).count() == 2


def test_switching_off_and_on(cast: Cast) -> None:
    row = daily(cast)
    for active in (False, False, True):
        switch_schedule(schedule_id=row.pk, active=active, actor=cast.actor("anna"))
    assert told(row)[1:] == ["report.schedule_switched"] * 2


@pytest.mark.parametrize("who", ["igor", "maxim", "pavel", "boris"])
def test_only_managers_may(cast: Cast, who: str) -> None:
    row = daily(cast)
    actor = cast.actor(who)
    for verb in (
        lambda: add_schedule(
            every="daily", form="xlsx", recipients=[RecipientInput(cast.anna.pk)], actor=actor
        ),
        lambda: change_schedule(
            schedule_id=row.pk, form="pdf", recipients=[RecipientInput(cast.anna.pk)], actor=actor
        ),
        lambda: switch_schedule(schedule_id=row.pk, active=False, actor=actor),
        lambda: reports.ask_report(kind="month", form="xlsx", actor=actor),
    ):
        with pytest.raises(NotAllowed):
            verb()
    assert ReportSchedule.objects.count() == 1
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"every": "hourly"}, "reports.unknown_choice"),
        ({"form": "docx"}, "reports.unknown_choice"),
        ({"recipients": []}, "reports.no_recipients"),
        ({"recipients": ["maxim"]}, "reports.may_not_receive"),
        ({"recipients": ["igor"]}, "reports.may_not_receive"),
        ({"recipients": [RecipientInput(10**9)]}, "reports.may_not_receive"),
        ({"recipients": ["anna", "anna"]}, "reports.recipient_twice"),
    ],
)
def test_a_wrong_schedule_is_refused(cast: Cast, change: dict[str, Any], code: str) -> None:
    asked: dict[str, Any] = {"every": "daily", "form": "xlsx", "recipients": ["anna"], **change}
    asked["recipients"] = [
        RecipientInput(getattr(cast, one).pk) if isinstance(one, str) else one
        for one in asked["recipients"]
    ]
    with pytest.raises(WorkshopError) as refusal:
        add_schedule(**asked, actor=cast.actor("anna"))
    assert refusal.value.code == code
    assert not ReportSchedule.objects.exists()
    assert not Event.objects.filter(kind__startswith="report.").exists()


@pytest.mark.parametrize(
    ("configured", "telegram", "address", "code"),
    [
        (True, False, "", "reports.no_channel"),
        (True, True, "no address", "reports.bad_address"),
        (True, True, "a@example.org\nBcc: b@example.org", "reports.bad_address"),
        (False, True, "anna@example.org", "reports.mail_not_configured"),
    ],
)
def test_a_wrong_channel_is_refused(
    cast: Cast, configured: bool, telegram: bool, address: str, code: str
) -> None:
    one = RecipientInput(cast.anna.pk, telegram, address)
    with (
        override_settings(MAIL_CONFIGURED=configured),
        pytest.raises(WorkshopError) as refusal,
    ):
        daily(cast, one)
    assert refusal.value.code == code


# --- the slots --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "slot", "first", "after"),
    [
        ("daily", "2026-11-17T08:00+03:00", "2026-11-16", "2026-11-17"),
        ("daily", "2026-11-17T23:30+03:00", "2026-11-16", "2026-11-17"),
        ("weekly", "2026-11-16T09:00+03:00", "2026-11-09", "2026-11-16"),
        ("monthly", "2026-12-01T10:00+03:00", "2026-11-01", "2026-12-01"),
        ("monthly", "2027-01-01T10:00+03:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_a_slot_tells_of_what_had_closed(
    cast: Cast, every: str, slot: str, first: str, after: str
) -> None:
    moment = datetime.fromisoformat(slot)
    row = daily(cast, every=every, at=moment - timedelta(days=1))
    turn = Turn(f"analytics.{every}_reports", moment, moment + timedelta(minutes=3))
    jobs.run(turn, every)
    report = Report.objects.get(schedule=row)
    assert (report.first.isoformat(), report.after.isoformat()) == (first, after)
    assert not report.period.is_partial(moment)


def test_a_slot_is_told_once_however_often_it_is_run(cast: Cast) -> None:
    daily(cast, RecipientInput(cast.anna.pk), RecipientInput(cast.boris.pk), at=NOON)
    slot = NOON + timedelta(hours=20)
    for minutes in (0, 5, 700):
        turn = Turn("analytics.daily_reports", slot, slot + timedelta(minutes=minutes))
        jobs.run(turn, "daily")
    assert Report.objects.count() == 1
    events = Event.objects.filter(kind="report.ready")
    assert [len(event.payload["telegram"]) for event in events] == [2]


def test_nobody_gets_what_was_before_the_schedule(cast: Cast) -> None:
    daily(cast, at=NOON)
    turn = Turn("analytics.daily_reports", NOON - timedelta(hours=4), NOON)
    assert jobs.run(turn, "daily")["planned"] == 0


def run_jobs(name: str) -> Job:
    declared = declared_jobs()[name]
    run_due(declared)
    return Job.objects.get(name=name)


def test_the_jobs_of_a_week_that_was_missed_are_made_good_for(cast: Cast) -> None:
    """Three weeks without a worker: three weekly reports, one daily one."""
    with time_machine.travel(NOON, tick=False) as time:
        seed(declared_jobs())
        for name in ("analytics.weekly_reports", "analytics.daily_reports"):
            run_jobs(name)
        daily(cast)
        weekly = daily(cast, every="weekly")
        time.shift(timedelta(days=21))
        run_jobs("analytics.weekly_reports")
        run_jobs("analytics.daily_reports")
        run_jobs("analytics.weekly_reports")
    firsts = Report.objects.filter(schedule=weekly).order_by("slot").values_list("first", flat=True)
    assert [f"{day:%d.%m}" for day in firsts] == ["16.11", "23.11", "30.11"]
    days = Report.objects.exclude(schedule=weekly).values_list("first", flat=True)
    assert [f"{day:%d.%m}" for day in days] == ["07.12"]
    assert Event.objects.filter(kind="report.ready").count() == 4


def test_the_jobs_have_the_times_of_the_specification() -> None:
    whens = {name: str(one.when) for name, one in declared_jobs().items() if "report" in name}
    assert "analytics.daily_reports" in whens
    slots = {
        "analytics.daily_reports": "2026-11-17T08:00+03:00",
        "analytics.weekly_reports": "2026-11-16T09:00+03:00",
        "analytics.monthly_reports": "2026-11-01T10:00+03:00",
    }
    for name, slot in slots.items():
        newest = declared_jobs()[name].when.latest(NOON)
        assert newest == datetime.fromisoformat(slot), name


# --- making ------------------------------------------------------------------------------------


def asked(cast: Cast, form: str = "xlsx") -> Report:
    return reports.ask_report(kind="month", form=form, actor=cast.actor("anna")).object


def again(row: Report) -> Report:
    row.refresh_from_db()
    return row


def test_a_report_by_hand_is_made_for_its_asker(cast: Cast) -> None:
    row = asked(cast, "both")
    assert making.make_waiting(at=clock.now()) == 1
    assert again(row).state == Report.State.READY
    files = {one.form: one for one in row.files.all()}
    assert set(files) == {"xlsx", "pdf"}
    with files["xlsx"].file.open("rb") as content:
        book = CalamineWorkbook.from_filelike(content)
        assert book.sheet_names[0] == "Сводка"
    assert files["pdf"].file.open("rb").read(5) == b"%PDF-"
    assert all(one.size == one.file.size for one in files.values())
    event = Event.objects.get(kind="report.ready")
    assert event.payload["telegram"] == event.payload["mail"] == []


def test_each_recipient_gets_his_language(cast: Cast) -> None:
    Employee.objects.filter(pk=cast.boris.pk).update(language="en")
    row = daily(cast, RecipientInput(cast.anna.pk), RecipientInput(cast.boris.pk), at=NOON)
    slot = NOON + timedelta(hours=20)
    jobs.run(Turn("analytics.daily_reports", slot, slot), "daily")
    report = Report.objects.get(schedule=row)
    titles = {}
    for one in report.files.all():
        with one.file.open("rb") as content:
            titles[one.language] = CalamineWorkbook.from_filelike(content).sheet_names[0]
    assert titles == {"ru": "Сводка", "en": "Summary"}


def test_who_may_not_read_it_any_more_gets_nothing(cast: Cast) -> None:
    people = RecipientInput(cast.anna.pk), RecipientInput(cast.boris.pk)
    daily(cast, *people, at=NOON)
    Employee.objects.filter(pk=cast.boris.pk).update(active=False)
    slot = NOON + timedelta(hours=20)
    jobs.run(Turn("analytics.daily_reports", slot, slot), "daily")
    (event,) = Event.objects.filter(kind="report.ready")
    assert [one["id"] for one in event.payload["telegram"]] == [cast.anna.pk]


def test_one_that_fails_is_tried_again_and_then_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(cast)

    def broken(*_args: object) -> None:
        raise ZeroDivisionError("Иванов И. = 0")

    monkeypatch.setitem(making.WRITERS, "xlsx", broken)
    at = clock.now()
    for _attempt in range(5):
        assert again(row).state == Report.State.WAITING
        assert making.make_waiting(at=at) == 0
        assert making.make_waiting(at=at) == 0  # not before its time
        at = max(at, again(row).due_at)
    assert again(row).state == Report.State.FAILED
    assert row.attempts == 5
    (event,) = Event.objects.filter(kind="report.failed")
    assert "ZeroDivisionError" in event.payload["error"]
    monkeypatch.undo()
    reports.try_again(report_id=row.pk, actor=cast.actor("anna"))
    assert making.make_waiting(at=clock.now()) == 1


def test_a_maker_that_was_killed_is_taken_over_and_tells_once(cast: Cast) -> None:
    """Killed after its files were written: they are written anew, and told of once."""
    row = asked(cast)
    first = report_making.claim(at=clock.now())
    assert first is not None
    from analytics.reports.question import Question

    list(making._written(first, Question(first.period, clock.now())))
    assert report_making.claim(at=clock.now()) is None  # its lease holds
    Report.objects.filter(pk=row.pk).update(owner="", lease_until=LONG_AGO)
    assert making.make_waiting(at=clock.now()) == 1
    with pytest.raises(report_making.LostClaim):
        report_making.finish(
            report_id=row.pk, token=first.token, files=[], summary={}, actor=report_making.maker()
        )
    assert Event.objects.filter(kind="report.ready").count() == 1
    assert row.files.count() == 1
    _folders, names = default_storage.listdir(f"reports/{row.pk}")
    assert names == ["ru.xlsx"]


def test_one_that_kills_its_maker_each_time_is_given_up(cast: Cast) -> None:
    row = asked(cast)
    for _attempt in range(5):
        assert report_making.claim(at=clock.now()) is not None
        Report.objects.filter(pk=row.pk).update(owner="", lease_until=LONG_AGO)
    assert making.make_waiting(at=clock.now()) == 0
    assert again(row).state == Report.State.FAILED


def test_sending_again_makes_a_new_round(cast: Cast) -> None:
    with override_settings(**MAIL):
        daily(cast, RecipientInput(cast.anna.pk, True, "anna@example.org"), at=NOON)
        slot = NOON + timedelta(hours=20)
        jobs.run(Turn("analytics.daily_reports", slot, slot), "daily")
        row = Report.objects.get()
        reports.send_again(report_id=row.pk, actor=cast.actor("anna"))
    assert list(ReportMail.objects.order_by("id").values_list("round", flat=True)) == [1, 2]
    assert Event.objects.filter(kind="report.sent_again").count() == 1
    by_hand = asked(cast)
    with pytest.raises(WorkshopError, match=r"нет файлов|no files"):
        reports.send_again(report_id=by_hand.pk, actor=cast.actor("anna"))


def test_old_files_and_addresses_are_forgotten(cast: Cast, settings: Any) -> None:
    settings.MAIL_CONFIGURED = True
    daily(cast, RecipientInput(cast.anna.pk, True, "anna@example.org"), at=NOON)
    slot = NOON + timedelta(hours=20)
    jobs.run(Turn("analytics.daily_reports", slot, slot), "daily")
    old, young = Report.objects.get(), asked(cast)
    making.make_waiting(at=clock.now())
    places = [str(one.file.name) for one in old.files.all()]
    at = clock.now()
    border = at - timedelta(days=settings.REPORTS_DAYS)
    Report.objects.filter(pk=old.pk).update(created_at=border - timedelta(hours=1))
    Report.objects.filter(pk=young.pk).update(created_at=border + timedelta(hours=1))
    assert report_cleanup.forget_files(at=at) == 1
    assert report_cleanup.forget_files(at=at) == 0
    assert not any(default_storage.exists(place) for place in places)
    assert not any(one.file for one in old.files.all())
    assert all(one.file for one in young.files.all())
    assert set(ReportMail.objects.values_list("address", flat=True)) == {""}
