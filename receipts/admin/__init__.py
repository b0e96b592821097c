"""The office pages of receipts."""

from receipts.admin import (
    calendar,
    catalogue,
    notices,
    people,
    receipt,
    records,
    sections,
    skills,
    verbs,
)

__all__ = [
    "calendar",
    "catalogue",
    "notices",
    "people",
    "receipt",
    "records",
    "sections",
    "skills",
    "verbs",
]
