"""Reads over several models, as frozen values: what every door shows and offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from receipts import policies, states
from receipts.models import (
    Assignment,
    DetachedPart,
    Hold,
    Operation,
    OperationType,
    Receipt,
    ReceiptNumber,
    ReturnReason,
)
from receipts.numbers import normalise_number, other_spellings, similar_key
from receipts.phones import looks_like_phone, normalise_phone
from receipts.services.base import last_decision
from receipts.states import Status
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.compiled import Rows
from workshop.lib.errors import RuleViolation

SEARCH_LIMIT: Final = 50


def possible_verbs(receipt: Receipt, actor: Actor) -> tuple[str, ...]:
    """Verbs that the status allows and the roles permit, in the table's order.

    Taking back the last decision is left out while only the registration stands.
    """
    found = tuple(
        code for code in states.possible(receipt.status) if policies.may(actor, code, receipt)
    )
    # Any other status was reached by a decision: only this one needs a look at the history.
    if receipt.status == Status.RECEIVED and last_decision(receipt) is None:
        found = tuple(code for code in found if code != "void_decision")
    return found


_by_number: Rows[Receipt] = Rows(
    lambda slot: Receipt.objects.valid().filter(number_key=slot("key"))
)


def by_number(text: str) -> Receipt | None:
    """The receipt with this number (or one it had before a correction); None when there is none."""
    try:
        key = normalise_number(text).key
    except RuleViolation:
        return None
    found = _by_number.first(key=key)
    if found is not None:
        return found
    earlier = (
        ReceiptNumber.objects.filter(number_key=key, receipt__voided_at__isnull=True)
        .select_related("receipt")
        .order_by("-id")
        .first()
    )
    return earlier.receipt if earlier else None


def by_label(token: str) -> Receipt | None:
    """The receipt whose bag label carries ``token``."""
    return Receipt.objects.valid().filter(label_token=token).first()


def by_public_link(token: str) -> Receipt | None:
    """The receipt whose customer's link carries ``token``; None when it is revoked or void."""
    rows = Receipt.objects.valid().filter(public_token_revoked_at__isnull=True)
    return rows.filter(public_token=token).first() if token else None


def similar_open(text: str, *, limit: int = 5) -> list[Receipt]:
    """Receipts in the workshop whose number is similar, not equal (00123 and 123, D-1 and Д-1)."""
    key = normalise_number(text).key
    keys = {similar_key(one) for one in (key, *_keys_of(other_spellings(text)))}
    rows = Receipt.objects.in_workshop().filter(similar_key__in=keys)
    return list(rows.exclude(number_key=key).order_by("-id")[:limit])


def _keys_of(spellings: Iterable[str]) -> Iterator[str]:
    for text in spellings:
        with suppress(RuleViolation):
            yield normalise_number(text).key


def search(text: str, *, limit: int = SEARCH_LIMIT, by_phone: bool = True) -> list[Receipt]:
    """One smart box: number or a part of it, serial, brand, phone in any format. Newest first.

    Where nothing fits, what the other keyboard or the other alphabet would have given. ``by_phone``
    is false for those who may not know whose watch it is.
    """
    text = text.strip().lstrip("№#").strip()
    if not text:
        return []
    rows = Receipt.objects.valid().select_related("watch", "master").order_by("-id")
    found = list(rows.filter(_fits(text, by_phone)).distinct()[:limit])
    if not found:
        meant = [_fits(one, by_phone) for one in other_spellings(text)]
        found = list(rows.filter(reduce(or_, meant)).distinct()[:limit]) if meant else []
    return found


def _fits(text: str, by_phone: bool) -> Q:
    condition = Q(number__icontains=text)
    condition |= Q(watch__brand__icontains=text) | Q(watch__serial__icontains=text)
    condition |= Q(watch__model__icontains=text)
    with suppress(RuleViolation):
        key = normalise_number(text).key
        condition |= Q(number_key__contains=key) | Q(earlier_numbers__number_key=key)
    if by_phone and looks_like_phone(text):
        condition |= Q(customer__phone=normalise_phone(text))
    return condition


@dataclass(frozen=True)
class Place:
    """One line of "where is the watch": what, at whom, since when."""

    what: str
    who: str
    since: datetime


_assignment: Rows[Assignment] = Rows(
    lambda slot: (
        Assignment.objects.valid()
        .select_related("master")
        .filter(receipt_id=slot("receipt_id"), ended_at__isnull=True)
    )
)
_away: Rows[DetachedPart] = Rows(
    lambda slot: (
        DetachedPart.objects.select_related("holder")
        .filter(receipt_id=slot("receipt_id"), until__isnull=True)
        .order_by("id")
    )
)


def places(receipt: Receipt) -> list[Place]:
    """Where the watch is: the watch itself, then each part that is away (derived, never stored)."""
    hold = None
    if receipt.status == Status.ON_HOLD:
        hold = receipt.holds.filter(ended_at__isnull=True, voided_at__isnull=True).first()
    assignment = _assignment.first(receipt_id=receipt.pk)
    return places_of(receipt, assignment, _away.all(receipt_id=receipt.pk), hold)


def places_of(
    receipt: Receipt,
    assignment: Assignment | None,
    away: Sequence[DetachedPart],
    hold: Hold | None,
) -> list[Place]:
    """The same from rows already read: a list asks for all its receipts at once."""
    found = [_watch_place(receipt, assignment, hold)]
    for part in away:
        found.append(Place(str(part.get_part_display()), part.holder.short_name, part.since))
    return found


