"""Analytics over HTTP, and what its screens ask of the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.periods import Kind, period
from analytics.reports.question import Question
from analytics.tests.months import make_works
from botapp.numbers.sections import SECTIONS, Asked
from botapp.tests.simulated import simulated_bot
from receipts.seeding import seed_catalogues
from tests.cast import make_cast, make_order, make_ready
from workshop.lib import clock


@pytest.mark.django_db(transaction=True)
def test_table_chart_and_file_over_http(transactional_db: None) -> None:
    """The chart leaves as a picture and the table comes back as a text: one screen all the time."""
    seed_catalogues()
    cast = make_cast()
    make_works(cast.maxim, clock.today() - timedelta(days=40), checked=25, returned=3)
    with simulated_bot() as live:
        anna = live.person(cast.anna)
        anna.text("/start")
        for label in ("☰ Ещё", "📊 Аналитика", "✅ Качество"):
            anna.press(label)
        anna.press("За всё время")
        assert "Максим М." in anna.screen
        anna.press("👤 Один сотрудник")
        anna.press("Максим М.")
        anna.press("📈 График")
        assert anna.screen.picture
        anna.press("📄 Excel")
        assert [file.name[-5:] for file in anna.files] == [".xlsx"]
        anna.press("⬅ Назад")
        assert not anna.screen.picture
        assert len(anna.screens) == 1
        assert anna.own_messages == []


@pytest.mark.django_db
def test_the_cost_of_a_section_does_not_grow() -> None:
    """Equal for a few rows and for many, section by section."""
    cast = make_cast()
    costs = []
    for _time in range(2):
        for ago in range(1, 40, 3):
            for who in (cast.maxim, cast.mark):
                make_works(who, clock.today() - timedelta(days=ago), checked=2, returned=1)
        receipt = make_ready(cast)
        make_order(cast, receipt)
        costs.append(_costs(cast.anna.pk))
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 60, costs[0]


def _costs(reader: int) -> dict[str, int]:
    at = clock.now()
    question = Question(period(Kind.MONTH, at=at), at)
    found = {}
    for one in SECTIONS:
        with CaptureQueriesContext(connection) as made:
            board = one.read(Asked(question, person_id=reader, named=True))
            if board.drawing:
                board.drawing()
        found[one.code] = len(made)
    return found
