"""What a run did is told with its words: a bare number says nothing to the office."""

from __future__ import annotations

import pytest
from django.utils import translation

from history.jobs import words
from history.jobs.declaring import declared_jobs


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("history.sweep_outbox", "события: 3"),
        ("history.send_missed_jobs", "запущено заданий: 3"),
    ],
)
def test_a_single_number_has_its_word(name: str, told: str) -> None:
    with translation.override("ru"):
        assert words.result(declared_jobs()[name], {"count": 3}) == told
