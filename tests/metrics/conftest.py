"""Every test counts from nothing, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.metrics.scrape import forget


@pytest.fixture(autouse=True)
def _from_nothing() -> Iterator[None]:
    forget()
    yield
    forget()
