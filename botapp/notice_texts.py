"""What the bot tells people by itself: which event goes to whom, and the words of the message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, fmt, lines
from botapp.events import InputFailed
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from botapp.screens import words
from history.models import Event
from history.registry import load
from polishing.events import PolishingSent, part_names
from polishing.models import PolishingBatch, PolishingOrder
from receipts.events.facts import DeadlineChanged
from receipts.events.status import Assigned, Held, Returned, ReworkOrdered
from receipts.models import Receipt, ReturnCase, ReturnItem
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from workshop.lib import clock
from workshop.lib.actor import KIND_EMPLOYEE, KIND_USER

LISTED = 30  # orders of a batch in one message


def receipt_of(event: Event) -> int:
    return int(event.stream.removeprefix("receipt:"))


def reachable(people: Iterable[Employee | None], event: Event) -> Iterator[Employee]:
    """Those who can be told and did not do it themselves, each once."""
    for one in dict.fromkeys(people):
        if one is None or not one.active or one.telegram_id is None:
            continue
        if (event.actor_kind, event.actor_id) in {
            (KIND_EMPLOYEE, one.pk),
            (KIND_USER, one.user_id),
        }:
            continue
        yield one


def employee_of(reference: Mapping[str, Any] | None) -> Employee | None:
    """The person behind a reference frozen in an event."""
    return Employee.objects.filter(pk=reference["id"]).first() if reference else None


def open_button(receipt: Receipt) -> NoticeButton:
    label = _("Open %(number)s") % {"number": words.number(receipt)}
    return NoticeButton(label, "receipt", receipt.pk)


# --- a watch is handed to a master ------------------------------------------------------------


@on_event(Assigned.kind, ReworkOrdered.kind)
def to_the_master(event: Event) -> Iterator[Addressed]:
    for master in reachable([employee_of(event.payload["master"])], event):
        yield Addressed(master, "assignment", {"receipt_id": receipt_of(event)})


@template("assignment", kind=NoticeKind.ASSIGNMENT)
def assignment(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """Nothing to tell when the watch went on to somebody else meanwhile."""
    receipt = Receipt.objects.select_related("watch").get(pk=params["receipt_id"])
    if employee is None or receipt.master_id != employee.pk:
        return None
    row = receipt.assignments.filter(ended_at__isnull=True, voided_at__isnull=True).first()
    purpose = row.purpose if row else None
    text = lines(
        fmt(_("👨‍🔧 Handed to you: %(number)s"), number=b(words.number(receipt))),
        words.watch(receipt) or None,
        fmt(_("Work: %(work)s"), work=purpose) if purpose else None,
        words.deadline(receipt, clock.now()),
        b(_("⛔ Do not polish")) if receipt.do_not_polish else None,
    )
    return Notice(text, ((open_button(receipt),),))


# --- a return from quality control --------------------------------------------------------------


@on_event(Returned.kind)
def to_the_responsible(event: Event) -> Iterator[Addressed]:
    """A person's quality is told to him, never to a group: each gets his own reasons."""
    people = [employee_of(item["responsible"]) for item in event.payload["items"]]
    for person in reachable(people, event):
        yield Addressed(person, "return", {"return_id": event.payload["return_id"]})


