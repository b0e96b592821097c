"""How numbers like these have lied before (pitfalls 7, 8 and 26), each as a trap of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql import compiler
from django.test.utils import CaptureQueriesContext

from analytics.activity import activity
from analytics.deadlines import deadlines
from analytics.escape import escape_rate
from analytics.first_pass import first_pass_yield
from analytics.flow import flow
from analytics.lead_time import lead_time
from analytics.master_load import master_load
from analytics.output import output
from analytics.periods import Kind, Period, period
from analytics.polishing_load import polishing_load
from analytics.quality import PersonQuality, quality
from analytics.responsible import responsible
from analytics.returns import returns
from analytics.services.rollups import refresh
from analytics.statuses import statuses
from analytics.workshop_now import workshop_now
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.flow import issue
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import WorkInput, record_work
from staff.models import Employee
from tests.cast import Cast, make_cast, make_in_work, make_polished, make_worked, reason_id, type_id

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 30, 9, tzinfo=UTC)
AT = datetime(2026, 5, 20, 9, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def month(number: int) -> Period:
    first = date(2026, number, 1)
    return period(Kind.CUSTOM, at=AT, first=first, last=date(2026, number, 30))


def of(person: Employee, asked: Period) -> PersonQuality | None:
    found = quality(asked, at=AT).people
    return next((one for one in found if one.employee_id == person.pk), None)


def give_back(cast: Cast, receipt: Receipt, at: datetime, *, who: Employee | None) -> None:
    """Dirt inside, put down to somebody (or decided later)."""
    item = ItemInput(reason_id("dirt_inside"), "person" if who else "undecided", who and who.pk)
    return_watch(receipt_id=receipt.pk, items=[item], actor=cast.actor("igor"), at=at)


class TestPitfall7:
    """Percentages over two populations, by the wrong date, or constant."""

    def test_returns_of_one_month_and_works_of_another_are_never_divided(self, cast: Cast) -> None:
        """March's works come back in April, in which one work is done: 1 − 3/1 would be −200 %."""
        for _number in range(3):
            receipt = make_worked(cast, at=MARCH)
            give_back(cast, receipt, MARCH + timedelta(days=5), who=cast.maxim)
        good = make_worked(cast, at=MARCH + timedelta(days=6))
        pass_check(receipt_id=good.pk, actor=cast.actor("igor"), at=MARCH + timedelta(days=7))
        march, april = of(cast.maxim, month(3)), of(cast.maxim, month(4))
        assert march is not None
        assert april is not None
        assert (march.total.good.share, april.total.good.share) == (0, 1)
        assert (march.total.returned, april.total.returned) == (3, 0)
        assert (returns(month(3)).cases, returns(month(4)).cases) == (0, 3)

    def test_a_month_of_returns_alone_has_no_quality(self, cast: Cast) -> None:
        receipt = make_worked(cast, at=MARCH)
        give_back(cast, receipt, MARCH + timedelta(days=5), who=cast.maxim)
        report = quality(month(4), at=AT)
        assert (report.total.good.share, report.total.checked) == (None, 0)

    def test_what_nobody_has_looked_at_is_not_good(self, cast: Cast) -> None:
        make_worked(cast, at=MARCH)
        found = of(cast.maxim, month(3))
        assert found is not None
        assert (found.total.good.share, found.total.waiting) == (None, 1)

    def test_it_changes_with_what_happened(self, cast: Cast) -> None:
        """A condition written with Python's ``not`` is the same for every row."""
        shares = []
        for hit in (None, cast.maxim):
            receipt = make_worked(cast, at=MARCH)
            give_back(cast, receipt, MARCH + timedelta(hours=5), who=hit)
            found = of(cast.maxim, month(3))
            assert found is not None
            shares.append(found.total.good.share)
        assert shares == [1, 0.5]


