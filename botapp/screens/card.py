"""The receipt card: everything about one watch, and only the verbs that are possible now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Move,
    Screen,
    Stay,
    View,
    deep_link,
    grid,
    number_opener,
    opener,
)
from botapp.dialogs.registry import find_screen
from botapp.dialogs.view import Row
from botapp.screens import card_text, words
from botapp.screens.actions import actions_of, find_action
from botapp.screens.pickers import load_receipt
from botapp.screens.protocol import doubts
from botapp.screens.undo import undo_row, undone
from history.commands import Outcome
from polishing.models import PolishingOrder
from receipts import selectors
from receipts.models import DetachedPart, Receipt
from receipts.numbers import normalise_number, split_numbers
from receipts.services.assignment import accept, current_assignment
from receipts.services.facts import set_urgent
from receipts.services.flow import resume, submit
from receipts.services.quality import missing_works, pass_check
from receipts.states import VERBS
from staff import roles
from workshop.lib import clock
from workshop.lib.errors import NotFound, RuleViolation

READERS = (roles.INSPECTOR, roles.MANAGER, roles.OWNER)
ONE_TAP = ("accept", "resume", "submit", "pass")


def ensure_visible(ctx: Context, receipt: Receipt) -> None:
    """Masters and polishers see what lies at them; the others everything. NotFound otherwise."""
    if ctx.has(*READERS) or receipt.master_id == ctx.employee.pk:
        return
    own = PolishingOrder.objects.open().filter(receipt=receipt, polisher=ctx.employee)
    if not own.exists():
        raise NotFound(
            "bot.not_at_you",
            _("№%(number)s does not lie at you."),
            params={"number": receipt.number},
        )


class Card(Screen):
    """The hub of all verbs about one receipt."""

    id = "receipt.card"
    parkable = False
    more = False

    def enter(self, ctx: Context) -> None:
        ensure_visible(ctx, load_receipt(ctx.params["receipt_id"]))

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        ensure_visible(ctx, receipt)
        text = card_text.card(receipt, ctx.now, whole=ctx.has(*READERS))
        return View(text, self.rows(ctx, receipt))

    def rows(self, ctx: Context, receipt: Receipt) -> list[Row]:
        verbs = _verbs(ctx, receipt)
        buttons = [*_one_taps(receipt, verbs), *_opening(receipt, verbs, more=False)]
        last: list[Button] = []
        if ctx.has(*READERS):
            last.append(Button(_("🗂 History"), "open", "history"))
        # Nearly always urgency is there; what else there is costs many looks.
        if "urgent" in verbs or _opening(receipt, verbs, more=True):
            last.append(Button(_("☰ More"), "open", "more"))
        undo = [] if receipt.is_void else undo_row(ctx, receipt)
        return [*undo, *self._series(ctx, receipt), *grid(buttons), *([last] if last else [])]

    def _series(self, ctx: Context, receipt: Receipt) -> list[Row]:
        """What was just done here, offered for the next receipt too."""
        rows: list[Row] = []
        same = clock.from_iso(ctx.params.get("same_deadline"))
        if same and same == receipt.deadline:  # not taken back or changed meanwhile
            rows.append([Button(_("🕒 The same deadline for another"), "same")])
        if ctx.params.get("filled_in") and receipt.customer_id:
            rows.append([Button(_("📥 One more of this customer"), "another")])
        return rows

    def do_another(self, ctx: Context, value: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        return Go("register.number", customer_id=receipt.customer_id)

    def do_same(self, ctx: Context, value: str) -> Answer:
        return Go("deadline.same", deadline=ctx.params["same_deadline"])

    def do_open(self, ctx: Context, value: str) -> Answer:
        """Another screen about this receipt: a verb, the history or the second page."""
        receipt_id = ctx.params["receipt_id"]
        if value == "history":
            return Go("receipt.history", receipt_id=receipt_id)
        if value == "more":
            return Go(More, receipt_id=receipt_id)
        action = find_action(value)
        if action is None:
            raise NotFound("bot.no_such_screen", _("This part of the bot is not available."))
        return Go(action.screen, receipt_id=receipt_id)

    def do_now(self, ctx: Context, value: str) -> Answer:
        """A frequent verb in one tap; «pass=quality_control» carries the status it was seen in."""
        verb, _sign, status = value.partition("=")
        receipt = load_receipt(ctx.params["receipt_id"])
        if verb == "pass" and _needs_attention(receipt) and find_action("pass"):
            why = _("Not ready yet: look at what is marked ⚠.")
            return Go("quality.card", receipt_id=receipt.pk).note(why)
        if verb == "pass" and doubts(receipt, ctx.now):
            return Go("quality.doubts", receipt_id=receipt.pk)
        service, text = _services()[verb]
        seen: dict[str, Any] = {"expected": {"status": status}} if verb == "pass" else {}
        outcome = service(receipt_id=receipt.pk, actor=ctx.actor, command=ctx.command, **seen)
        return Stay().note(words.done(outcome, text))

    def do_undo(self, ctx: Context, value: str) -> Answer:
        return undone(ctx, value)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class More(Card):
    """What is needed less often: corrections, urgency, refusal."""

    id = "receipt.more"
    more = True

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        ensure_visible(ctx, receipt)
        text = card_text.facts(receipt, ctx.now, money=ctx.has(*READERS))
        return View(text, self.rows(ctx, receipt))

    def rows(self, ctx: Context, receipt: Receipt) -> list[Row]:
        verbs = _verbs(ctx, receipt)
        buttons = _opening(receipt, verbs, more=True)
        if "urgent" in verbs:
            label = _("Not urgent any more") if receipt.urgent else _("🔥 Mark urgent")
            buttons.insert(0, Button(label, "urgent", 0 if receipt.urgent else 1))
        if receipt.customer_id and ctx.has(roles.INSPECTOR, roles.MANAGER):
            buttons.append(Button(_("📥 One more of this customer"), "another"))
        return grid(buttons)

    def do_urgent(self, ctx: Context, value: str) -> Answer:
        urgent = value == "1"
        set_urgent(
            receipt_id=ctx.params["receipt_id"],
            urgent=urgent,
            actor=ctx.actor,
            command=ctx.command,
        )
        return Stay().note(_("Marked urgent") if urgent else _("No longer urgent"))


def _verbs(ctx: Context, receipt: Receipt) -> tuple[str, ...]:
    """What is possible now; nothing with a receipt that was voided."""
    return () if receipt.is_void else selectors.possible_verbs(receipt, ctx.actor)


def _opening(receipt: Receipt, verbs: tuple[str, ...], *, more: bool) -> list[Button]:
    """Buttons of verbs that have a screen of their own."""
    return [
        Button(action.text(receipt), "open", action.verb)
        for action in actions_of(receipt, verbs, more=more)
        if action.verb not in ONE_TAP
    ]


def _one_taps(receipt: Receipt, verbs: tuple[str, ...]) -> list[Button]:
    return [
        Button(VERBS[verb].label, "now", f"{verb}={receipt.status}")
        for verb in ONE_TAP
        if verb in verbs and (verb != "accept" or _not_accepted(receipt))
    ]


def _not_accepted(receipt: Receipt) -> bool:
    row = current_assignment(receipt)
    return row is not None and row.accepted_at is None


def _needs_attention(receipt: Receipt) -> bool:
    """Something stands against a pass: a work is missing or a part is away."""
    away = DetachedPart.objects.filter(receipt=receipt, until__isnull=True)
    return away.exists() or bool(missing_works(receipt))


def _services() -> dict[str, tuple[Callable[..., Outcome[Receipt]], str]]:
    return {
        "accept": (accept, _("Taken into work.")),
        "resume": (resume, _("Work resumed")),
        "submit": (submit, _("Submitted to QC")),
        "pass": (pass_check, _("QC passed")),
    }


# --- ways to a card ---------------------------------------------------------------------------


def open_card(receipt: Receipt) -> Move:
    return Go(Card, receipt_id=receipt.pk)


@opener("receipt")
def open_from_notice(ctx: Context, value: str) -> Move:
    """The button of a notice."""
    return open_card(load_receipt(int(value)))


@deep_link("r_")
def open_label(ctx: Context, token: str) -> Move:
    """``/start r_<label token>``: the code on the bag."""
    receipt = selectors.by_label(token)
    if receipt is None:
        raise NotFound("bot.no_such_label", _("This label is not known."))
    return open_card(receipt)


@number_opener
def open_number(ctx: Context, text: str) -> Move | None:
    """A number typed where no text is expected opens that receipt; an unknown one is looked for.

    Not in the middle of a dialogue: there an unknown text changes nothing.
    """
    try:
        for piece in split_numbers(text):
            normalise_number(piece)
    except RuleViolation:
        return None
    receipt = selectors.by_number(text)
    if receipt is not None:
        return open_card(receipt)
    screen = find_screen(ctx.frame.screen)
    if screen is None or screen.parkable or not ctx.has(*READERS):
        return None
    return Go("find.results", query=text) if any(map(str.isdigit, text)) else None
