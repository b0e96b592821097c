"""Return from quality control: reasons, then one screen for the responsible and what follows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Back,
    Button,
    Context,
    Go,
    Markup,
    Move,
    Return,
    Screen,
    Stay,
    View,
    b,
    cancel_button,
    fmt,
    lines,
    paged,
    quote,
    tick,
    ticked,
    toggle,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.pickers import OFFERED, ReceiptPrompt, load_receipt, next_row
from botapp.screens.results import AboutReceipt, Undoing, expected, finished, shown
from botapp.screens.return_draft import STAYS, Draft, Item
from botapp.screens.return_people import PickAssembler, PickNextMaster, WhoIsIt
from receipts import selectors
from receipts.models import Receipt, ReturnReason
from receipts.services.returns import return_watch
from receipts.states import Status, ensure_possible
from staff import roles
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.text import clean_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class Reasons(AboutReceipt, Screen):
    """Why it goes back: check marks."""

    id = "return.reasons"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        marked = ticked(ctx, "reasons")
        buttons = [
            tick(row.name, "mark", row.pk, on=str(row.pk) in marked)
            for row in ReturnReason.objects.active()
        ]
        question = fmt(_("%(number)s: why is it returned?"), number=b(words.number(receipt)))
        return View(question, [*paged(ctx, buttons, size=10), *next_row(len(marked))])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "reasons", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(
            Responsibility,
            receipt_id=ctx.params["receipt_id"],
            reasons=[int(item) for item in ticked(ctx, "reasons")],
            earlier=ctx.data.get("earlier", {}),
        )


class Responsibility(AboutReceipt, Screen):
    """Everything about the return on one screen, which is also its confirmation (law 5)."""

    id = "return.responsibility"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        ctx.data.update(ctx.params["earlier"])

    def view(self, ctx: Context) -> View:
        draft = Draft(ctx)
        comment = ctx.data.get("comment")
        text = lines(
            fmt(_("%(number)s: return from QC"), number=b(words.number(draft.receipt))),
            fmt(
                _("Status: %(old)s → %(new)s"),
                old=words.status(draft.receipt),
                new=_after(draft),
            ),
            "",
            *[item_line(item) for item in draft.items],
            *[
                fmt(_("Recorded with it: %(work)s, %(name)s"), work=kind, name=b(person))
                for kind, person in draft.works()
            ],
            fmt(_("Whole watch, assembler: %(name)s"), name=b(draft.assembler or _("nobody"))),
            fmt(_("The watch goes to: %(name)s"), name=b(goes_to(draft))),
            "",
            quote(comment) if comment else _("A comment can be typed now."),
        )
        rows = [*_item_rows(draft), *_work_rows(draft), *_destination_rows(draft)]
        confirm = Button(_("✅ Confirm"), "confirm", shown(draft.receipt))
        return View(text, [*rows, [confirm, cancel_button()]])

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["comment"] = clean_text(text, field="comment")
        return Stay()

    def on_back(self, ctx: Context) -> Move:
        return Back() if ctx.params.get("series") else Return(earlier=dict(ctx.data))

    def do_answer(self, ctx: Context, value: str) -> Answer:
        """«5=17»: for the reason 5 it is the person 17."""
        reason, _sign, who = value.partition("=")
        ctx.data[f"who:{reason}"] = who
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(WhoIsIt, receipt_id=ctx.params["receipt_id"], reason_id=int(value))

    def do_record(self, ctx: Context, value: str) -> Answer:
        """«3=1»: the forgotten work of the type 3 is recorded together with the return."""
        kind, _sign, on = value.partition("=")
        ctx.data[f"record:{kind}"] = on == "1"
        return Stay()

    def do_assembler(self, ctx: Context, value: str) -> Answer:
        return Go(PickAssembler, receipt_id=ctx.params["receipt_id"])

    def do_hand(self, ctx: Context, value: str) -> Answer:
        ctx.data["hand_to"] = int(value)
        return Stay()

    def do_another(self, ctx: Context, value: str) -> Answer:
        return Go(PickNextMaster, receipt_id=ctx.params["receipt_id"])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        draft = Draft(ctx)
        draft.ensure_answered()
        outcome = return_watch(
            receipt_id=draft.receipt.pk,
            items=draft.inputs(),
            assembler_id=draft.assembler.pk if draft.assembler else None,
            comment=ctx.data.get("comment", ""),
            works=draft.work_inputs(),
            hand_to_id=draft.hand_to.pk if draft.hand_to else None,
            expected=expected(value),
            actor=ctx.actor,
            command=ctx.command,
        )
        text = fmt(
            _("%(number)s: return from QC recorded. The watch goes to: %(name)s"),
            number=b(words.number(draft.receipt)),
            name=goes_to(draft),
        )
        same = [item.reason.pk for item in draft.items]
        if ctx.params.get("series"):
            return finished(outcome, text, SameReasons.id, reasons=same)
        return finished(outcome, text, "quality.queue", same_reasons=same)


class SameReasons(Undoing, ReceiptPrompt):
    """The same reasons for another watch: its number, then one tap."""

    id = "return.same"
    roles = INSPECTORS
    parkable = False
    verb = "return"

    def title(self, ctx: Context) -> Markup:
        return fmt(
            _("The next return from QC: %(reasons)s"),
            reasons=b(reason_names(ctx.params["reasons"])),
        )

    def likely(self, ctx: Context) -> list[Receipt]:
        return list(selectors.likely("pass", ctx.now, limit=OFFERED))

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        return View(usual.text, [*self.undo_rows(ctx), *usual.rows])

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        ensure_possible(self.verb, receipts[0].status)
        reasons = ctx.params["reasons"]
        pk = receipts[0].pk
        return Go(Responsibility, receipt_id=pk, reasons=reasons, earlier={}, series=True)


def reason_names(ids: list[int]) -> str:
    """«Грязь внутри, Полировка»."""
    rows = ReturnReason.objects.in_bulk(ids)
    return ", ".join(str(rows[pk]) for pk in ids if pk in rows)


def item_line(item: Item) -> Markup:
    """«• Грязь внутри: Иванов И.», with what is known about the affected work."""
    work = item.suggestion.operation
    known: Any = ""
    if item.suggestion.work_missing:
        known = fmt(_("(not recorded: %(work)s)"), work=item.reason.affects)
    elif work is not None and work.employee_id == item.said.person_id:
        known = fmt("(%(work)s, %(when)s)", work=work.type, when=clock.show(work.performed_at))
    return fmt(
        "• %(reason)s: %(who)s %(known)s",
        reason=item.reason,
        who=b(item.said.words()),
        known=known,
    )


def _after(draft: Draft) -> str:
    """The statuses it goes through: handed on, the watch is in work again at once."""
    steps = [Status.RETURNED, Status.IN_WORK] if draft.hand_to else [Status.RETURNED]
    return " → ".join(str(one.label) for one in steps)


def goes_to(draft: Draft) -> str:
    return _available(draft.hand_to) if draft.hand_to else _("stays at QC")


def _available(person: Employee) -> str:
    """The name, marked when he is away."""
    away = f" · {_('absent')}" if person.is_absent(clock.today()) else ""
    return f"{person.short_name}{away}"


def _item_rows(draft: Draft) -> list[Row]:
    """A button per reason; for an open "ask" the candidates at once."""
    rows: list[Row] = []
    for item in draft.items:
        label = f"{item.reason}: {item.said.words()}"
        rows.append([Button(label, "who", item.reason.pk)])
        if not item.said.answer:
            rows.append(
                [
                    Button(candidate_label(item, one), "answer", f"{item.reason.pk}={one.pk}")
                    for one in item.suggestion.ask
                ]
            )
    return [row for row in rows if row]


def candidate_label(item: Item, person: Employee) -> str:
    """«Полировщик: Павлов П.»: in which of his parts the candidate is asked about."""
    part = _("Polisher") if person.is_polisher else _("Assembler")
    return f"{part}: {person.short_name}"


def _work_rows(draft: Draft) -> list[Row]:
    return [
        [
            tick(
                _("Record: %(work)s, %(name)s") % {"work": kind, "name": person},
                "record",
                kind.pk,
                on=wanted,
            )
        ]
        for kind, person, wanted in draft.forgotten
    ]


def _destination_rows(draft: Draft) -> list[Row]:
    """Who gets the watch: current master, a responsible one, another, or it stays."""

    def choice(person: Employee | None, label: str) -> Button:
        chosen = (draft.hand_to.pk if draft.hand_to else STAYS) == (person.pk if person else STAYS)
        mark = "✅" if chosen else "▫️"
        return Button(f"{mark} {label}", "hand", person.pk if person else STAYS)

    def gets(person: Employee) -> str:
        return _("⌚ to: %(name)s") % {"name": _available(person)}

    assembler = _("Whole watch, assembler: %(name)s") % {"name": draft.assembler or _("nobody")}
    people: list[Button] = [choice(one, gets(one)) for one in draft.destinations]
    return [
        [Button(assembler, "assembler")],
        people,
        [choice(None, _("⌚ stays at QC")), Button(_("Another master"), "another")],
    ]


card_action("return", Reasons.id)