@template("return", kind=NoticeKind.RETURNED)
def returned(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    case = ReturnCase.objects.select_related("receipt").get(pk=params["return_id"])
    own = ReturnItem.objects.filter(return_case=case, responsible=employee).order_by("pk")
    reasons = ", ".join(item.reason_name for item in own)
    if case.is_void or employee is None or not reasons:
        return None
    text = lines(
        fmt(_("🔁 Return from QC: %(number)s"), number=b(words.number(case.receipt))),
        b(reasons),
        case.comment or None,
    )
    visible = case.receipt.master_id == employee.pk
    rows = ((open_button(case.receipt),),) if visible else ()
    if any(item.person_comment for item in own):
        return Notice(text, rows)
    comment = NoticeButton(_("💬 Comment on it"), "return_comment", own[0].pk)
    return Notice(text, (*rows, (comment,)))


# --- parts go to a polisher -----------------------------------------------------------------------


@on_event(PolishingSent.kind)
def to_the_polisher(event: Event) -> Iterator[Addressed]:
    """One message for a batch: the newer one replaces the older."""
    batch = event.payload["batch"]
    for polisher in reachable([employee_of(event.payload["polisher"])], event):
        if batch:
            key = f"batch:{batch['id']}"
            yield Addressed(polisher, "batch", {"batch_id": batch["id"]}, replace_key=key)
        else:
            yield Addressed(polisher, "polishing", {"order_id": event.payload["order_id"]})


@template("polishing", kind=NoticeKind.POLISHING)
def polishing(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    order = PolishingOrder.objects.select_related("receipt", "metal").get(pk=params["order_id"])
    if order.is_void or order.returned_at or employee is None or order.polisher_id != employee.pk:
        return None
    text = lines(b(_("🪙 For polishing:")), order_words(order))
    return Notice(text, ((open_button(order.receipt),),))


@template("batch", kind=NoticeKind.POLISHING)
def batch(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    row = PolishingBatch.objects.get(pk=params["batch_id"])
    rows = PolishingOrder.objects.open().filter(batch=row, polisher=employee)
    orders = list(rows.select_related("receipt", "metal").order_by("id"))
    if not orders:
        return None
    more = len(orders) - LISTED
    text = lines(
        fmt(_("🪙 For polishing: %(batch)s, %(count)s pcs"), batch=b(row), count=len(orders)),
        *[order_words(order) for order in orders[:LISTED]],
        fmt(_("and %(count)s more"), count=more) if more > 0 else None,
    )
    return Notice(text)


def order_words(order: PolishingOrder) -> Markup:
    """«• №101: корпус, сталь, сложная, комментарий»."""
    parts = [
        part_names(order.parts),
        str(order.metal or ""),
        _("difficult") if order.difficult else "",
        order.comment,
    ]
    told = ", ".join(filter(None, parts))
    return fmt("• %(number)s: %(told)s", number=b(words.number(order.receipt)), told=told)


# --- something happened ---------------------------------------------------------------------------


@on_event(Held.kind)
def of_an_incident(event: Event) -> Iterator[Addressed]:
    if not event.payload["is_incident"]:
        return
    people = selectors.active_with_role(roles.MANAGER, roles.OWNER)
    for person in reachable(people, event):
        yield Addressed(person, "incident", {"event_id": event.pk})


@on_event(InputFailed.kind)
def of_a_failed_input(event: Event) -> Iterator[Addressed]:
    for person in reachable(selectors.active_with_role(roles.MANAGER), event):
        yield Addressed(person, "input_failed", {"event_id": event.pk})


@on_event(DeadlineChanged.kind)
def of_a_deadline(event: Event) -> Iterator[Addressed]:
    """All inspectors but the author. The first deadline of a new receipt changes nothing."""
    first = "new" if event.payload.get("taken_back") else "old"
    if event.payload[first] is None:
        return
    for person in reachable(selectors.active_inspectors(), event):
        yield Addressed(person, "deadline", {"event_id": event.pk})


@template("incident", kind=NoticeKind.INCIDENT)
def incident(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    return _as_recorded(params, "⚠")


@template("input_failed", kind=NoticeKind.ALERT)
def input_failed(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    event = Event.objects.get(pk=params["event_id"])
    advice = _("The person was told. What failed stands in the office under “Incoming updates”.")
    return Notice(lines(fmt("⚠ %(what)s", what=load(event).words()), advice))


@template("deadline", kind=NoticeKind.DEADLINE_CHANGED)
def deadline(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    return _as_recorded(params, "🕒")


def _as_recorded(params: Mapping[str, Any], sign: str) -> Notice:
    """The event in its own words, with who did it: old → new stand there already."""
    event = Event.objects.get(pk=params["event_id"])
    receipt = Receipt.objects.get(pk=receipt_of(event))
    text = lines(
        fmt("%(sign)s %(number)s", sign=sign, number=b(words.number(receipt))),
        load(event).words(),
        fmt("%(who)s, %(when)s", who=event.actor_label, when=clock.show(event.occurred_at)),
    )
    return Notice(text, ((open_button(receipt),),))
