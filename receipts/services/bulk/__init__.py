"""Whole histories of new receipts, written at once: imports, legacy data, large demonstrations.

    with writer() as bulk:
        draft = bulk.draft(number="101", key=CommandKey("import", "row-1"), actor=…, at=…)
        draft.assign(master_id=…, actor=…, at=…)

A draft's verbs have the names and arguments of the services and give the same rows, payloads and
hashes; a test holds both together. What differs, and why:

- one command per receipt (a row of an import), not one per verb;
- a deadline may lie in the past; reminders are planned only for the last one, as far as still
  ahead of the present;
- nobody is notified: the actors' channels must be silent;
- a verb whose result is already true is refused like any other impossible one.
"""

from receipts.services.bulk.quality import Draft
from receipts.services.bulk.writer import Writer, writer

__all__ = ["Draft", "Writer", "writer"]
