"""Choosing a receipt or a person: the prompts that all flows share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Screen,
    Stay,
    View,
    grid,
    lines,
    paged,
    tick,
    ticked,
    toggle,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from history.models import Event
from polishing.models import PolishingOrder
from receipts import selectors
from receipts.models import Assignment, Operation, OperationType, Receipt
from receipts.numbers import normalise_number, split_numbers
from receipts.states import Status
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.errors import NotFound, RuleViolation

OFFERED = 100  # of what waits, over all pages; the rest is found by its number
RECENT = 5
RECENT_EVENTS = 300  # how far back "my last ones" are looked for, among everybody's events


# --- receipts ---------------------------------------------------------------------------------


def find_receipt(text: str) -> Receipt:
    """The receipt with the typed number.

    Raises RuleViolation ``receipts.number_*``, NotFound ``bot.no_such_receipt`` naming similar
    numbers.
    """
    typed = normalise_number(text).display
    found = selectors.by_number(text)
    if found is not None:
        return found
    similar = words.numbers(selectors.similar_open(text))
    if similar:
        raise NotFound(
            "bot.no_such_receipt",
            _("There is no receipt №%(number)s. Similar: %(similar)s"),
            field="number",
            params={"number": typed, "similar": similar},
        )
    raise NotFound(
        "bot.no_such_receipt",
        _("There is no receipt №%(number)s."),
        field="number",
        params={"number": typed},
    )


def read_numbers(text: str) -> tuple[list[Receipt], list[str]]:
    """The receipts of all numbers in one message, each once, and what is wrong with the others."""
    found: dict[int, Receipt] = {}
    refused = []
    for piece in split_numbers(text) or [text]:
        try:
            receipt = find_receipt(piece)
        except (NotFound, RuleViolation) as error:
            refused.append(error.text())
        else:
            found[receipt.pk] = receipt
    return list(found.values()), refused


def find_receipts(text: str) -> list[Receipt]:
    """The receipts of all numbers in one message, each once.

    Raises NotFound ``bot.no_such_receipt``, which names every number that is not known.
    """
    found, refused = read_numbers(text)
    if refused:
        raise NotFound("bot.no_such_receipt", "\n".join(refused), field="number")
    return found


def load_receipt(receipt_id: int) -> Receipt:
    """The receipt of a screen with master, watch and customer. NotFound when it is not there."""
    found = (
        Receipt.objects.select_related("master", "watch", "customer").filter(pk=receipt_id).first()
    )
    if found is None:
        raise NotFound("bot.no_such_receipt", _("There is no such receipt."), field="receipt")
    return found


def load_receipts(ids: Iterable[int]) -> list[Receipt]:
    """Several of them, in the order of the ids."""
    wanted = list(ids)
    rows = Receipt.objects.select_related("master", "watch").in_bulk(wanted)
    return [rows[pk] for pk in wanted if pk in rows]


def my_recent(ctx: Context, *, limit: int = RECENT) -> list[Receipt]:
    """The receipts this person touched last, latest first (issued ones left out)."""
    latest = Event.objects.order_by("-id").values_list("stream", "actor_kind", "actor_id")
    mine = [
        int(stream.removeprefix("receipt:"))
        for stream, kind, actor_id in latest[:RECENT_EVENTS]
        if (kind, actor_id) == (ctx.actor.kind, ctx.actor.id) and stream.startswith("receipt:")
    ]
    touched = load_receipts(dict.fromkeys(mine))
    here = [one for one in touched if one.voided_at is None and one.status != Status.ISSUED]
    return here[:limit]


def receipt_buttons(
    ctx: Context, receipts: Iterable[Receipt], action: str = "receipt"
) -> list[Button]:
    """One button per receipt; the value is its id."""
    return [Button(words.label(one, ctx.now), action, one.pk) for one in receipts]


def asks_number(offered: Sequence[Receipt]) -> str:
    """The question for a number; to choose is offered only where there is something."""
    return _("Send the receipt number or choose.") if offered else _("Send the receipt number.")


class ReceiptPrompt(Screen):
    """Asks for a number, likely receipts as buttons. Subclasses say what is asked and what follows.

    ``verb`` is the one of ``receipts.selectors.likely``.
    """

    verb: ClassVar[str] = ""

    def title(self, ctx: Context) -> Any:
        """The question."""
        raise NotImplementedError

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        """Where the chosen receipts lead (one, unless ``several``)."""
        raise NotImplementedError

    def likely(self, ctx: Context) -> list[Receipt]:
        """What is offered: what waits for this verb, then my last ones."""
        waiting = selectors.likely(self.verb, ctx.now, limit=OFFERED)
        mine = sorted(self.recent(ctx), key=lambda one: not one.urgent)
        return list({one.pk: one for one in (*waiting, *mine)}.values())

    def recent(self, ctx: Context) -> list[Receipt]:
        """My last five that the verb is possible for."""
        mine = my_recent(ctx)
        return [one for one in mine if self.verb in selectors.possible_verbs(one, ctx.actor)]

    def view(self, ctx: Context) -> View:
        offered = self.likely(ctx)
        buttons = [Button(self.label(ctx, one), "receipt", one.pk) for one in offered]
        return View(lines(self.title(ctx), asks_number(offered)), paged(ctx, buttons))

    def label(self, ctx: Context, receipt: Receipt) -> str:
        """What stands on its button."""
        return words.label(receipt, ctx.now)

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return self.chosen(ctx, [load_receipt(int(value))])

    def on_text(self, ctx: Context, text: str) -> Answer:
        return self.chosen(ctx, [find_receipt(text)])


class SeveralReceipts(ReceiptPrompt):
    """The same with check marks: several numbers in one message, or ticks and Next."""

    def view(self, ctx: Context) -> View:
        marked = ticked(ctx, "receipts")
        offered = {one.pk: one for one in self.likely(ctx)}
        offered |= {one.pk: one for one in load_receipts(map(int, marked)) if one.pk not in offered}
        buttons = [
            tick(words.label(one, ctx.now), "tick", pk, on=str(pk) in marked)
            for pk, one in offered.items()
        ]
        text = lines(self.title(ctx), _("Send one or several receipt numbers, or tick them."))
        return View(text, [*paged(ctx, buttons), *next_row(len(marked))])

    def do_tick(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "receipts", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        return self.chosen(ctx, load_receipts(map(int, ticked(ctx, "receipts"))))

    def on_text(self, ctx: Context, text: str) -> Answer:
        found, refused = read_numbers(text)
        for one in found:
            toggle(ctx, "receipts", f"{one.pk}=1")
        if refused:  # the others need not be typed again
            kept = [_("The other numbers are ticked.")] if found else []
            return Stay("\n".join([*refused, *kept]))
        return self.do_next(ctx, "")


def next_row(count: int) -> list[Row]:
    """Next, as soon as something is chosen."""
    if not count:
        return []
    return [[Button(_("Next (%(count)s chosen)") % {"count": count}, "next")]]


# --- people -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A person who can do it: what lies at him, whether he is away."""

    employee: Employee
    load: int
    absent: bool = False

    @property
    def label(self) -> str:
        """``Ivanov I. (3)``, marked when he is absent."""
        text = f"{self.employee.short_name} ({self.load})"
        return f"{text} · {_('absent')}" if self.absent else text