class TestPitfall8:
    """Blame comes from what an inspector recorded, never from who else touched the watch."""

    @pytest.fixture
    def receipt(self, cast: Cast) -> Receipt:
        """Maxim assembled first, Mark a day later: two assemblies on one watch."""
        receipt = make_worked(cast, at=MARCH)
        self.work(cast, receipt, cast.mark, MARCH + timedelta(hours=4))
        return receipt

    def work(self, cast: Cast, receipt: Receipt, who: Employee, at: datetime) -> None:
        work = WorkInput(type_id("assembly"), who.pk)
        record_work(receipt_id=receipt.pk, works=[work], actor=cast.actor("igor"), at=at)

    def hit(self, cast: Cast) -> dict[str, int]:
        people = {"maxim": cast.maxim, "mark": cast.mark}
        found = {name: of(person, month(3)) for name, person in people.items()}
        return {name: one.total.returned if one else 0 for name, one in found.items()}

    def test_of_two_assemblers_one_is_hit(self, cast: Cast, receipt: Receipt) -> None:
        give_back(cast, receipt, MARCH + timedelta(hours=8), who=cast.mark)
        assert self.hit(cast) == {"maxim": 0, "mark": 1}

    def test_the_recorded_one_though_another_worked_later(
        self, cast: Cast, receipt: Receipt
    ) -> None:
        give_back(cast, receipt, MARCH + timedelta(hours=8), who=cast.maxim)
        assert self.hit(cast) == {"maxim": 1, "mark": 0}

    def test_nobody_while_it_is_undecided(self, cast: Cast, receipt: Receipt) -> None:
        give_back(cast, receipt, MARCH + timedelta(hours=8), who=None)
        assert self.hit(cast) == {"maxim": 0, "mark": 0}

    def test_work_after_the_return_is_not_to_blame(self, cast: Cast) -> None:
        receipt = make_worked(cast, at=MARCH)
        give_back(cast, receipt, MARCH + timedelta(hours=4), who=cast.maxim)
        self.work(cast, receipt, cast.mark, MARCH + timedelta(hours=6))
        pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"), at=MARCH + timedelta(hours=7))
        assert self.hit(cast) == {"maxim": 1, "mark": 0}
        found = of(cast.mark, month(3))
        assert found is not None
        assert found.total.good.share == 1


MEASURES: dict[str, Callable[[Period], object]] = {
    "quality": lambda asked: quality(asked, at=AT),
    "returns": returns,
    "output": output,
    "responsible": lambda asked: responsible(asked, at=AT),
    "first pass": lambda asked: first_pass_yield(asked, at=AT),
    "lead time": lambda asked: lead_time(asked, at=AT),
    "statuses": lambda asked: statuses(asked, at=AT),
    "deadlines": lambda asked: deadlines(asked, at=AT),
    "escapes": lambda asked: escape_rate(asked, at=AT),
    "flow": lambda asked: flow(asked, at=AT),
    "activity": lambda asked: activity(asked, at=AT),
    "workshop now": lambda asked: workshop_now(at=AT),
    "master load": lambda asked: master_load(at=AT),
}


class TestPitfall26:
    """No measure loads a table to count it in Python."""

    @pytest.fixture
    def read(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Rows that came from the database, chunk by chunk."""
        seen: list[int] = []
        genuine = compiler.cursor_iter

        def counting(*args: Any, **kwargs: Any) -> Iterator[Any]:
            for chunk in genuine(*args, **kwargs):
                seen.append(len(chunk))
                yield chunk

        monkeypatch.setattr(compiler, "cursor_iter", counting)
        return seen

    def test_five_times_the_receipts_cost_no_row_more(self, cast: Cast, read: list[int]) -> None:
        def asked(name: str) -> tuple[int, int]:
            read.clear()
            with CaptureQueriesContext(connection) as queries:
                MEASURES[name](month(3))
            return len(queries), sum(read)

        found = []
        for count in (3, 12):
            self.make(cast, count)
            refresh(at=AT)  # what changed a moment ago is looked at one by one, and only that
            found.append({name: asked(name) for name in MEASURES})
        few, many = found
        assert few == many
        assert all(queries > 1 for queries, _rows in few.values()), "nothing was asked"

    def test_the_turnaround_reads_the_rounds_of_its_period_alone(
        self, cast: Cast, read: list[int]
    ) -> None:
        """Working time between two moments is no column: those rounds are read, and no others."""

        def asked() -> tuple[int, int]:
            read.clear()
            with CaptureQueriesContext(connection) as queries:
                found = polishing_load(month(4), at=AT)
            assert found.total.done.count == 2
            return len(queries), sum(read)

        self.make(cast, 2, MARCH + timedelta(days=10))
        few = asked()
        self.make(cast, 5)
        assert asked() == few

    def make(self, cast: Cast, count: int, begin: datetime = MARCH) -> None:
        for _number in range(count):
            receipt = make_in_work(cast, at=begin)
            end = begin + timedelta(hours=4, minutes=30)
            change_deadline(receipt_id=receipt.pk, deadline=end, actor=cast.actor("igor"), at=begin)
            work = WorkInput(type_id("assembly"), cast.maxim.pk)
            done = begin + timedelta(hours=1)
            record_work(receipt_id=receipt.pk, works=[work], actor=cast.actor("igor"), at=done)
            give_back(cast, receipt, begin + timedelta(hours=2), who=cast.maxim)
            igor = cast.actor("igor")
            make_polished(cast, receipt, at=begin + timedelta(hours=3))
            pass_check(receipt_id=receipt.pk, actor=igor, at=begin + timedelta(hours=4))
            gone = begin + timedelta(hours=5)
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor, at=gone)
            make_in_work(cast, at=begin)
