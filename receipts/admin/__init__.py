"""The office pages of receipts."""

from receipts.admin import calendar, catalogue, people, receipt, records, sections, skills, verbs

__all__ = ["calendar", "catalogue", "people", "receipt", "records", "sections", "skills", "verbs"]
