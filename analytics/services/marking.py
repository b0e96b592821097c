"""The marks of changes: analytics' subscriber of events."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.marks import is_marking, receipt_of
from analytics.models import Mark
from history.bulk import new_row
from history.bulk_rows import insert_rows
from history.models import Event
from workshop.lib.compiled import Insertion

_marks: Insertion[Mark] = Insertion(Mark)


def mark(events: Sequence[Event]) -> None:
    """Subscriber, in the transaction of the change: one insert, no query; most kinds pay nothing.

    Which rows the change touches does not matter here, nor whether they are written before or
    after the event: at its next count the receipt is looked at as a whole. Of several events of
    one receipt (a history that is imported) one mark is enough.
    """
    marked = {event.stream: event for event in events if is_marking(event)}
    if not marked:
        return
    rows = [
        new_row(Mark, event_id=event.id, receipt_id=receipt_of(event)) for event in marked.values()
    ]
    if len(rows) == 1:
        _marks.save(rows[0])
    else:
        insert_rows(Mark, rows)
