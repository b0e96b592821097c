"""The life of one receipt: each row and each event as a step of its telling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from django.utils.translation import gettext as _

from integrations.legacy import values
from integrations.legacy.events import ReturnInitiated
from integrations.legacy.matching import Told, by_id
from integrations.legacy.notes import CARRIED, Refused
from integrations.legacy.polishing import Polishing
from integrations.legacy.returning import Returning
from integrations.legacy.source import Row
from integrations.legacy.stories import Story
from integrations.legacy.telling import FIRST, OF_EVENTS, OF_ROWS, Step, Telling, later, shown
from receipts.models import OperationType
from receipts.services.works import WorkInput
from receipts.states import Status
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.text import COMMENT_LENGTH, REASON_LENGTH

# Where each type of event names the deadline.
DEADLINES: Final = {
    "receipt_created": "deadline",
    "deadline_changed": "new_deadline",
    "sent_to_master": "deadline",
}
# They tell of rows; without one they are kept as they are.
TELL_OF_ROWS: Final = frozenset(
    {"operation_created", "return_created", "polishing_sent", "polishing_returned"}
)


class Life:
    """One receipt that is registered already; ``created`` is the event that told of it."""

    def __init__(self, telling: Telling, story: Story, events: Sequence[Told]) -> None:
        self._telling, self._story, self._events = telling, story, events
        self._draft, self._world, self._notes = telling.draft, telling.world, telling.notes
        self._verbs: dict[str, Callable[[Told, Actor, datetime], str | None]] = {
            "sent_to_master": self._sent_to_master,
            "master_changed": self._master_changed,
            "deadline_changed": self._deadline_changed,
            "passed_otk": self._passed,
            "comment_added": self._commented,
            "return_initiated": self._return_initiated,
        }

    def tell(self, created: Told | None) -> None:
        """Everything after the registration."""
        events = [event for event in self._events if event is not created]
        if created is not None:
            self._notes.count("history_events", CARRIED)
        polishing = Polishing(self._telling, self._story, events)
        steps = polishing.steps()
        steps += Returning(self._telling, self._story, events).steps()
        steps += self._works(polishing.operations, events)
        matched = {step.event.id for step in steps if step.event is not None}
        steps += [self._event(event) for event in events if event.id not in matched]
        self._telling.run(steps)
        self._settle_deadline()

    # -- rows ---------------------------------------------------------------------------------

    def _works(self, rows: list[Row], events: Sequence[Told]) -> list[Step]:
        told = [event for event in events if event.type == "operation_created"]
        found = by_id(rows, told, ("operation_id", "id"))
        return [self._work(row, found.get(row["id"])) for row in rows]

    def _work(self, row: Row, event: Told | None) -> Step:
        performed = values.moment(row["created_at"])
        kind = self._world.types.get(row["operation_type_id"])
        person = self._world.people.get(row["employee_id"])
        what = _("work “%(type)s”, %(person)s, %(when)s") % {
            "type": kind or row["operation_type_id"],
            "person": person or row["employee_id"],
            "when": shown(performed),
        }
        return Step(
            at=later(performed, event),
            act=partial(self._record_work, kind, person, performed),
            what=what,
            row=("operations", row["id"]),
            event=event,
            rank=OF_EVENTS if event else OF_ROWS,
        )

    def _record_work(
        self,
        kind: OperationType | None,
        person: Employee | None,
        performed: datetime | None,
        actor: Actor,
        at: datetime,
    ) -> None:
        if kind is None:
            raise Refused("unknown_type")
        if person is None:
            raise Refused("unknown_person")
        self._draft.record_work(
            works=[WorkInput(kind.pk, person.pk, performed)], actor=actor, at=at
        )

    # -- events -------------------------------------------------------------------------------

    def _event(self, event: Told) -> Step:
        verb = self._verbs.get(event.type)
        plain = verb is None or event.type in {"comment_added", "return_initiated"}
        return Step(
            at=event.at,
            act=partial(verb or self._other, event),
            what=values.text(f"{event.type} {event.data}", REASON_LENGTH),
            event=event,
            rank=FIRST if event.type == "receipt_created" else OF_EVENTS,
            verb=not plain,
        )

    def _other(self, event: Told, actor: Actor, at: datetime) -> str:
        if event.type in TELL_OF_ROWS:
            why = "" if self._row_is_there(event) else "row_missing"
        else:
            why = "repeated" if event.type == "receipt_created" else "unknown_event"
        return self._telling.keep_event(event, at, why)

    def _row_is_there(self, event: Told) -> bool:
        """Told by another step already: the polishing among the works, a round with a trouble."""
        if event.type.startswith("polishing"):
            return bool(self._story.polishing_details)
        rows = [*self._story.operations] if "operation" in event.type else self._story.returns
        return event.number("operation_id", "return_id", "id") in {row["id"] for row in rows}

    def _sent_to_master(self, event: Told, actor: Actor, at: datetime) -> None:
        self._hand_on(event, event.number("master_id"), actor, at)
        if event.pick("urgent") is not None:
            self._draft.set_urgent(urgent=values.flag(event.pick("urgent")), actor=actor, at=at)
        if event.pick("deadline") is not None:
            self._change_deadline(event, actor, at)

    def _master_changed(self, event: Told, actor: Actor, at: datetime) -> None:
        self._hand_on(event, event.number("new_master_id", "master_id"), actor, at)

    def _hand_on(self, event: Told, old_id: int | None, actor: Actor, at: datetime) -> None:
        master = self._world.people.get(old_id) if old_id is not None else None
        if master is None:
            raise Refused("unknown_person")
        receipt = self._draft.receipt
        if receipt.status == Status.READY:
            reason = _("handed on after the check (earlier platform)")
            self._draft.rework_order(master_id=master.pk, reason=reason, actor=actor, at=at)
            self._notes.note("history_events", event.id, "ready_again", str(master))
        elif (receipt.status, receipt.master_id) != (Status.IN_WORK, master.pk):
            self._draft.assign(master_id=master.pk, actor=actor, at=at)

    def _deadline_changed(self, event: Told, actor: Actor, at: datetime) -> None:
        self._change_deadline(event, actor, at)

    def _change_deadline(self, event: Told, actor: Actor, at: datetime) -> None:
        typed = event.pick(DEADLINES[event.type], "deadline")
        deadline = values.moment(typed)
        if typed is not None and deadline is None:
            if event.type == "deadline_changed":
                raise Refused("deadline_unreadable")
            self._notes.note(
                "history_events", event.id, "deadline_unreadable", values.text(typed, 100)
            )
            return
        self._draft.change_deadline(deadline=deadline, actor=actor, at=at)

    def _passed(self, event: Told, actor: Actor, at: datetime) -> None:
        draft = self._draft
        if draft.receipt.status == Status.READY:
            return
        draft.ensure("pass", actor)
        draft.ensure_complete()
        there = {row.type_id for row in draft.operations}
        there |= {row.type_id for row in draft.waivers}
        for kind in draft.drawer.required_types():
            if kind.pk not in there:
                draft.waive_work(
                    type_id=kind.pk,
                    reason_id=self._world.waiver_reason_id,
                    comment=_("not recorded in the earlier platform"),
                    actor=actor,
                    at=at,
                )
                self._notes.note("history_events", event.id, "work_not_recorded", str(kind))
        draft.pass_check(actor=actor, at=at)

    def _commented(self, event: Told, actor: Actor, at: datetime) -> str | None:
        text = values.text(event.pick("comment", "text"))
        if not text or len(text) > COMMENT_LENGTH:
            return self._telling.keep_event(event, at)
        self._draft.add_comment(text=text, actor=actor, at=at)
        return None

    def _return_initiated(self, event: Told, actor: Actor, at: datetime) -> None:
        note = values.text(event.pick("note", "comment"))
        self._draft.write(ReturnInitiated(legacy_id=event.id, note=note), actor, at)

    # -- the end ------------------------------------------------------------------------------

    def _settle_deadline(self) -> None:
        """The receipt's own deadline counts, wherever its history ends."""
        row, receipt = self._story.receipt, self._draft.receipt
        typed = row["current_deadline"]
        deadline = values.moment(typed)
        if typed is not None and deadline is None:
            self._notes.note("receipts", row["id"], "deadline_unreadable", values.text(typed, 100))
            return
        if deadline == receipt.deadline:
            return
        told = f"{shown(receipt.deadline)} → {shown(deadline)}"
        self._notes.note("receipts", row["id"], "deadline_differs", told)
        self._draft.change_deadline(
            deadline=deadline,
            reason=_("as the earlier platform's receipt says"),
            actor=self._telling.actors.importer,
            at=self._telling.last,
        )


def first_deadline(story: Story, events: Sequence[Told], created: Told | None) -> datetime | None:
    """What was promised at the registration; the receipt's own when no event ever named one."""
    if created is not None and created.pick("deadline") is not None:
        return values.moment(created.pick("deadline"))
    if any(event.pick(DEADLINES[event.type]) for event in events if event.type in DEADLINES):
        return None
    return values.moment(story.receipt["current_deadline"])
