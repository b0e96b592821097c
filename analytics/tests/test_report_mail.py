"""Reports by e-mail, over a real SMTP connection: languages, refusals, kills, who may read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from analytics.models import Report, ReportMail
from analytics.reports import jobs, mailing
from analytics.services import report_mail
from analytics.services.report_schedules import RecipientInput, add_schedule
from analytics.tests import smtp
from analytics.tests.smtp import Post
from history.jobs import Turn
from history.models import Event
from staff.models import Employee
from tests.cast import Cast, make_cast
from workshop.lib import clock

pytestmark = pytest.mark.django_db
SLOT = clock.day_start(clock.today() - timedelta(days=1)) + timedelta(hours=8)
DAY = f"{clock.today() - timedelta(days=2):%d.%m.%Y}"
State = ReportMail.State


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    with smtp.running() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_FROM = "workshop@example.org"
        settings.DEFAULT_FROM_EMAIL = "Repassage <workshop@example.org>"
        settings.MAIL_CONFIGURED, settings.EMAIL_TIMEOUT = True, 5
        yield found


def planned(cast: Cast, *people: Employee, form: str = "xlsx") -> Report:
    """A daily report that is made, and its e-mails that were tried once."""
    names = people or (cast.anna,)
    recipients = [
        RecipientInput(one.pk, by_telegram=False, address=f"m{one.pk}@example.org") for one in names
    ]
    add_schedule(
        every="daily",
        form=form,
        recipients=recipients,
        actor=cast.actor("anna"),
        at=SLOT - timedelta(days=1),
    )
    jobs.run(Turn("analytics.daily_reports", SLOT, SLOT), "daily")
    return Report.objects.get()


def mail(person: Employee) -> ReportMail:
    return ReportMail.objects.get(employee=person)


def test_each_gets_one_message_in_his_language(cast: Cast, post: Post) -> None:
    Employee.objects.filter(pk=cast.boris.pk).update(language="en")
    report = planned(cast, cast.anna, cast.boris, form="both")
    assert sorted(post.recipients) == sorted(
        [f"m{cast.anna.pk}@example.org", f"m{cast.boris.pk}@example.org"]
    )
    found = {str(one["To"]): one for one in post.box}
    russian, english = found[f"m{cast.anna.pk}@example.org"], found[f"m{cast.boris.pk}@example.org"]
    assert russian["Subject"] == f"Отчёт {DAY} · Repassage"
    assert english["Subject"] == f"Report {DAY} · Repassage"
    assert russian["From"] == "Repassage <workshop@example.org>"
    sheets = []
    for one in (russian, english):
        attached = {part.get_content_type(): part for part in one.iter_attachments()}
        pdf = attached["application/pdf"].get_content()
        assert pdf.startswith(b"%PDF-")
        excel = attached[
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        ].get_content()
        sheets.append(CalamineWorkbook.from_filelike(io.BytesIO(excel)).sheet_names[0])
    assert sheets == ["Сводка", "Summary"]
    text = russian.get_body().get_content()  # type: ignore[union-attr]
    assert "Качество: нет данных" in text
    assert "не окончательно" in text
    assert {row.state for row in report.mails.all()} == {State.SENT}


def test_once_however_often_it_is_looked(cast: Cast, post: Post) -> None:
    planned(cast)
    for _again in range(3):
        jobs.work_off()
        jobs.run(Turn("analytics.daily_reports", SLOT, clock.now()), "daily")
    assert len(post.box) == 1


def test_a_server_that_is_away_is_asked_again(cast: Cast, post: Post, settings: Any) -> None:
    settings.EMAIL_PORT = 1
    planned(cast)
    row = mail(cast.anna)
    assert (row.state, row.error, row.attempts) == (State.WAITING, "ConnectionRefusedError", 1)
    settings.EMAIL_PORT = post.port
    assert mailing.send_due(at=clock.now()) == 0  # not before its time
    assert mailing.send_due(at=row.due_at) == 1
    assert mail(cast.anna).state == State.SENT
    assert not Event.objects.filter(kind="report.mail_failed").exists()


@pytest.mark.parametrize(
    ("answer", "state"),
    [("550 no such user", State.FAILED), ("451 try later", State.WAITING)],
)
def test_a_refusal_is_final_when_the_server_says_so(
    cast: Cast, post: Post, answer: str, state: str
) -> None:
    post.refuse = answer
    planned(cast)
    row = mail(cast.anna)
    assert (row.state, row.error) == (state, f"SMTPRecipientsRefused {answer[:3]}")
    failed = Event.objects.filter(kind="report.mail_failed")
    assert failed.count() == (state == State.FAILED)
    assert not any("example.org" in str(event.payload) for event in failed)


def test_after_a_day_it_is_given_up_and_told(cast: Cast, post: Post) -> None:
    post.refuse = "451 try later"
    planned(cast)
    begin = clock.now()
    for hours in range(30):
        ReportMail.objects.filter(state=State.WAITING).update(
            due_at=begin, created_at=begin - timedelta(hours=hours)
        )
        mailing.send_due(at=clock.now())
    assert mail(cast.anna).state == State.FAILED
    assert Event.objects.filter(kind="report.mail_failed").count() == 1


def test_cut_after_the_message_it_may_have_arrived(cast: Cast, post: Post) -> None:
    """The server took it and fell silent: sent again, and known as the same message."""
    post.cut = True
    planned(cast)
    row = mail(cast.anna)
    assert row.state == State.WAITING
    post.cut = False
    mailing.send_due(at=row.due_at)
    assert len({one["Message-ID"] for one in post.box}) == 1
    assert mail(cast.anna).state == State.SENT


def test_a_sender_that_was_killed_is_taken_over(cast: Cast, post: Post, settings: Any) -> None:
    """Killed between making and sending: once. Between sending and writing down: marked."""
    settings.EMAIL_PORT = 1
    planned(cast)
    settings.EMAIL_PORT = post.port
    ReportMail.objects.update(due_at=clock.now() - timedelta(minutes=1))
    taken = report_mail.claim(at=clock.now())
    assert taken is not None
    assert report_mail.claim(at=clock.now()) is None  # its lease holds
    ReportMail.objects.update(lease_until=datetime(2001, 1, 1, tzinfo=UTC))
    assert mailing.send_due(at=clock.now()) == 1
    row = mail(cast.anna)
    assert row.possible_duplicate
    assert "повтор" in post.box[0].get_body().get_content()  # type: ignore[union-attr]
    report_mail.sent(taken, at=clock.now())  # the one that was taken over comes back
    report_mail.fail(taken, "late", at=clock.now())
    assert mail(cast.anna).state == State.SENT
    assert not Event.objects.filter(kind="report.mail_failed").exists()
    assert len(post.box) == 1


@pytest.mark.parametrize("change", [{"active": False}, {"is_owner": False}])
def test_who_may_not_read_it_any_more_gets_nothing(
    cast: Cast, post: Post, settings: Any, change: dict[str, bool]
) -> None:
    settings.EMAIL_PORT = 1
    planned(cast, cast.boris)
    settings.EMAIL_PORT = post.port
    Employee.objects.filter(pk=cast.boris.pk).update(**change)
    mailing.send_due(at=mail(cast.boris).due_at)
    assert mail(cast.boris).state == State.UNSENT
    assert post.box == []


def test_without_mail_it_fails_at_once_and_is_told(cast: Cast, post: Post, settings: Any) -> None:
    settings.EMAIL_PORT = 1
    planned(cast)
    settings.MAIL_CONFIGURED = False
    mailing.send_due(at=mail(cast.anna).due_at)
    row = mail(cast.anna)
    assert (row.state, row.error) == (State.FAILED, mailing.NOT_CONFIGURED)
    assert Event.objects.filter(kind="report.mail_failed").count() == 1


def test_files_that_are_gone_are_told(cast: Cast, post: Post, settings: Any) -> None:
    settings.EMAIL_PORT = 1
    report = planned(cast)
    settings.EMAIL_PORT = post.port
    for one in report.files.all():
        one.file.storage.delete(str(one.file.name))
    mailing.send_due(at=mail(cast.anna).due_at)
    assert mail(cast.anna).error == mailing.NO_FILES
