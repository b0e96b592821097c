"""`manage.py seed_demo`: what it leaves, when it refuses, and that its truth is the truth."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from analytics.periods import Kind, period
from analytics.quality import quality
from history.models import Event, Outbox
from history.verify import verify
from integrations.demo import files, seeding
from integrations.demo.telling import PREFIX
from receipts.models import (
    Operation,
    OperationType,
    Photo,
    QualityCheck,
    Receipt,
    Reminder,
    ReturnItem,
)
from receipts.projection import differences
from receipts.services.registration import register_receipt
from receipts.states import Status
from staff.models import Employee
from staff.selectors import work_group_chat
from workshop.lib import clock
from workshop.lib.actor import system_actor

RECEIPTS = 63

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demo(settings: Any, tmp_path: Path, media: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The clock stands still: nothing comes due while the seeding goes on."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    settings.DEMO = True
    settings.DATA_DIR = tmp_path
    return settings


def seed(capture: Any, *args: str) -> str:
    out = StringIO()
    with capture(execute=True):
        call_command("seed_demo", "--seed", "5", *args, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def seeded(django_capture_on_commit_callbacks: Any) -> str:
    return seed(django_capture_on_commit_callbacks, "--receipts", str(RECEIPTS))


def every_stage_of_the_workshop_is_there() -> None:
    found = set(Receipt.objects.valid().values_list("status", flat=True))
    assert found == set(Status.values)
    assert Photo.objects.filter(state=Photo.State.READY).count() == 3
    responsibilities = set(ReturnItem.objects.values_list("responsibility", flat=True))
    assert responsibilities >= {"person", "not_ours"}
    now = clock.now()
    open_ones = Receipt.objects.urgent_list().filter(deadline__isnull=False)
    assert open_ones.filter(deadline__lt=now).exists()
    assert open_ones.filter(deadline__gt=now).exists()
    days = {clock.local(row.deadline).date() for row in open_ones}
    assert clock.today() in days or clock.local(now).weekday() == 6


def everything_is_labelled_and_nobody_is_told() -> None:
    assert all(
        number.startswith(PREFIX) for number in Receipt.objects.values_list("number", flat=True)
    )
    assert all("(демо)" in name for name in Employee.objects.values_list("full_name", flat=True))
    told = Event.objects.filter(correlation_id="demo")
    assert not Outbox.objects.filter(event__in=told).exists()
    stale = Reminder.objects.filter(fate=Reminder.Fate.PLANNED, due_at__lt=clock.now())
    assert not stale.exists()


def the_history_is_whole_and_gives_the_same_receipts() -> None:
    assert list(verify()) == []
    for receipt in Receipt.objects.all():
        assert differences(receipt) == {}


def the_true_rates_are_what_happened() -> None:
    told = json.loads(files.true_rates().read_text())
    assert (told["label"], told["seed"], told["receipts"]) == ("demo", 5, RECEIPTS)
    expected = {(row["employee_id"], row["operation_type"]): row for row in told["rates"]}
    checked, returned = counted()
    for key, row in expected.items():
        assert (row["checked"], row["returned"]) == (checked[key], returned[key]), row["employee"]
        assert 0.5 < row["true_quality"] < 1
    assert set(checked) | set(returned) <= set(expected)
    assert sum(returned.values()) > 0


def the_numbers_tell_the_true_counts() -> None:
    """What pages and programs show is what was drawn."""
    at = clock.now()
    asked = period(Kind.CUSTOM, at=at, first=date(2020, 1, 1), last=clock.local(at).date())
    codes = dict(OperationType.objects.values_list("pk", "code"))
    found = {
        (one.employee_id, codes[kind]): (cell.checked, cell.returned)
        for one in quality(asked, at=at).people
        for kind, cell in one.by_type.items()
    }
    for row in json.loads(files.true_rates().read_text())["rates"]:
        key = (row["employee_id"], row["operation_type"])
        assert found.pop(key, (0, 0)) == (row["checked"], row["returned"]), row["employee"]
    assert not any(checked or returned for checked, returned in found.values())


def counted() -> tuple[Counter[Any], Counter[Any]]:
    """Checked and returned works of people, over the facts, as spec 5.2 defines them."""
    checked, returned = Counter[Any](), Counter[Any]()
    before: dict[tuple[int, str], int] = {}
    works = Operation.objects.valid().select_related("type").order_by("receipt_id", "id")
    for work in works:
        same = before.get((work.receipt_id, work.type.code)) == work.employee_id
        before[work.receipt_id, work.type.code] = work.employee_id
        decided = QualityCheck.objects.valid().filter(
            receipt=work.receipt_id, decided_at__gte=work.performed_at
        )
        if (work.rework_of_id and same) or not decided.exists():
            continue
        key = (work.employee_id, work.type.code)
        checked[key] += 1
        returned[key] += work.return_items.filter(return_case__voided_at__isnull=True).exists()
    return checked, returned


def the_printed_passwords_open_the_office() -> None:
    lines = [line.split() for line in files.sign_ins().read_text().splitlines()]
    access = {line[0]: line[1] for line in lines if line and line[0] in {"anna", "boris"}}
    assert set(access) == {"anna", "boris"}
    for name, password in access.items():
        user = User.objects.get(username=name)
        assert user.check_password(password)
        assert user.employee.active
    assert files.sign_ins().stat().st_mode & 0o077 == 0


def the_simulator_gets_the_people() -> None:
    page = json.loads(files.people().read_text())
    people, (group,) = page["people"], page["groups"]
    assert group["id"] == work_group_chat()
    first = people[0]
    assert (first["id"], first["first_name"]) == (1001, "Игорь")
    known = set(Employee.objects.values_list("telegram_id", flat=True))
    assert {person["id"] for person in people} - known == {1099}


CHECKS = (
    every_stage_of_the_workshop_is_there,
    everything_is_labelled_and_nobody_is_told,
    the_history_is_whole_and_gives_the_same_receipts,
    the_true_rates_are_what_happened,
    the_numbers_tell_the_true_counts,
    the_printed_passwords_open_the_office,
    the_simulator_gets_the_people,
)


def test_what_it_leaves(seeded: str, subtests: Any) -> None:
    """One seeding, many looks at it."""
    for check in CHECKS:
        with subtests.test(check.__name__):
            check()
    with subtests.test("a second run changes nothing"):
        before = Event.objects.count(), Receipt.objects.count(), files.sign_ins().read_text()
        said = StringIO()
        call_command("seed_demo", "--receipts", "200", stdout=said)
        assert "nothing was changed" in said.getvalue()
        after = Event.objects.count(), Receipt.objects.count(), files.sign_ins().read_text()
        assert after == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"DEMO": False}, "DEMO is off"), ({"TELEGRAM_BOT_TOKEN": "1:x"}, "TELEGRAM_BOT_TOKEN")],
)
def test_it_refuses_where_a_real_workshop_might_be(
    demo: Any, change: dict[str, Any], reason: str
) -> None:
    for name, value in change.items():
        setattr(demo, name, value)
    with pytest.raises(CommandError, match=reason):
        call_command("seed_demo", "--receipts", "1")
    assert not Employee.objects.exists()


def test_it_refuses_beside_other_receipts_unless_forced(
    django_capture_on_commit_callbacks: Any,
) -> None:
    register_receipt(number="101", actor=system_actor("tests"))
    with pytest.raises(CommandError, match="1 receipts that are not demo data"):
        call_command("seed_demo", "--receipts", "1")
    said = seed(django_capture_on_commit_callbacks, "--receipts", "2", "--force")
    assert "Forced although the database has 1 receipts" in said
    assert seeding.demo_receipts() == 4  # with the two of the rare things


def test_the_same_seed_tells_the_same_stories(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bulk, interrupted and gone on with: the same counts as in one go."""
    now = clock.now().replace(second=0, microsecond=0)
    plan = seeding.Plan(receipts=30, seed=9, days=60, now=now, in_bulk=True)

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 20:
            raise Stop

    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(Stop):
            seeding.seed_by_bulk(plan, stop, chunk=10)
        assert seeding.demo_receipts() == 20
        assert files.interrupted_plan() == plan
        seeding.seed_by_bulk(plan, lambda done, total: None, chunk=10)
    assert files.interrupted_plan() is None
    checked, returned = counted()
    for row in json.loads(files.true_rates().read_text())["rates"]:
        key = (row["employee_id"], row["operation_type"])
        assert (row["checked"], row["returned"]) == (checked[key], returned[key])
    assert list(verify()) == []
