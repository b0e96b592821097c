"""Every measure gives the numbers that were worked out by hand in golden.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from analytics.accountability import accountability
from analytics.deadlines import deadlines
from analytics.escape import escape_rate
from analytics.filters import EVERYTHING, Filters
from analytics.first_pass import first_pass_yield
from analytics.flow import flow
from analytics.lead_time import lead_time
from analytics.master_load import master_load
from analytics.models import Mark
from analytics.output import output
from analytics.periods import Kind, Period, next_month, period
from analytics.polishing_load import polishing_load
from analytics.quality import QualityReport, quality
from analytics.receipt_facts.services import heal
from analytics.responsible import responsible
from analytics.returns import Bar, returns
from analytics.services.rollups import refresh
from analytics.tests.golden import AT, TYPES, Golden, golden, raw_table, section, table
from receipts.models import HoldReason, Metal, OperationType, ReturnReason
from tests.cast import type_id

MONTHS = {"February": 2, "March": 3, "April": 4}
COUNTS = ("works", "own", "checked", "returned", "returns")
FIELDS = ("works", "own_reworks", "checked", "returned", "returns")


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", params=["worked out now", "kept now and then", "kept"])
def world(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Golden]:
    """The workshop, played once for all questions. Whatever of it is kept, they answer alike."""
    with django_db_blocker.unblock(), transaction.atomic():
        played = golden(None if request.param == "worked out now" else keep)
        if request.param == "kept":
            keep()
            assert not Mark.objects.exists()
        yield played
        transaction.set_rollback(True)


def keep() -> None:
    """What the jobs do every few minutes."""
    refresh(at=AT)
    heal()


def month(name: str) -> Period:
    first = date(2026, MONTHS[name], 1)
    last = date.fromordinal(next_month(first).toordinal() - 1)
    return period(Kind.CUSTOM, at=AT, first=first, last=last)


def numbers(row: dict[str, str], names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in names)


def test_the_page_reckons_right() -> None:
    """What the working lists is as much as the number that stands before it."""
    for heading in (
        "Quality, March",
        "Quality, March, brand Ракета",
        "Quality, March, metal steel",
    ):
        for row in table(heading):
            parts = dict(part.strip().split(" ", 1) for part in row["working"].split(";"))
            if "works" in parts:
                assert len(_named(parts["works"])) == int(row["works"]), row
            if "returned" in parts:
                hit = _named(parts["returned"])
                assert (len(set(hit)), len(hit)) == numbers(row, ("returned", "returns")), row
    for row in table("Returns registered", 1):
        assert len(_named(row["working"])) == int(row["count"]), row
    for row in table("Returns registered", 2):
        assert len(_named(row["working"])) == sum(numbers(row, ("hit", "without"))), row
    for row in table("First-pass yield"):
        lists = dict(part.strip().split(" ", 1) for part in row["working"].split(";"))
        passed, returned = _named(lists["passed"]), _named(lists["returned"])
        assert (len(passed), len({*passed, *returned})) == numbers(row, ("passed", "checked"))
    for row in table("Lead time", 1):
        receipts = _named(row["receipts"])
        assert len(receipts) == len(set(receipts)) > 0


def _named(text: str) -> list[str]:
    """``G12, G13×2, G24–G26`` → the receipts, as often as they count."""
    text = re.sub(r"\([^)]*\)", "", text)
    found = []
    for first, last, times in re.findall(r"G(\d\d)(?:–G(\d\d))?(?:×(\d))?", text):
        names = [f"G{n:02}" for n in range(int(first), int(last or first) + 1)]
        found += names * int(times or 1)
    return found


def filters_of(heading: str) -> Filters:
    if "brand" in heading:
        return Filters(brand=heading.rsplit(" ", 1)[1])
    if "metal" in heading:
        return Filters(metal=Metal.objects.get(code=heading.rsplit(" ", 1)[1]).pk)
    return EVERYTHING


QUALITIES = (
    "Quality, March",
    "Quality, April",
    "Quality, March, brand Ракета",
    "Quality, March, metal steel",
)


@pytest.mark.parametrize("heading", QUALITIES)
def test_quality(world: Golden, heading: str) -> None:
    asked = month(heading.split(", ")[1])
    report = quality(asked, at=AT, filters=filters_of(heading))
    _compare_quality(world, heading, report)


def test_quality_of_one_person_or_type(world: Golden) -> None:
    rows = {(row["who"], row["type"]): row for row in table("Quality, March")}
    mark, assembly = world.people["K"].pk, type_id("assembly")
    alone = quality(month("March"), at=AT, filters=Filters(employees=(mark,)))
    assert [one.employee_id for one in alone.people] == [mark]
    works = sum(int(row["works"]) for (who, _type), row in rows.items() if who == "K")
    assert (alone.total.works, alone.people[0].as_assembler) == (works, 2)
    one = quality(month("March"), at=AT, filters=Filters(types=(assembly,)))
    assert list(one.types) == [assembly]
    sums = [
        sum(int(row[name]) for (_w, kind), row in rows.items() if kind == "A") for name in COUNTS
    ]
    assert [getattr(one.total, name) for name in FIELDS] == sums
    both = quality(month("March"), at=AT, filters=Filters(employees=(mark,), types=(assembly,)))
    assert both.total.works == int(rows["K", "A"]["works"])


def _compare_quality(world: Golden, heading: str, report: QualityReport) -> None:
    letters = {person.pk: letter for letter, person in world.people.items()}
    found = {
        (letters[one.employee_id], type_): tuple(getattr(cell, name) for name in FIELDS)
        for one in report.people
        for type_, code in TYPES.items()
        if (cell := one.by_type.get(type_id(code)))
    }
    wanted = {(row["who"], row["type"]): numbers(row, COUNTS) for row in table(heading)}
    assert found == wanted
    assembled = {
        letters[one.employee_id]: one.as_assembler for one in report.people if one.as_assembler
    }
    line = re.search(r"^Assembler of record.*: (.*)$", section(heading), flags=re.MULTILINE)
    assert line is not None
    assert assembled == {k: int(v) for k, v in re.findall(r"\b([MK]) (\d+)", line[1])}
    assert report.final


def test_returns(world: Golden) -> None:
    for row in table("Returns registered"):
        found = returns(month(row["month"]))
        columns = found.columns
        assert {
            "cases": found.cases,
            "receipts": found.receipts,
            "hit a work": columns.hit_a_work,
            "without a work": columns.without_a_work,
            "not ours": columns.not_ours,
            "undecided": columns.undecided,
            "total": columns.total,
        } == {name: int(text) for name, text in row.items() if name not in {"month", "working"}}


def test_what_returns_were_about(world: Golden) -> None:
    found = returns(month("March"))
    reasons = dict(ReturnReason.objects.values_list("pk", "code"))
    types = {type_id(code): letter for letter, code in TYPES.items()}
    assert _bars(found.by_reason, reasons) == _counts("reason, March", 1)
    assert _bars(found.by_type, types) == _counts("type, March", 3)
    brands = {bar.label or "–": bar.count for bar in found.by_brand}
    assert brands == _counts("brand, March", 4)


def test_who_answers_for_returns(world: Golden) -> None:
    found = responsible(month("March"), at=AT)
    rows = table("Returns registered", 2)
    names = {
        world.people[row["responsible, March"]].pk: numbers(row, ("hit", "without")) for row in rows
    }
    assert {one.employee_id: (one.hit_a_work, one.without_a_work) for one in found} == names
    columns = returns(month("March")).columns
    assert sum(one.total for one in found) == columns.hit_a_work + columns.without_a_work
    alone = Filters(employees=(world.people["K"].pk,), types=(type_id("mechanism"),))
    (mark,) = responsible(month("March"), at=AT, filters=alone)
    assert (mark.employee_id, mark.total) == (world.people["K"].pk, 1)


def _bars(bars: list[Bar], names: dict[int, str]) -> dict[str, int]:
    return {names[int(bar.key)]: bar.count for bar in bars}


def _counts(column: str, number: int) -> dict[str, int]:
    return {row[column]: int(row["count"]) for row in table("Returns registered", number)}


def test_output(world: Golden) -> None:
    kinds = set(OperationType.objects.values_list("pk", flat=True))
    for row in table("Output"):
        found = output(month(row["month"]))
        sums = {
            letter: sum(found.by_person.get(person.pk, {}).values())
            for letter, person in world.people.items()
        }
        assert sums == {letter: int(row[letter]) for letter in sums}
        assert found.total == sum(found.per_bucket.values()) == int(row["total"])
        assert set(found.types) <= kinds
    ranked = [world.people[letter].pk for letter in ("M", "K", "P")]
    assert [person for person, _works in output(month("March")).top(3)] == ranked


def test_first_pass_yield(world: Golden) -> None:
    for row in table("First-pass yield"):
        found = first_pass_yield(month(row["month"]), at=AT)
        assert (
            found.passed.part,
            found.passed.whole,
            found.reworked.part,
            found.returns,
        ) == numbers(row, ("passed", "checked", "reworked", "returns"))
        assert found.reworked.whole == found.passed.whole
    found = first_pass_yield(month("March"), at=AT)
    letters = {type_id(code): letter for letter, code in TYPES.items()}
    good = {letters[one.type_id]: (one.good.part, one.good.whole) for one in found.by_type}
    wanted = table("First-pass yield", 1)
    assert good == {row["type"]: numbers(row, ("good", "receipts")) for row in wanted}
    assert found.rolled == pytest.approx(0.372)
    assert found.returns_per_receipt == pytest.approx(19 / 41)


def hours(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(hours=1)


SPREAD = ("n", "median", "p90", "working median", "working p90")


def test_lead_time(world: Golden) -> None:
    found = lead_time(month("March"), at=AT)
    for row, lead in zip(table("Lead time"), (found.ready, found.issued), strict=True):
        calendar, working = lead.calendar, lead.working
        assert (calendar.n, *map(hours, (calendar.median, calendar.p90))) == numbers(
            row, SPREAD[:3]
        )
        assert working.n == calendar.n
        assert tuple(map(hours, (working.median, working.p90))) == numbers(row, SPREAD[3:])


@pytest.mark.parametrize(("to", "column"), [("ready", "to ready"), ("issued", "to issued")])
def test_lead_time_of_each_receipt(world: Golden, to: str, column: str) -> None:
    """The sums, by the calendar and in working time, receipt by receipt."""
    rows = [row for row in _lengths() if row[column] is not None]
    lead = getattr(lead_time(month("March"), at=AT), to)
    assert lead.calendar.n == len(rows)
    assert hours(lead.calendar.total) == sum(row[column] for row in rows)
    assert hours(lead.working.total) == sum(row[f"{column}, working"] for row in rows)
    days = Counter(int(row[column] // 24) for row in rows)
    if to == "ready":
        assert lead_time(month("March"), at=AT).days == dict(sorted(days.items()))


def _lengths() -> list[dict[str, Any]]:
    """One row per receipt of the table that names several at once."""
    names = ("to ready", "to ready, working", "to issued", "to issued, working")
    found = []
    for line in raw_table("Lead time", 1)[2:]:
        values = [None if cell == "–" else int(cell) for cell in line[1:]]
        found += [dict(zip(names, values, strict=True)) for _name in _named(line[0])]
    return found


def test_deadlines_kept(world: Golden) -> None:
    for row in table("Deadline kept"):
        found = getattr(deadlines(month(row["month"]), at=AT), row["deadline"])
        assert (found.kept.part, found.kept.whole) == numbers(row, ("kept", "of")), row
        assert found.ahead == 0
        assert sum(one.whole for one in found.per_bucket.values()) == found.kept.whole


def test_escape_rate(world: Golden) -> None:
    for row in table("Escape"):
        found = escape_rate(month(row["month"]), at=AT).within[int(row["days"])]
        assert (found.part, found.whole) == numbers(row, ("repeated", "exposed")), row


def test_flow(world: Golden) -> None:
    names = ("received", "ready", "issued", "refused")
    for row in table("Flow"):
        found = flow(month(row["month"]), at=AT)
        total = tuple(getattr(found.total, name) for name in names)
        assert (*total, found.unrepaired) == numbers(row, (*names, "unrepaired"))
        days = found.per_bucket.values()
        assert total == tuple(sum(getattr(day, name) for day in days) for name in names)


def test_polishing_load(world: Golden) -> None:
    found = polishing_load(month("March"), at=AT)
    for row in table("Polishing load"):
        took = getattr(found.total, row["rounds"])
        lengths = (took.median, took.p90, took.working_median, took.working_p90)
        assert (took.count, *map(hours, lengths)) == numbers(row, SPREAD), row
    assert found.total.without_work == 1
    people = {one.employee_id: one for one in found.people}
    assert people[world.people["K"].pk].reworks.count == 1
    pavel = people[world.people["P"].pk]
    assert (pavel.open, pavel.difficult, pavel.by_part) == (2, 1, {"case": 1, "bracelet": 1})
    metals = {found.metals[pk]: count for pk, count in pavel.by_metal.items() if pk}
    codes = dict(Metal.objects.values_list("name", "code"))
    assert {codes[name]: count for name, count in metals.items()} == {"gold_yellow": 1, "steel": 1}
    assert pavel.oldest is not None
    assert hours(AT - pavel.oldest) == 1226


def test_master_load(world: Golden) -> None:
    found = master_load(at=AT)
    people = {one.employee_id: one for one in found.people}
    places = ("master", "hold", "qc", "refused")
    for row in table("Master load"):
        one = people[world.people[row["who"]].pk]
        assert tuple(one.places.get(place, 0) for place in places) == numbers(row, places)
        assert one.late == int(row["overdue"])
        assert one.total == sum(numbers(row, places))
    assert people[world.people["M"].pk].purposes == {None: 1, type_id("mechanism"): 1}
    causes = people[world.people["K"].pk].overdue
    assert {(place, found.reasons.get(reason or 0)) for place, reason in causes} == {
        ("qc", None),
        ("hold", HoldReason.objects.get(code="parts").name),
    }


def test_accountability(world: Golden) -> None:
    found = accountability(month("March"), at=AT)
    wanted = {row["what"]: int(row["count"]) for row in table("Accountability, March")}
    assert found.counts == wanted
    assert found.waiting == 1
