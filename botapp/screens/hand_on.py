"""What lies at a person who leaves: ticked watches and polishing orders go to somebody else."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Screen,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    paged,
    tick,
    ticked,
    toggle,
)
from botapp.screens import words
from botapp.screens.people import Candidate, PersonPicker, load_employee, masters, polishers
from botapp.screens.results import Undoing, done_series
from botapp.screens.staff import MANAGERS, StaffCard, load_person
from history.commands import CommandKey
from polishing.models import PolishingOrder
from polishing.selectors import open_orders
from polishing.services.orders import correct_order
from receipts.models import Assignment, Receipt
from receipts.services.assignment import assign
from receipts.states import Status
from staff.models import Employee

HANDED_ON: Final = (Status.IN_WORK, Status.RETURNED)  # others would change their status


class HandOn(Undoing, Screen):
    """His open watches and orders with ticks: hand them on, or leave them with him."""

    id = "staff.hand_on"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        marked = ticked(ctx, "things")
        things = things_of(person)
        rows = [tick(label, "mark", key, on=key in marked) for key, label in things.items()]
        labels = {"w": _("To a master (%(count)s)"), "o": _("To a polisher (%(count)s)")}
        counts = {kind: sum(one.startswith(kind) for one in marked) for kind in labels}
        hand = [
            Button(labels[kind] % {"count": count}, "hand", kind)
            for kind, count in counts.items()
            if count
        ]
        text = lines(
            fmt(_("%(name)s: what is handed on?"), name=b(person.full_name)),
            _("What is not ticked stays with him.") if things else _("Nothing lies at him."),
        )
        all_of_them = [[Button(_("Tick all"), "all")]] if len(things) > len(marked) else []
        rows_of_things = [*paged(ctx, rows), *all_of_them, hand]
        return View(text, [*self.undo_rows(ctx), *rows_of_things], skip=True)

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def on_skip(self, ctx: Context) -> Answer:
        return Done("", StaffCard, employee_id=ctx.params["employee_id"])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "things", value)
        return Stay()

    def do_all(self, ctx: Context, value: str) -> Answer:
        ctx.data["things"] = list(things_of(load_person(ctx.params["employee_id"])))
        return Stay()

    def do_hand(self, ctx: Context, value: str) -> Answer:
        things = [int(one[1:]) for one in ticked(ctx, "things") if one.startswith(value)]
        return Go(Whom, **ctx.params, kind=value, things=things)


class Whom(PersonPicker):
    """Who gets them."""

    id = "staff.hand_on_whom"
    roles = MANAGERS

    def title(self, ctx: Context) -> Any:
        return _("Which master gets them?") if _is_watch(ctx) else _("Which polisher gets them?")

    def candidates(self, ctx: Context) -> list[Candidate]:
        people = masters() if _is_watch(ctx) else polishers()
        return [one for one in people if one.employee.pk != ctx.params["employee_id"]]

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Go(ConfirmHandOn, **ctx.params, to=employee.pk)


class ConfirmHandOn(Screen):
    """Names both people and everything that changes hands."""

    id = "staff.hand_on_confirm"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        old, new = load_person(ctx.params["employee_id"]), load_employee(ctx.params["to"])
        text = lines(
            fmt(_("Hand on: %(old)s → %(new)s"), old=old.short_name, new=b(new.short_name)),
            *[f"• {words.number(receipt)}" for _pk, receipt in _things(ctx)],
        )
        return View(text, [[confirm_button(), cancel_button()]])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        old, to = load_person(ctx.params["employee_id"]), ctx.params["to"]
        reason = _("absent: %(name)s") % {"name": old.short_name}

        def item(pk: int, receipt: Receipt) -> SeriesItem:
            def run(key: CommandKey) -> Any:
                if not _is_watch(ctx):
                    return correct_order(
                        order_id=pk,
                        changes={"polisher": to},
                        reason=reason,
                        actor=ctx.actor,
                        command=key,
                    )
                return assign(
                    receipt_id=pk,
                    master_id=to,
                    reason=reason,
                    expected={"master_id": old.pk, "status": receipt.status},
                    actor=ctx.actor,
                    command=key,
                )

            return SeriesItem(pk, run, words.number(receipt))

        def finish(results: list[SeriesResult]) -> Done:
            told = fmt(_("Handed on: %(name)s"), name=b(load_employee(to).short_name))
            return done_series(results, told, HandOn.id, employee_id=old.pk)

        return Series([item(pk, receipt) for pk, receipt in _things(ctx)], finish)


def things_of(person: Employee) -> dict[str, str]:
    """What can be handed on: «w17» is the watch of receipt 17, «o5» the polishing order 5."""
    watches = Assignment.objects.valid().filter(
        master=person, ended_at__isnull=True, receipt__status__in=HANDED_ON
    )
    found = {
        f"w{row.receipt_id}": f"{words.number(row.receipt)} · {words.status(row.receipt)}"
        for row in watches.select_related("receipt").order_by("assigned_at")
    }
    # A batch stays with its polisher as a whole.
    for order in open_orders(polisher_id=person.pk).filter(batch__isnull=True):
        found[f"o{order.pk}"] = f"{words.number(order.receipt)} · {_('polishing')}"
    return found


def _things(ctx: Context) -> list[tuple[int, Receipt]]:
    """The ticked things with their receipts."""
    ids = ctx.params["things"]
    if _is_watch(ctx):
        rows = Receipt.objects.in_bulk(ids)
        return [(pk, rows[pk]) for pk in ids if pk in rows]
    orders = PolishingOrder.objects.select_related("receipt").in_bulk(ids)
    return [(pk, orders[pk].receipt) for pk in ids if pk in orders]


def _is_watch(ctx: Context) -> bool:
    return bool(ctx.params["kind"] == "w")
