"""How many statements an update costs: pinned, and the same with ten and with a thousand rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from botapp import step
from botapp.dialogs import menu_item
from botapp.testing import BotDriver
from botapp.tests.sample_flow import PickColleague
from receipts.models import Receipt
from staff import roles
from staff.models import Employee
from tests.cast import Cast, make_cast, make_receipt
from tests.faults.flows import Act, Press, Text
from tests.faults.phones import MemoryPhone

# Who writes; begin; his dialogue; a savepoint around what he did, and its end; the dialogue and the
# mark; commit. (Within a test's transaction begin and commit are a savepoint and are counted.)
ENGINE = 8


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a step asks the database, without claims and replies, which several updates share."""
    asked: list[str] = []
    genuine = step.take_step

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    def take_step(*args: Any, **kwargs: Any) -> step.Outcome:
        asked.clear()
        with connection.execute_wrapper(note):
            return genuine(*args, **kwargs)

    monkeypatch.setattr(step, "take_step", take_step)
    return asked


def test_the_engine_itself(anna: Employee, bot: BotDriver, statements: list[str]) -> None:
    menu_item("Rename", PickColleague.id, place=1, roles=(roles.MANAGER,))
    person = bot.person(anna, language="en")
    person.text("/menu")
    person.press("Rename")
    person.press("Annina A.")  # the name is asked for: this screen reads nothing
    assert len(statements) == ENGINE, "\n".join(statements)


def hand_over(cast: Cast, number: str) -> list[Act]:
    return [
        Text("/menu"),
        Text(number),
        Press("open", "assign"),
        Press("person", str(cast.maxim.pk)),
        Press("confirm"),
    ]


NAMES = ("number", "number_key", "similar_key", "label_token", "public_token")
SIMPLE = [field for field in Receipt._meta.concrete_fields if field.name not in ("id", *NAMES)]
# Besides the engine's; a little more than today, and never more with more rows.
BUDGET = {"menu": 7, "card": 16, "master": 3, "confirm": 8, "handed": 32}


@pytest.mark.parametrize("rows", [10, 1000])
def test_a_watch_is_handed_over(db: None, rows: int, statements: list[str]) -> None:
    cast = make_cast()
    made = make_receipt(cast, "Q-1")
    Receipt.objects.bulk_create(
        Receipt(
            **{field.attname: getattr(made, field.attname) for field in SIMPLE},
            **dict.fromkeys(NAMES, f"x{n}"),
        )
        for n in range(rows)
    )
    phone = MemoryPhone(BotDriver().person(cast.igor))
    phone.do(Text("/start"))
    for act, (screen, budget) in zip(hand_over(cast, made.number), BUDGET.items(), strict=True):
        phone.do(act)
        assert len(statements) <= ENGINE + budget, f"{screen}:\n" + "\n".join(statements)
