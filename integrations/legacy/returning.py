"""Returns from quality control with the persons who were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _

from integrations.legacy import values
from integrations.legacy.matching import Told, by_id
from integrations.legacy.notes import CARRIED, KEPT, MERGED
from integrations.legacy.source import Row
from integrations.legacy.stories import Story
from integrations.legacy.telling import OF_EVENTS, OF_ROWS, Step, Telling, later, shown
from receipts.models import ReturnItem
from receipts.services.returns import ItemInput
from workshop.lib.actor import Actor
from workshop.lib.text import COMMENT_LENGTH

TABLE, LINKS = "returns", "return_reason_links"
R = ReturnItem.Responsibility


class Returning:
    """Steps of the returns of one receipt; their links are counted with them."""

    def __init__(self, telling: Telling, story: Story, events: Sequence[Told]) -> None:
        self._telling, self._story = telling, story
        self._draft, self._world, self._notes = telling.draft, telling.world, telling.notes
        self._events = [event for event in events if event.type == "return_created"]

    def steps(self) -> list[Step]:
        found = by_id(self._story.returns, self._events, ("return_id", "id"))
        return [self._step(row, found.get(row["id"])) for row in self._story.returns]

    def _step(self, row: Row, event: Told | None) -> Step:
        returned = values.moment(row["created_at"])
        links = [link for link in self._story.links if link["return_id"] == row["id"]]
        told = _("return of %(when)s: %(reasons)s") % {
            "when": shown(returned),
            "reasons": ", ".join(map(self._told, links)) or "–",
        }
        comment = values.text(row["comment"])
        return Step(
            at=later(returned, event),
            act=partial(self._return, row, links, event),
            what=f"{told}. {comment}" if comment else told,
            row=(TABLE, row["id"]),
            event=event,
            rank=OF_EVENTS if event else OF_ROWS,
            along=(LINKS, len(links)),
        )

    def _told(self, link: Row) -> str:
        reason = self._world.reasons.get(link["reason_id"]) or link["reason_id"]
        person = self._world.people.get(link["guilty_employee_id"]) or link["guilty_employee_id"]
        return f"{reason} – {person or _('undecided')}"

    def _return(
        self, row: Row, links: list[Row], event: Told | None, actor: Actor, at: datetime
    ) -> None:
        chosen, dropped = self._sorted_out(links)
        items = [self._item(link, link["guilty_employee_id"]) for link in chosen]
        if not items and event is not None:
            items = self._of_event(event)
        comment = values.text(row["comment"])
        self._draft.return_watch(
            items=items, comment=values.text(comment, COMMENT_LENGTH), actor=actor, at=at
        )
        if not chosen:
            self._notes.note(TABLE, row["id"], "reasons_of_the_event")
        if len(comment) > COMMENT_LENGTH:
            self._notes.note(TABLE, row["id"], "text_clipped", comment)
        for link in chosen:
            self._notes.count(LINKS, CARRIED)
            if self._is_unknown(link["guilty_employee_id"]):
                self._notes.note(LINKS, link["id"], "unknown_guilty", self._told(link))
        for link, why in dropped:
            self._drop(link, why, actor, at)

    def _sorted_out(self, links: list[Row]) -> tuple[list[Row], list[tuple[Row, str]]]:
        """One link per reason, the first that names a person; the others with their trouble."""
        chosen: dict[int, Row] = {}
        dropped: list[tuple[Row, str]] = []
        for link in sorted(links, key=lambda one: one["guilty_employee_id"] is None):
            reason = self._world.reasons.get(link["reason_id"])
            if reason is None:
                dropped.append((link, "unknown_reason"))
            elif reason.pk in chosen:
                first = chosen[reason.pk]["guilty_employee_id"]
                same = link["guilty_employee_id"] in (None, first)
                dropped.append((link, "reason_twice" if same else "reason_twice_other_person"))
            else:
                chosen[reason.pk] = link
        return sorted(chosen.values(), key=lambda one: one["id"]), dropped

    def _drop(self, link: Row, why: str, actor: Actor, at: datetime) -> None:
        self._notes.note(LINKS, link["id"], why, self._told(link))
        if why == "reason_twice":
            self._notes.count(LINKS, MERGED)
            return
        self._notes.count(LINKS, KEPT)
        text = _("Earlier platform, not carried over: %(what)s") % {"what": self._told(link)}
        self._draft.add_comment(text=text, actor=actor, at=at)

    def _item(self, link: Row, guilty: int | None) -> ItemInput:
        """Nobody, or somebody unknown: undecided. It is never derived."""
        reason = self._world.reasons[link["reason_id"]]
        person = self._world.people.get(guilty) if guilty is not None else None
        if person is None:
            return ItemInput(reason.pk, R.UNDECIDED)
        return ItemInput(reason.pk, R.PERSON, person.pk)

    def _is_unknown(self, guilty: int | None) -> bool:
        return guilty is not None and guilty not in self._world.people

    def _of_event(self, event: Told) -> list[ItemInput]:
        """The reasons that the event tells of, for a return whose links are gone."""
        found: dict[int, ItemInput] = {}
        told = event.data.get("reasons")
        for one in told if isinstance(told, list) else []:
            reason_id = values.number(one.get("id")) if isinstance(one, dict) else None
            if reason_id is None or reason_id not in self._world.reasons:
                continue
            guilty = values.number(one.get("guilty_employee_id", one.get("guilty_id")))
            item = self._item({"reason_id": reason_id}, guilty)
            found.setdefault(item.reason_id, item)
        return list(found.values())
