"""Lists of the office as files: as filtered, for whom they are, short ones at once, long ones as
jobs; and back by the import."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import openpyxl
import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, TestCase
from django.urls import reverse

from integrations import data_jobs
from integrations.imports.mapping import guess
from integrations.imports.subjects import CUSTOMERS, EMPLOYEES, RECEIPTS
from integrations.models import ApiKey, DataJob, ExportJob
from integrations.services.imports import start, upload
from receipts.models import Receipt
from receipts.services.customers import create_customer
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts
from staff.models import Employee
from tests.cast import Cast, make_cast, make_polished, make_ready, make_receipt
from tests.office.conftest import make_user, signed_in
from tests.office.test_pages import lay_sample, make_users
from workshop.lib import clock
from workshop.lib.actor import ADMIN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def export_url(model: Any, query: str = "") -> str:
    meta = model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_export")
    return f"{address}?{query}" if query else address


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, (answer.status_code, answer.get("Location"))
    return b"".join(answer.streaming_content)


def table(answer: Any) -> list[list[Any]]:
    if answer["Content-Type"].startswith("text/csv"):
        text = content(answer).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    book = openpyxl.load_workbook(io.BytesIO(content(answer)))
    return [list(row) for row in book.active.values]


class TestEveryList(TestCase):
    users: ClassVar[dict[str, User]]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.users = make_users()
        lay_sample(make_cast())

    def test_every_list_comes_out_as_it_is_shown(self) -> None:
        wrong = list(self.wrong_ones())
        assert not wrong, "\n".join(wrong)

    def wrong_ones(self) -> Iterator[str]:
        client = signed_in(self.users["administrator"])
        for model, page in admin.site._registry.items():
            name = model._meta.label
            if not hasattr(page, "export_view"):
                yield f"{name} cannot be exported"
                continue
            shown = client.get(reverse(_list(model)))
            if shown.status_code == 302:  # one row: its page stands for the list
                continue
            if export_url(model) not in shown.content.decode():
                yield f"{name} has no button"
            found = table(client.post(export_url(model), {"format": "csv"}))
            rows = shown.context["cl"].result_count
            if len(found) != rows + 1:
                yield f"{name}: {len(found) - 1} rows instead of {rows}"
            if any("<" in cell and ">" in cell for row in found for cell in row):
                yield f"{name} has markup in a cell"


def _list(model: Any) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


def test_no_secret_comes_out(cast: Cast, administrator: Client) -> None:
    receipt = make_receipt(cast)
    for form in ("csv", "xlsx"):
        found = str(table(administrator.post(export_url(Receipt), {"format": form})))
        assert receipt.public_token not in found
        assert receipt.label_token not in found
    assert "digest" not in str(table(administrator.post(export_url(ApiKey), {"format": "csv"})))


def test_filters_permissions_and_methods(cast: Cast, manager: Client) -> None:
    make_ready(cast)
    customer = create_customer(name="=cmd|' /C calc'!A0", phone="+79161234567",
                               actor=cast.actor("igor")).object  # fmt: skip
    receipt = make_receipt(cast, "С-7")
    edit_facts(receipt_id=receipt.pk, facts={"customer": customer.pk, "declared_value": "1500.50"},
               actor=cast.actor("igor"))  # fmt: skip
    header, *rows = table(manager.post(export_url(Receipt, "status=received"), {"format": "xlsx"}))
    assert [row[0] for row in rows] == ["С-7"]
    found = dict(zip(header, rows[0], strict=True))
    assert found["Клиент"] == "=cmd|' /C calc'!A0"
    assert found["Оценочная стоимость"] == 1500.5
    assert rows[0][3].date() == clock.today()
    assert table(manager.post(export_url(Receipt, "q=С-7"), {"format": "csv"}))[1][7].startswith(
        "'="
    )

    assert manager.get(export_url(Receipt)).status_code == 405
    assert manager.post(export_url(Receipt), {"format": "exe"}).status_code == 400
    assert manager.post(export_url(Receipt, "public_token__startswith=a")).status_code == 400
    viewer = make_user("vera")
    viewer.user_permissions.add(Permission.objects.get(codename="view_receipt"))
    header = table(signed_in(viewer).post(export_url(Receipt), {"format": "csv"}))[0]
    assert "Клиент" not in header
    assert "Телефон" not in header
    assert signed_in(viewer).post(export_url(Employee), {"format": "csv"}).status_code == 403
    assert signed_in(make_user("nobody")).post(export_url(Receipt)).status_code == 403


def test_a_long_list_is_a_job(cast: Cast, manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("Д-1", "Д-2", "Д-3"):
        make_receipt(cast, number)
    monkeypatch.setattr("workshop.lib.admin.DIRECT", 2)
    answer = manager.post(export_url(Receipt, "status=received&o=-1"), {"format": "xlsx"})
    job = ExportJob.objects.get()
    page = reverse("admin:integrations_exportjob_change", args=[job.pk])
    assert (answer.status_code, answer["Location"]) == (302, page)
    waiting = manager.get(page)
    assert "http-equiv" in waiting.content.decode()
    title = f"Экспорт: Квитанции, {clock.show(job.created_at)}, anna"
    assert title == waiting.context["title"]
    assert f"<title> {title} |" in waiting.content.decode()
    file_url = reverse("admin:integrations_exportjob_file", args=[job.pk])
    assert manager.get(file_url).status_code == 404

    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.result) == (DataJob.State.DONE, 3, {"rows": 3})
    assert file_url in manager.get(page).content.decode()
    assert [row[0] for row in table(manager.get(file_url))[1:]] == ["Д-3", "Д-2", "Д-1"]

    stranger = signed_in(make_user("vera"))
    assert stranger.get(file_url).status_code in {403, 404}
    assert manager.get(reverse("admin:integrations_exportjob_changelist")).status_code == 200


def test_a_job_of_one_who_left_or_cancelled_gives_nothing(
    cast: Cast, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_receipt(cast)
    monkeypatch.setattr("workshop.lib.admin.DIRECT", 0)
    manager.post(export_url(Receipt), {"format": "csv"})
    manager.post(export_url(Receipt), {"format": "csv"})
    first, second = ExportJob.objects.order_by("id")
    cancel = reverse("admin:integrations_exportjob_verb", args=[first.pk, "cancel"])
    form = manager.get(cancel).context["form"]
    manager.post(cancel, {"command_key": form["command_key"].value()})
    User.objects.filter(username="anna").update(is_active=False)
    data_jobs.run_waiting()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (DataJob.State.CANCELLED, DataJob.State.FAILED)
    assert not first.result_file
    assert not second.result_file


def test_what_was_exported_is_imported_back(cast: Cast, manager: Client) -> None:
    ready, igor = make_ready(cast), cast.actor("igor")
    make_polished(cast, make_receipt(cast, "Б-2"))
    change_deadline(
        receipt_id=ready.pk,
        deadline=clock.now().replace(second=0, microsecond=0) + timedelta(days=5),
        actor=igor,
    )
    customer = create_customer(name="Мария +", phone="+79161234567", note="=1+1", actor=igor).object
    edit_facts(receipt_id=ready.pk, facts={"customer": customer.pk, "complaint": "-5 сек/сут",
               "agreed_price": "12500.50"}, actor=igor)  # fmt: skip
    anna = cast.actor("anna", ADMIN)
    subjects = ((Receipt, RECEIPTS), (Employee, EMPLOYEES), (type(customer), CUSTOMERS))
    for (model, subject), form in ((pair, form) for pair in subjects for form in ("csv", "xlsx")):
        data = content(manager.post(export_url(model), {"format": form}))
        brought = upload(
            subject=subject.name, content=data, file_name=f"x.{form}", update_known=True, actor=anna
        ).object
        start(import_id=brought.pk, dry=True, actor=anna)
        data_jobs.run_waiting()
        job = DataJob.objects.filter(kind="import").latest("id")
        told = {name: job.result.get(name, 0) for name in ("created", "updated", "error")}
        assert told == {"created": 0, "updated": 0, "error": 0}, (subject.name, form, job.result)
    header = table(manager.post(export_url(Receipt), {"format": "csv"}))[0]
    assert {"number", "deadline", "customer", "phone", "works", "passed_at"} <= set(
        guess(RECEIPTS, header)
    )
