"""The true quality of the invented people, and what really happened: to check analytics against."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any, Final

from integrations.demo.roster import PEOPLE

BEST: Final = 0.985
WORST: Final = 0.80


class Truth:
    """Per person and type of work: the probability of good work, and the counts drawn from it.

    ``checked`` counts works that a decision of quality control followed, ``returned`` those of
    them that a return hit. Rework by the same person is neither (it is no work of its own).
    """

    def __init__(self, seed: int) -> None:
        rng = Random(f"truth:{seed}")  # noqa: S311
        self.quality = {
            (person.key, code): round(rng.uniform(WORST, BEST), 3)
            for person in PEOPLE
            for code in person.skills
        }
        self.checked: Counter[tuple[str, str]] = Counter()
        self.returned: Counter[tuple[str, str]] = Counter()

    def rows(self, ids: dict[str, int], names: dict[str, str]) -> list[dict[str, Any]]:
        """One row per person and type, ready for JSON."""
        return [
            {
                "employee_id": ids[key],
                "employee": names[key],
                "operation_type": code,
                "true_quality": quality,
                "checked": self.checked[key, code],
                "returned": self.returned[key, code],
            }
            for (key, code), quality in self.quality.items()
        ]
