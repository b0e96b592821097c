"""``manage.py import_legacy``: an old database with every trouble, carried over and counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from history.models import Command, Event, Outbox
from history.verify import verify
from integrations.legacy import importing, values
from integrations.tests import legacy_world as old
from polishing.models import PolishingOrder
from receipts.models import Operation, Receipt, Reminder, ReturnItem
from receipts.projection import differences
from receipts.services.registration import register_receipt
from receipts.states import Status
from staff.models import Employee
from staff.selectors import is_to_review, to_review
from staff.services import change_roles, confirm_access
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db

USUAL = 30


def carry(url: str, place: Path) -> tuple[str, dict[str, Any]]:
    out = StringIO()
    call_command("import_legacy", url, "--report", str(place), stdout=out, stderr=StringIO())
    return out.getvalue(), json.loads(place.read_text(encoding="utf-8"))


@pytest.fixture
def world() -> tuple[old.World, dict[str, int]]:
    return old.world_of(USUAL)


@pytest.fixture
def url(world: tuple[old.World, dict[str, int]], tmp_path: Path) -> str:
    return old.sqlite_file(world[0], tmp_path / "old.db")


Find = Callable[[str], Receipt]


def by_old_id(made: dict[str, int]) -> Find:
    def find(name: str) -> Receipt:
        command = Command.objects.get(client="legacy:legacy", key=f"receipt:{made[name]}")
        return Receipt.objects.get(pk=command.result["id"])

    return find


def kinds(receipt: Receipt) -> list[str]:
    events = Event.objects.filter(stream=receipt.stream).order_by("sequence")
    return list(events.values_list("kind", flat=True))


def comments(receipt: Receipt) -> str:
    events = Event.objects.filter(stream=receipt.stream, kind="receipt.comment_added")
    return "\n".join(event.payload["text"] for event in events)


def test_everything_is_carried_over_and_counted(
    world: tuple[old.World, dict[str, int]], url: str, tmp_path: Path
) -> None:
    rows, made = world
    taken = register_receipt(number="12345", actor=system_actor("t")).object
    text, report = carry(url, tmp_path / "report.json")

    assert report["unaccounted"] == {}
    assert report["source"] == {table: len(found) for table, found in rows.rows.items()}
    assert report["ours"]["receipts"] == Receipt.objects.count() - 1 == len(rows.rows["receipts"])
    assert report["ours"]["employees"] == Employee.objects.count() == len(old.EMPLOYEES)
    found = {one["why"] for one in report["deviations"]}
    assert found >= {
        "back_before_sent", "out_at_the_check", "number_taken", "number_unusable", "reason_twice",
        "reason_twice_other_person", "unknown_guilty", "unknown_person", "unknown_type",
        "before_receipt", "in_future", "row_missing", "unknown_event", "work_not_recorded",
        "ready_again", "receipts.impossible_now", "no_such_receipt", "metal_unknown",
        "telegram_not_staff", "catalogue_added", "deadline_unreadable", "text_clipped",
    }  # fmt: skip
    assert "Deviations" in text

    nasty_ones_are_as_they_should_be(by_old_id(made), taken)
    people_are_guessed_and_marked()
    assert not Outbox.objects.filter(event__correlation_id="legacy:legacy").exists()
    assert not Reminder.objects.exists()  # every deadline lies in the past
    assert list(verify()) == []
    assert not any(differences(receipt) for receipt in Receipt.objects.all())


def nasty_ones_are_as_they_should_be(find: Find, taken: Receipt) -> None:
    spaces = find("spaces")
    assert (spaces.number, spaces.label_outdated) == ("12 345-2", True)
    assert spaces.earlier_numbers.get().number_key == taken.number_key
    assert (find("twin").number, find("twin2").number) == ("АВ-77", "AB-77-2")
    assert "очень длинный номер" in comments(find("unusable"))

    back = find("back_before_sent")
    assert back.status == Status.READY
    assert not PolishingOrder.objects.filter(receipt=back).exists()
    assert "Павел П." in comments(back)
    assert find("out_at_the_check").status == Status.READY
    order = PolishingOrder.objects.get(receipt=find("at_the_polisher"))
    assert (order.returned_at, order.parts) == (None, ["case", "bracelet"])
    assert order.metal is not None
    assert order.metal.code == "gold_yellow"

    items = ReturnItem.objects.filter(return_case__receipt=find("reasons_twice")).order_by("id")
    found = [(item.reason.code, str(item.responsible), item.operation_id) for item in items]
    work = Operation.objects.get(receipt=find("reasons_twice"))
    assert found == [
        ("dirt_inside", "Максим М.", work.pk),
        ("dirt_outside", "None", None),
        ("no_numbers", "None", None),
    ]
    assert "Марк С." in comments(find("reasons_twice"))
    assert find("double_tap").returns.count() == 1

    bare = kinds(find("passed_without_work"))
    assert bare[1:4] == ["receipt.work_waived", "receipt.passed", "legacy.event"]
    assert bare[4] == "receipt.rework_ordered"
    odd = find("odd_events")
    assert odd.master is not None
    assert "legacy.return_initiated" in kinds(odd)
    maxims = Event.objects.get(stream=odd.stream, actor_telegram_id=9001)
    assert (maxims.actor_kind, maxims.actor_label) == ("employee", "Максим М.")
    assert maxims.occurred_at.tzinfo is not None
    assert find("quiet").deadline == datetime(2024, 6, 1, 15, tzinfo=UTC)
    assert find("aware_deadline").deadline == datetime(2024, 5, 1, 15, tzinfo=UTC)


def people_are_guessed_and_marked() -> None:
    skills = {
        row.telegram_username: (
            sorted(row.roles),
            sorted(row.skills.values_list("code", flat=True)),
        )
        for row in Employee.objects.filter(active=True)
    }
    assert skills["maxim"][0] == ["master"]
    assert skills["mark"] == (["master"], ["assembly", "mechanism"])
    assert skills[""] == (["polisher"], ["polishing"])
    assert skills["odd"] == (["master"], ["engraving"])
    gone = Employee.objects.get(active=False)
    assert gone.full_name == "Ушедший Олег"
    assert set(to_review()) == set(Employee.objects.values_list("pk", flat=True))
    right, wrong = Employee.objects.order_by("pk")[:2]
    confirm_access(employee_id=right.pk, actor=system_actor("t"))
    change_roles(employee_id=wrong.pk, roles=["polisher"], actor=system_actor("t"))
    assert len(to_review()) == len(old.EMPLOYEES) - 2
    assert (is_to_review(right), is_to_review(wrong)) == (False, False)
    again = confirm_access(employee_id=right.pk, actor=system_actor("t"))
    assert again.already is not None


def snapshot() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (Event, Command, Receipt, Operation, PolishingOrder, ReturnItem, Employee)
    ]


def test_an_interrupted_run_goes_on_and_a_second_one_changes_nothing(
    world: tuple[old.World, dict[str, int]],
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 15)
    genuine = importing.Import._write

    def dies(self: importing.Import, chunk: list[Any]) -> None:
        if Receipt.objects.exists():
            raise KeyboardInterrupt
        genuine(self, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(importing.Import, "_write", dies)
        with pytest.raises(CommandError, match="goes on where it stopped"):
            carry(url, tmp_path / "report.json")
    assert Receipt.objects.count() == 15

    first = carry(url, tmp_path / "report.json")[1]
    assert first["unaccounted"] == {}
    assert Receipt.objects.count() == len(world[0].rows["receipts"])
    before = snapshot()
    again = carry(url, tmp_path / "report.json")[1]
    assert snapshot() == before
    assert (again["ours"], again["fates"]) == (first["ours"], first["fates"])

    world[0].event(world[1]["quiet"], "comment_added", comment="позже")
    changed = old.sqlite_file(world[0], tmp_path / "later.db")
    out = StringIO()
    with pytest.raises(CommandError, match="history_events"):
        call_command("import_legacy", changed, stdout=out, stderr=StringIO())
    assert snapshot() == before
    assert "have changed since" in out.getvalue()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://x", "Give a database url"),
        ("sqlite:////no/such/file", "There is no file"),
        ("postgres://u:geheim@127.0.0.1:1/x", "cannot be opened"),
    ],
)
def test_what_is_no_old_database_is_refused(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=told) as caught:
        carry(url, tmp_path / "report.json")
    assert "geheim" not in str(caught.value)
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(CommandError, match="lacks: employees"):
        carry(f"sqlite:///{empty}", tmp_path / "report.json")
    assert not Command.objects.filter(client__startswith="legacy").exists()


def test_moments_are_moscow_clock_faces() -> None:
    assert values.moment("2013-07-01 12:00:00") == datetime(2013, 7, 1, 8, tzinfo=UTC)
    assert values.moment("2024-07-01T12:00:00.5") == datetime(2024, 7, 1, 9, 0, 0, 500000, UTC)
    assert values.moment("2024-07-01 12:00+00:00") == datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert values.moment("завтра") is values.moment(None) is values.moment("0001-01-01") is None


@pytest.fixture
def old_schema(world: tuple[old.World, dict[str, int]]) -> Iterator[str]:
    """The old database as a schema beside ours, in transactions of its own."""
    connection.ensure_connection()
    found = connection.connection.info.get_parameters()
    parts = {name: found[name] for name in ("host", "port", "user", "dbname") if name in found}
    target = psycopg.conninfo.make_conninfo(**parts)
    with psycopg.connect(target, autocommit=True) as own:
        own.execute("CREATE SCHEMA old_platform")
        try:
            own.execute(b"SET search_path TO old_platform")
            own.execute(old.SCHEMA.encode())
            old.build(world[0], lambda sql, rows: _fill(own, sql, rows), "%s")
            yield f"postgresql:///?{urlencode({**parts, 'options': '-csearch_path=old_platform'})}"
        finally:
            own.execute("DROP SCHEMA old_platform CASCADE")


def _fill(own: psycopg.Connection[Any], sql: str, rows: Sequence[Sequence[Any]]) -> None:
    with own.cursor() as cursor:
        # PostgreSQL stores no NUL in JSON: there the old platform had none.
        cursor.executemany(sql.encode(), [[_stored(value) for value in row] for row in rows])


def _stored(value: Any) -> Any:
    return value.replace("\\u0000", "") if isinstance(value, str) else value


@pytest.mark.postgres
def test_the_same_of_postgresql(
    world: tuple[old.World, dict[str, int]], old_schema: str, tmp_path: Path
) -> None:
    report = carry(old_schema, tmp_path / "report.json")[1]
    assert report["unaccounted"] == {}
    assert report["ours"]["receipts"] == len(world[0].rows["receipts"])
    ready = Receipt.objects.filter(status=Status.READY).count()
    assert ready > USUAL // 2
    assert list(verify()) == []


def test_a_reader_who_left_stops_nothing(url: str, tmp_path: Path) -> None:
    """As in ``import_legacy … | head``: a closed pipe, and all is written all the same."""
    reads, writes = os.pipe()
    os.close(reads)
    place = tmp_path / "report.json"
    with os.fdopen(writes, "w", encoding="utf-8") as gone:
        call_command("import_legacy", url, "--report", str(place), stdout=gone, stderr=gone)
    assert json.loads(place.read_text(encoding="utf-8"))
    assert Receipt.objects.count() >= USUAL
