"""Imports in the office: from the file to the result, and what a wrong file is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from integrations import data_jobs
from integrations.models import Import
from integrations.tests.tables import as_csv
from receipts.models import Receipt
from tests.cast import Cast
from tests.office.forms import errors, shown
from workshop.lib import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
ADD = "/admin/integrations/import/add/"
ROWS = [["Что-то", "Срок"], ["А-1", "25.12.2026"], ["А-2", "потом"]]


def sent(office: Client, address: str, **values: Any) -> HttpResponse:
    """The form as it is shown, with these values."""
    answer: HttpResponse = office.post(address, shown(office, address) | values)
    return answer


def upload(office: Client, content: bytes) -> HttpResponse:
    return sent(office, ADD, subject="receipts", file=SimpleUploadedFile("t.csv", content))


def verb(row: Import, slug: str) -> str:
    return reverse("admin:integrations_import_verb", args=[row.pk, slug])


def page(office: Client, row: Import) -> str:
    answer = office.get(reverse("admin:integrations_import_change", args=[row.pk]))
    return answer.content.decode()


def test_from_the_file_to_the_result(manager: Client, cast: Cast) -> None:
    assert upload(manager, as_csv(ROWS)).status_code == 302
    row = Import.objects.get()
    assert "не выбран" in page(manager, row)
    title = f"<title> Импорт: Квитанции, t.csv, {clock.show(row.created_at)}, anna |"
    assert title in page(manager, row)
    refused = sent(manager, verb(row, "check"))
    assert "Номер квитанции" in str(errors(refused))
    assert f'href="{verb(row, "columns")}"' in refused.content.decode()
    assert "number" in errors(sent(manager, verb(row, "columns")))
    assert sent(manager, verb(row, "columns"), number="0").status_code == 302
    assert sent(manager, verb(row, "check")).status_code == 302
    assert "<progress" in page(manager, row)
    data_jobs.run_waiting()
    told = page(manager, row)
    assert "потом" in told
    assert "<progress" not in told
    assert Receipt.objects.count() == 0
    assert sent(manager, verb(row, "start")).status_code == 302
    data_jobs.run_waiting()
    assert Receipt.objects.get().number == "А-1"
    assert "office-chip office-warning" in page(manager, row)  # one of its rows was wrong
    result = manager.get(reverse("admin:import_result", args=[row.pk, "run"]))
    assert "потом" in b"".join(result.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert "t.csv" in manager.get("/admin/integrations/import/").content.decode()


def test_cancelled_while_it_waits(manager: Client, cast: Cast) -> None:
    upload(manager, as_csv([["Номер"], ["А-1"]]))
    row = Import.objects.get()
    sent(manager, verb(row, "start"))
    assert sent(manager, verb(row, "cancel")).status_code == 302
    data_jobs.run_waiting()
    assert Receipt.objects.count() == 0


def test_a_wrong_file_is_told_at_its_field(manager: Client) -> None:
    for content in (b"\x00\x01" * 50, b"PK\x03\x04nonsense", as_csv([["Номер"]])):
        assert "file" in errors(upload(manager, content))
    assert Import.objects.count() == 0


def test_who_may(manager: Client, owner: Client, cast: Cast) -> None:
    assert owner.get(ADD).status_code == 403
    upload(manager, as_csv([["Номер"], ["А-1"]]))
    row = Import.objects.get()
    assert "А-1" not in page(owner, row)
    assert owner.post(verb(row, "start")).status_code == 403
    assert owner.get(reverse("admin:import_template", args=["receipts"])).status_code == 403
    assert manager.get(reverse("admin:import_template", args=["receipts"])).status_code == 200
    assert manager.get(reverse("admin:import_template", args=["nothing"])).status_code == 404