def masters() -> list[Candidate]:
    """Active masters: last used first, with their open watches; absent ones last."""
    latest = Assignment.objects.filter(master=OuterRef("pk")).order_by("-id").values("id")[:1]
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    at_work = open_now & Q(assignments__receipt__status__in=set(Status) - {Status.ON_HOLD})
    people = Employee.objects.active().filter(is_master=True)
    return _ordered(people.annotate(load=Count("assignments", filter=at_work)), latest)


def polishers() -> list[Candidate]:
    """Active polishers: last used first, with their open orders; absent ones last."""
    latest = PolishingOrder.objects.filter(polisher=OuterRef("pk")).order_by("-id").values("id")[:1]
    open_now = Q(
        polishing_orders__returned_at__isnull=True, polishing_orders__voided_at__isnull=True
    )
    people = Employee.objects.active().filter(is_polisher=True)
    return _ordered(people.annotate(load=Count("polishing_orders", filter=open_now)), latest)


def performers(kind: OperationType) -> list[Candidate]:
    """Active people with the skill: who did such work last comes first; absent ones last."""
    latest = Operation.objects.filter(employee=OuterRef("pk"), type=kind).order_by("-id")
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    people = Employee.objects.active().filter(skills=kind)
    loaded = people.annotate(load=Count("assignments", filter=open_now, distinct=True))
    return _ordered(loaded, latest.values("id")[:1])


def everybody() -> list[Candidate]:
    """All active people who work on watches: for "someone else"."""
    people = Employee.objects.active().with_role("master", "polisher", "inspector")
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    loaded = people.annotate(load=Count("assignments", filter=open_now, distinct=True))
    return _ordered(loaded, Operation.objects.none().values("id")[:1])


def _ordered(people: QuerySet[Employee], latest: Any) -> list[Candidate]:
    today: date = clock.today()
    rows = people.annotate(last_used=Subquery(latest)).order_by("full_name", "pk")
    found = [
        (Candidate(one, one.load, one.is_absent(today)), -(one.last_used or 0))  # type: ignore[attr-defined]  # annotated
        for one in rows
    ]
    return [candidate for candidate, _used in sorted(found, key=lambda x: (x[0].absent, x[1]))]


def person_rows(
    ctx: Context, people: Sequence[Candidate], action: str = "person", *, columns: int = 2
) -> list[Row]:
    """Buttons of people, paged; the value is the employee's id."""
    buttons = [Button(one.label, action, one.employee.pk) for one in people]
    return paged(ctx, buttons, columns=columns) if len(buttons) > 8 else grid(buttons, columns)


class PersonPicker(Screen):
    """Asks for a person. Subclasses give the question, the candidates and what follows."""

    def title(self, ctx: Context) -> Any:
        raise NotImplementedError

    def candidates(self, ctx: Context) -> list[Candidate]:
        raise NotImplementedError

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        raise NotImplementedError

    def view(self, ctx: Context) -> View:
        people = self.candidates(ctx)
        empty = None if people else _("There is nobody who can do it: add people first.")
        return View(lines(self.title(ctx), empty), person_rows(ctx, people))

    def do_person(self, ctx: Context, value: str) -> Answer:
        return self.picked(ctx, load_employee(int(value)))


def load_employee(employee_id: int) -> Employee:
    """A person by id; RuleViolation when he has been deactivated meanwhile."""
    found = Employee.objects.filter(pk=employee_id).first()
    if found is None or not found.active:
        raise RuleViolation(
            "bot.person_gone", _("This person is not active any more."), field="employee"
        )
    return found
