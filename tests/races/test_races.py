"""Two people press at once: one effect, and the other is told (small; `tests.faults.races` all)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cast import Cast, make_cast
from tests.races.pairs import (
    RACES,
    Scene,
    pass_pass,
    pass_return,
    register_register,
    run,
    same_key,
    send_send,
)

ROUNDS = 3


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_one_effect_and_everybody_is_told(race: Callable[[Cast], Scene]) -> None:
    cast = make_cast()
    for seed in range(ROUNDS):
        verdict = run(race, cast, seed)
        assert verdict.is_good, verdict


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_on_sqlite_too() -> None:
    cast = make_cast()
    for race in (pass_pass, pass_return, register_register, send_send, same_key):
        verdict = run(race, cast, seed=1)
        assert verdict.is_good, (race.__name__, verdict)
