"""Polishing in the office: verbs and a section on the receipt page, lists of orders and batches."""

from polishing.admin import lists, sections, verbs

__all__ = ["lists", "sections", "verbs"]