def _watch_place(receipt: Receipt, assignment: Assignment | None, hold: Hold | None) -> Place:
    """A watch on hold lies where it lay before."""
    status = Status(hold.status_before if hold is not None else receipt.status)
    if hold is not None and status == Status.RECEIVED:
        return Place(str(_("watch")), str(_("in the workshop")), receipt.received_at)
    if status == Status.ISSUED:
        return Place(str(_("watch")), str(_("at the customer")), receipt.status_since)
    if status == Status.IN_WORK and assignment is not None:
        return Place(str(_("watch")), assignment.master.short_name, assignment.assigned_at)
    names = {
        Status.RECEIVED: _("waiting for hand-out"),
        Status.IN_WORK: _("in work"),
        Status.ON_HOLD: _("on hold"),
        Status.QUALITY_CONTROL: _("at quality control"),
        Status.RETURNED: _("returned, to be handed back"),
        Status.READY: _("ready, waiting for the customer"),
        Status.REFUSED: _("without repair, waiting for the customer"),
    }
    return Place(str(_("watch")), str(names[status]), receipt.status_since)


@dataclass(frozen=True)
class Suggestion:
    """What a reason pre-selects; a person's tap makes it a fact (law 5)."""

    reason: ReturnReason
    responsible: Employee | None
    operation: Operation | None
    ask: tuple[Employee, ...] = ()
    work_missing: bool = False


def suggest_responsible(receipt: Receipt, reason: ReturnReason, before: datetime) -> Suggestion:
    """The performer of the latest affected work; for "ask" the two candidates, none chosen."""
    last = _last_work(receipt, before, type_id=reason.affects_id)
    if reason.rule == ReturnReason.Rule.ASK:
        assembly = _last_work(receipt, before, whole=True)
        people = [row.employee for row in (last, assembly) if row is not None]
        return Suggestion(reason, None, None, tuple(dict.fromkeys(people)), last is None)
    if reason.rule == ReturnReason.Rule.NOBODY:
        return Suggestion(reason, None, None)
    return Suggestion(reason, last.employee if last else None, last, (), last is None)


def _last_work(
    receipt: Receipt, before: datetime, *, type_id: int | None = None, whole: bool = False
) -> Operation | None:
    rows = Operation.objects.valid().filter(receipt=receipt, performed_at__lte=before)
    if type_id is not None:
        rows = rows.filter(type_id=type_id)
    if whole:
        rows = rows.filter(type__answers_for_whole_watch=True)
    found: Operation | None = (
        rows.select_related("employee", "type").order_by("-performed_at", "-id").first()
    )
    return found


def operation_hit(
    receipt: Receipt, type_id: int, employee_id: int, before: datetime
) -> Operation | None:
    """The latest valid work of the type by that person before a moment; None when he has none.

    On a confirmed warranty repeat it may be one of the visit that is repeated: those of this visit
    go first.
    """
    for visit in visits_answered_for(receipt):
        rows = Operation.objects.valid().filter(
            receipt=visit, type_id=type_id, employee_id=employee_id, performed_at__lte=before
        )
        found: Operation | None = rows.order_by("-performed_at", "-id").first()
        if found is not None:
            return found
    return None


def visits_answered_for(receipt: Receipt) -> list[int]:
    """Ids of the receipts whose works a return of this one may hit, the nearest first."""
    if receipt.visit_kind == Receipt.VisitKind.WARRANTY and receipt.repeats_id is not None:
        return [receipt.pk, receipt.repeats_id]
    return [receipt.pk]


def suggest_assembler(receipt: Receipt, before: datetime) -> Employee | None:
    """Assembler of record: who did the latest work that answers for the whole watch."""
    last = _last_work(receipt, before, whole=True)
    return last.employee if last else None


def suggest_performer(receipt: Receipt, kind: OperationType) -> Employee | None:
    """Who probably did a work: last handed the watch for that type, else the current master."""
    rows = receipt.assignments.filter(voided_at__isnull=True, declined_at__isnull=True)
    handed = rows.filter(purpose=kind).select_related("master").order_by("-id").first()
    if handed is not None:
        return handed.master
    if receipt.master is not None:
        return receipt.master
    last = rows.select_related("master").order_by("-id").first()
    return last.master if last else None


def likely(
    verb: str, at: datetime, *, limit: int = 8, not_at: int | None = None
) -> QuerySet[Receipt]:
    """Receipts that a "number?" prompt offers as buttons for ``verb``; urgent ones first.

    ``not_at``: a master whose own ones are left out.
    """
    rows = Receipt.objects.valid().select_related("master")
    if not_at is not None:
        rows = rows.exclude(master_id=not_at)
    if verb == "pass":
        ended = Q(checks__decision__isnull=True, checks__test_run_until__lte=at)
        rows = rows.filter(Q(status=Status.QUALITY_CONTROL) | ended).distinct()
    elif verb == "assign":
        rows = rows.filter(status__in=(Status.RECEIVED, Status.RETURNED))
    elif verb == "issue":
        rows = rows.filter(status__in=(Status.READY, Status.REFUSED))
    elif verb == "record_work":
        rows = rows.filter(status__in=(Status.IN_WORK, Status.RETURNED, Status.QUALITY_CONTROL))
    elif verb == "deadline":
        rows = rows.filter(status__in=states.URGENT_LIST)
        return rows.order_by("-urgent", F("deadline").asc(nulls_first=True), "-id")[:limit]
    elif verb == "polishing_send":
        rows = rows.filter(status__in=(Status.RECEIVED, Status.IN_WORK, Status.RETURNED))
    else:
        rows = rows.filter(status__in=list(states.IN_WORKSHOP))
    return rows.order_by("-urgent", "status_since")[:limit]
