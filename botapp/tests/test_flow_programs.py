"""How the programs are, on the phone of those who keep the workshop running."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from analytics.models import AlertRule, Snapshot
from analytics.services.alert_rules import add_rule
from analytics.system_state import BOT, WORKER
from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone
from history import lease
from history.models import Lease
from staff import roles
from tests.cast import Cast, make_cast
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def anna(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.anna, request.param)


def look(keeper: Phone) -> None:
    keeper.type("/menu")
    keeper.press("☰ More")
    keeper.press("🩺 State of the workshop")


def test_a_new_installation_is_no_alarm(anna: Phone) -> None:
    Lease.objects.all().delete()
    look(anna)
    assert anna.sees("Nothing has been measured yet.")
    assert anna.text.count(anna.say("has not run yet")) == 4
    assert "🔴" not in anna.text
    assert anna.sees("none yet")


def test_who_is_silent_what_is_wrong_and_since_when(anna: Phone) -> None:
    lease.beat(BOT, "bot/1")
    lease.beat(WORKER, "worker/1")
    past = clock.now() - timedelta(minutes=7)
    Lease.objects.filter(name=WORKER).update(until=past, seen_at=past)
    AlertRule.objects.update(active=False)
    values = {
        "name": "Просрочено",
        "metric": "overdue",
        "comparison": "above",
        "threshold": Decimal(0),
        "severity": "critical",
        "roles": [roles.MANAGER],
    }
    add_rule(values=values, actor=system_actor("tests"))
    Snapshot.objects.create(
        taken_at=clock.now() - timedelta(minutes=50), duration_ms=1, schema=1,
        numbers={"overdue": 3},
    )  # fmt: skip
    look(anna)
    state, workers = anna.text.partition("🟢")[0], anna.text.partition("🟢")[2]
    assert f"🔴 {anna.say('Critical')}" in state
    assert "– " in state
    assert "3" in state
    assert anna.sees("outdated")
    assert f"🔴 {anna.say('Worker of jobs')}: {anna.say('gives no sign of life')}" in workers
    assert anna.sees("last sign of life %(time)s ago", time=anna.say("%(value)s min", value=7))


def test_who_does_not_keep_it_is_not_asked(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast.igor, "ru")
    igor.type("/menu")
    igor.press("☰ More")
    assert not igor.offers("🩺 State of the workshop")
