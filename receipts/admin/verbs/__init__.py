"""Verbs of the receipt page, in the order of their buttons. A new verb: a class in one of these."""

from receipts.admin.verbs import (  # isort: skip
    flow,
    works,
    quality,
    facts,
    returns,
    registration,
)

__all__ = ["facts", "flow", "quality", "registration", "returns", "works"]
