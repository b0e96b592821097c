"""The one polishing round that the earlier platform knew of a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _

from integrations.legacy import values
from integrations.legacy.matching import Told, nearest
from integrations.legacy.notes import Refused
from integrations.legacy.source import Row
from integrations.legacy.stories import Story
from integrations.legacy.telling import FIRST, OF_ROWS, Step, Telling, later, shown
from polishing.models import PolishingOrder
from polishing.services.bulk import send_to_polishing, take_back
from receipts.models import DetachedPart
from workshop.lib.actor import Actor
from workshop.lib.text import REASON_LENGTH

TABLE = "polishing_details"


class Polishing:
    """Steps of sending and taking back. ``operations`` are the works that remain beside it:
    taking back records the polishing itself."""

    def __init__(self, telling: Telling, story: Story, events: Sequence[Told]) -> None:
        self.operations = list(story.operations)
        self._telling, self._story, self._events = telling, story, events
        self._draft, self._world, self._notes = telling.draft, telling.world, telling.notes
        self._order: PolishingOrder | None = None

    def steps(self) -> list[Step]:
        """Of the row; events of other rounds remain as they are."""
        found: list[Step] = []
        for row in self._story.polishing_details:
            found += self._round(row)
        return found

    def _round(self, row: Row) -> list[Step]:
        sent, back = values.moment(row["sent_at"]), values.moment(row["returned_at"])
        sent_event = nearest(sent, self._of("polishing_sent"))
        why = self._refusal(row, sent, back)
        work = None if why or back is None else self._its_work(row, sent)
        what = self._what(row, sent, back)
        out = Step(
            at=later(sent, sent_event),
            act=partial(self._send, row, sent, why),
            what=what,
            row=(TABLE, row["receipt_id"]),
            event=sent_event,
            rank=FIRST,
        )
        if why or back is None:
            return [out]
        back_event = nearest(back, self._of("polishing_returned"))
        at = later(back, back_event)
        if at is None or any(back <= one < at for one in self._checks()):
            at = back  # told after the check that it was back before
        return [
            out,
            Step(
                at=max(at, out.at or at),
                act=partial(self._take_back, row, back, work),
                what=what,
                row=("operations", work["id"]) if work else None,
                event=back_event,
                rank=OF_ROWS,
            ),
        ]

    def _of(self, kind: str) -> list[Told]:
        return [event for event in self._events if event.type == kind]

    def _refusal(self, row: Row, sent: datetime | None, back: datetime | None) -> str:
        """A rule of ours that the whole round breaks; an empty text when none."""
        if row["polisher_id"] not in self._world.people:
            return "unknown_person"
        if sent is None or (row["returned_at"] is not None and back is None):
            return "time_unreadable"
        if sent < self._telling.received:
            return "before_receipt"
        if back is not None and back < sent:
            return "back_before_sent"
        if back is not None and back > self._telling.now:
            return "in_future"
        if any(sent <= check and (back is None or check < back) for check in self._checks()):
            return "out_at_the_check"
        return ""

    def _checks(self) -> list[datetime]:
        """When the watch passed: nothing of it may be away then."""
        return [event.at for event in self._of("passed_otk") if event.at is not None]

    def _its_work(self, row: Row, sent: datetime | None) -> Row | None:
        """The polishing among the works that this round recorded, taken off the list."""
        found = [
            work
            for work in self.operations
            if self._is_polishing(work) and (values.moment(work["created_at"]) or sent) >= sent  # type: ignore[operator]
        ]
        same = [work for work in found if work["employee_id"] == row["polisher_id"]]
        chosen = (same or found)[0] if found else None
        if chosen is not None:
            self.operations.remove(chosen)
        return chosen

    def _is_polishing(self, work: Row) -> bool:
        kind = self._world.types.get(work["operation_type_id"])
        known = work["employee_id"] in self._world.people
        return kind is not None and kind.pk == self._world.polishing_type_id and known

    def _send(self, row: Row, sent: datetime | None, why: str, actor: Actor, at: datetime) -> None:
        if why:
            raise Refused(why)
        typed = values.text(row["metal_type"], 100)
        metal = self._world.metal(typed) if typed else None
        comment = values.text(row["comment"])
        if typed and metal is None:
            self._notes.note(TABLE, row["receipt_id"], "metal_unknown", typed)
            comment = "; ".join(filter(None, (_("metal: %(name)s") % {"name": typed}, comment)))
        if len(comment) > REASON_LENGTH:
            self._notes.note(TABLE, row["receipt_id"], "text_clipped", comment)
        self._order = send_to_polishing(
            self._draft,
            polisher_id=self._world.people[row["polisher_id"]].pk,
            case=True,
            bracelet=values.flag(row["bracelet"]),
            metal_id=metal,
            difficult=values.flag(row["difficult"]),
            comment=values.text(comment, REASON_LENGTH),
            sent_at=sent,
            actor=actor,
            at=at,
        )

    def _take_back(
        self, row: Row, back: datetime, work: Row | None, actor: Actor, at: datetime
    ) -> None:
        if self._order is None:
            raise Refused("row_missing")
        by = work["employee_id"] if work else row["polisher_id"]
        take_back(
            self._draft,
            self._order,
            polished_by_id=self._world.people[by].pk,
            returned_at=back,
            actor=actor,
            at=at,
        )
        if work is None:
            self._notes.count("operations", "made")

    def _what(self, row: Row, sent: datetime | None, back: datetime | None) -> str:
        person = self._world.people.get(row["polisher_id"]) or row["polisher_id"]
        told = _("polishing at %(name)s, sent %(sent)s, back %(back)s") % {
            "name": person,
            "sent": shown(sent),
            "back": shown(back),
        }
        facts = [
            values.text(row["metal_type"], 100),
            str(DetachedPart.Part.BRACELET.label) if values.flag(row["bracelet"]) else "",
            _("difficult") if values.flag(row["difficult"]) else "",
            values.text(row["comment"]),
        ]
        return ", ".join([told, *filter(None, facts)])
