"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integrations import proofs
from integrations.limits import counter
from tests.api.callers import Caller, make_caller
from tests.cast import Cast, make_cast


@pytest.fixture(autouse=True)
def _many_requests(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits have tests of their own, and so has the second for which a key is believed."""
    settings.API_RATE = settings.API_ADDRESS_RATE = 10_000
    monkeypatch.setattr(proofs, "BELIEVED", timedelta(0))
    counter.cache_clear()


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def shop(cast: Cast) -> Caller:
    """A program with every scope, bound to Igor the inspector."""
    return make_caller(employee_id=cast.igor.pk)


@pytest.fixture
def caller(db: None) -> Callable[..., Caller]:
    return make_caller
