"""A deadline as people type or press it: ``25.12``, ``завтра 12:00``, ``on friday 15:00``."""

from receipts.deadline_input.choices import DeadlineChoice, describe_deadline, quick_choices
from receipts.deadline_input.parse import ParsedDeadline, parse_deadline

__all__ = [
    "DeadlineChoice",
    "ParsedDeadline",
    "describe_deadline",
    "parse_deadline",
    "quick_choices",
]
