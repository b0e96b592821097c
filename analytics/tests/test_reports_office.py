"""Reports in the office: schedules by their form, the archive, its files, and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import Report, ReportRecipient, ReportSchedule
from analytics.reports import jobs, making
from analytics.services import reports
from analytics.services.report_schedules import RecipientInput, add_schedule
from history.jobs import Turn
from history.models import Event
from staff import roles
from staff.models import Employee
from tests.cast import Cast, make_cast
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
SLOT = clock.day_start(clock.today() - timedelta(days=1)) + timedelta(hours=8)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(make_user("anna", roles.GROUPS[roles.MANAGER]))


@pytest.fixture(autouse=True)
def files(media: Any) -> None:
    """A folder of its own: what another test wrote under the same number is not there."""


def url(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:analytics_{model}_{page}", args=args)


def made(cast: Cast, *people: Employee, form: str = "xlsx") -> Report:
    add_schedule(
        every="daily",
        form=form,
        recipients=[RecipientInput(one.pk) for one in people or (cast.anna,)],
        actor=cast.actor("anna"),
        at=SLOT - timedelta(days=1),
    )
    jobs.run(Turn("analytics.daily_reports", SLOT, SLOT), "daily")
    return Report.objects.latest("pk")


def test_a_schedule_by_its_form(manager: Client, cast: Cast, settings: Any) -> None:
    settings.MAIL_CONFIGURED = True
    page = manager.get(url("reportschedule", "add"))
    names = set(page.context["form"].fields)
    assert {f"telegram_{cast.anna.pk}", f"address_{cast.boris.pk}"} <= names
    assert not any(str(cast.maxim.pk) == name.rpartition("_")[2] for name in names)
    sent = {
        "every": "weekly",
        "form": "both",
        f"telegram_{cast.anna.pk}": "on",
        f"address_{cast.boris.pk}": "boris@example.org",
    }
    manager.post(url("reportschedule", "add"), sent)
    row = ReportSchedule.objects.get()
    people = set(row.recipients.values_list("employee", "by_telegram", "address"))
    assert people == {(cast.anna.pk, True, ""), (cast.boris.pk, False, "boris@example.org")}
    text = manager.get(url("reportschedule", "change", row.pk)).content.decode()
    assert "по понедельникам в 09:00" in text
    assert "boris@example.org" in text


def test_what_is_wrong_stands_where_it_was_entered(
    manager: Client, cast: Cast, settings: Any
) -> None:
    settings.MAIL_CONFIGURED = True
    sent = {"every": "daily", "form": "xlsx", f"address_{cast.boris.pk}": "boris"}
    page = manager.post(url("reportschedule", "add"), sent)
    assert page.context["form"].errors[f"address_{cast.boris.pk}"] == ["Это не адрес почты."]
    page = manager.post(url("reportschedule", "add"), {"every": "daily", "form": "xlsx"})
    assert page.context["form"].non_field_errors() == ["Выберите, кто получает отчёт."]
    assert not ReportSchedule.objects.exists()


def test_without_mail_it_says_so_and_offers_none(manager: Client, cast: Cast) -> None:
    page = manager.get(url("reportschedule", "add"))
    assert "Почта не настроена" in page.content.decode()
    assert not any(name.startswith("address_") for name in page.context["form"].fields)


def test_changing_and_switching(manager: Client, cast: Cast) -> None:
    report = made(cast)
    assert report.schedule_id is not None
    verb = [report.schedule_id, "change"]
    page = manager.get(url("reportschedule", "verb", *verb))
    assert page.context["form"][f"telegram_{cast.anna.pk}"].initial is True
    manager.post(
        url("reportschedule", "verb", *verb), {"form": "pdf", f"telegram_{cast.boris.pk}": "on"}
    )
    assert list(ReportRecipient.objects.values_list("employee", flat=True)) == [cast.boris.pk]
    manager.post(url("reportschedule", "verb", report.schedule_id, "off"), {})
    assert not ReportSchedule.objects.get().active
    manager.post(url("reportschedule", "verb", report.schedule_id, "on"), {})
    assert ReportSchedule.objects.get().active


def test_the_archive_shows_and_gives_the_file(manager: Client, cast: Cast) -> None:
    report = made(cast, form="both")
    listed = manager.get(url("report", "changelist")).content.decode()
    assert report.days in listed
    page = manager.get(url("report", "change", report.pk))
    text = page.content.decode()
    assert "по расписанию" in text
    for one in page.context["files"]:
        address = url("report", "file", report.pk, one.pk)
        assert address in text
        answer = manager.get(address)
        assert "no-store" in answer["Cache-Control"]
        assert len(b"".join(answer.streaming_content)) == one.size  # type: ignore[attr-defined]


def test_the_archive_says_who_got_it_by_telegram(manager: Client, cast: Cast) -> None:
    from history.relay import relay_outbox

    report = made(cast, cast.anna, cast.boris)
    relay_outbox()
    text = manager.get(url("report", "change", report.pk)).content.decode()
    assert "В Telegram" in text
    assert str(cast.anna) in text
    assert str(cast.boris) in text


def test_the_archive_says_what_became_of_e_mails(
    manager: Client, cast: Cast, settings: Any
) -> None:
    settings.MAIL_CONFIGURED = True
    add_schedule(
        every="daily",
        form="xlsx",
        recipients=[RecipientInput(cast.anna.pk, False, "anna@example.org")],
        actor=cast.actor("anna"),
        at=SLOT - timedelta(days=1),
    )
    settings.MAIL_CONFIGURED = False
    jobs.run(Turn("analytics.daily_reports", SLOT, SLOT), "daily")
    text = manager.get(url("report", "change", Report.objects.get().pk)).content.decode()
    assert "почта не настроена" in text


def test_a_report_by_hand(manager: Client, cast: Cast) -> None:
    asked = {"kind": "custom", "first": "2026-03-01", "last": "2026-03-31", "form": "pdf"}
    answer = manager.post(url("report", "add"), asked)
    report = Report.objects.get()
    assert answer["Location"] == url("report", "change", report.pk)
    assert "в фоне" in manager.get(answer["Location"]).content.decode()
    assert making.make_waiting(at=clock.now()) == 1
    (file,) = manager.get(answer["Location"]).context["files"]
    assert file.name == "Отчёт 01.03.2026 – 31.03.2026.pdf"
    page = manager.post(url("report", "add"), {**asked, "first": "2026-04-01"})
    assert page.context["form"].errors


def test_sending_again_and_making_after_all(manager: Client, cast: Cast) -> None:
    report = made(cast)
    manager.post(url("report", "verb", report.pk, "send"), {})
    assert Event.objects.filter(kind="report.sent_again").count() == 1
    Report.objects.filter(pk=report.pk).update(state=Report.State.FAILED)
    manager.post(url("report", "verb", report.pk, "again"), {})
    report.refresh_from_db()
    assert report.state == Report.State.WAITING


def test_only_readers_see_any_of_it(cast: Cast) -> None:
    report = made(cast)
    (file,) = report.files.all()
    addresses = [
        url("report", "changelist"),
        url("report", "add"),
        url("report", "change", report.pk),
        url("report", "file", report.pk, file.pk),
        url("report", "verb", report.pk, "send"),
        url("reportschedule", "changelist"),
        url("reportschedule", "add"),
        url("reportschedule", "change", report.schedule_id),
        url("reportschedule", "verb", report.schedule_id, "change"),
    ]
    # The pages open by the group; what they show is asked of the person's own roles.
    master = make_user("maxim", roles.GROUPS[roles.MANAGER])
    Employee.objects.filter(pk=cast.maxim.pk).update(user=master)
    owner = make_user("boris", roles.GROUPS[roles.OWNER])
    Employee.objects.filter(pk=cast.boris.pk).update(user=owner)
    for address in addresses:
        assert signed_in(master).get(address).status_code == 403, address
        assert Client().get(address).status_code == 302, address
        change = "/add/" in address or "/do/" in address
        code = 403 if change else 200  # an owner reads
        assert signed_in(owner).get(address).status_code == code, address


def test_a_file_that_is_gone_is_not_found(manager: Client, cast: Cast) -> None:
    report = made(cast)
    (file,) = report.files.all()
    default_storage.delete(str(file.file.name))
    assert manager.get(url("report", "file", report.pk, file.pk)).status_code == 404
    assert manager.get(url("report", "file", report.pk + 1, file.pk)).status_code == 404


@pytest.mark.parametrize("model", ["report", "reportschedule"])
def test_lists_cost_the_same_for_few_and_many(manager: Client, cast: Cast, model: str) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert manager.get(url(model, "changelist")).status_code == 200
        return len(caught)

    actor = system_actor("tests")
    for number in range(2):
        add_schedule(
            every="daily", form="xlsx", recipients=[RecipientInput(cast.anna.pk)], actor=actor
        )
        schedule = ReportSchedule.objects.latest("pk")
        reports.plan_report(schedule_id=schedule.pk, slot=SLOT, actor=actor)
        if number == 0:
            count()
            few = count()
    for _more in range(15):
        add_schedule(
            every="weekly",
            form="xlsx",
            recipients=[RecipientInput(cast.anna.pk), RecipientInput(cast.boris.pk)],
            actor=actor,
        )
        reports.plan_report(
            schedule_id=ReportSchedule.objects.latest("pk").pk, slot=SLOT, actor=actor
        )
    assert count() == few
