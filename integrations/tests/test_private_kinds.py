"""What is told to people alone, and to no other program."""

from __future__ import annotations

import pytest

from analytics.events import QualityDropped
from integrations.webhooks.kinds import checked, matches, offered
from workshop.lib.errors import RuleViolation


def test_the_quality_of_a_person_goes_to_no_receiver() -> None:
    assert QualityDropped.kind not in offered()
    assert not matches(["*", "quality.*", QualityDropped.kind], QualityDropped.kind)
    with pytest.raises(RuleViolation):
        checked(["quality.*"])
