"""Quality control: the queue, the facts of one watch, passed, missing work, test run."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    View,
    b,
    fmt,
    lines,
    menu_item,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.pickers import ReceiptPrompt, load_receipt
from botapp.screens.protocol import doubts, protocol_lines
from botapp.screens.readings import Readings
from botapp.screens.results import AboutReceipt, Undoing, expected, finished, shown
from botapp.screens.undo import undo_row, undone
from polishing.selectors import open_orders
from receipts import selectors
from receipts.models import QualityCheck, Receipt
from receipts.services.quality import (
    TEST_RUN_HOURS,
    missing_works,
    open_check,
    pass_check,
    start_test_run,
)
from receipts.states import VERBS
from staff import roles
from workshop.lib import clock
from workshop.lib.compiled import Count

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class Queue(Undoing, ReceiptPrompt):
    """What waits for quality control: submitted, or its test run is over."""

    id = "quality.queue"
    roles = INSPECTORS
    parkable = False
    verb = "pass"

    def title(self, ctx: Context) -> Any:
        return b(_("Quality control"))

    def likely(self, ctx: Context) -> list[Receipt]:
        """Watches whose test run goes on come last: they cannot be decided yet."""
        self.running = _running(ctx)
        return sorted(super().likely(ctx), key=lambda one: one.pk in self.running)

    def label(self, ctx: Context, receipt: Receipt) -> str:
        usual = super().label(ctx, receipt)
        return f"⏱ {usual}" if receipt.pk in self.running else usual

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        same = ctx.params.get("same_reasons")
        again = [[Button(_("🔁 The same return for another"), "same")]] if same else []
        return View(usual.text, [*self.undo_rows(ctx), *again, *usual.rows])

    def do_same(self, ctx: Context, value: str) -> Answer:
        return Go("return.same", reasons=ctx.params["same_reasons"])

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        return Go(QualityCard, receipt_id=receipts[0].pk)


class QualityCard(AboutReceipt, Screen):
    """All that an inspector wants to know before he decides, and the decision."""

    id = "quality.card"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        text = lines(
            words.head(receipt, ctx.now),
            fmt(_("Complaint: %(text)s"), text=receipt.complaint) if receipt.complaint else None,
            "",
            *work_lines(receipt),
            *number_lines(receipt),
            *away_lines(receipt),
            *test_run_lines(receipt, ctx),
            *protocol_lines(receipt),
        )
        return View(text, _card_rows(receipt, ctx))

    def do_pass(self, ctx: Context, value: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        if missing_works(receipt):
            return Go("quality.missing", receipt_id=receipt.pk)
        if doubts(receipt, ctx.now):
            return Go("quality.doubts", receipt_id=receipt.pk)
        outcome = pass_check(
            receipt_id=receipt.pk, expected=expected(value), actor=ctx.actor, command=ctx.command
        )
        return finished(outcome, passed(receipt), Queue.id)

    def do_undo(self, ctx: Context, value: str) -> Answer:
        return undone(ctx, value)

    def do_open(self, ctx: Context, value: str) -> Answer:
        """Forms come back here: the decision is still to be made."""
        return Go(value, receipt_id=ctx.params["receipt_id"], **_come_back(value))


class TestRun(AboutReceipt, Screen):
    """How long the watch runs under control."""

    id = "quality.test_run"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        number = b(words.number(load_receipt(ctx.params["receipt_id"])))
        hours = [Button(_("%(count)s h") % {"count": one}, "start", one) for one in TEST_RUN_HOURS]
        return View(fmt(_("%(number)s: how long is the test run?"), number=number), [hours])

    def do_start(self, ctx: Context, value: str) -> Answer:
        receipt_id = ctx.params["receipt_id"]
        outcome = start_test_run(
            receipt_id=receipt_id, hours=int(value), actor=ctx.actor, command=ctx.command
        )
        check = open_check(outcome.object)
        text = fmt(
            _("%(number)s: test run until %(when)s"),
            number=b(words.number(outcome.object)),
            when=clock.show(check.test_run_until if check else None),
        )
        return finished(outcome, text, Queue.id)


def passed(receipt: Receipt) -> Markup:
    return fmt(_("QC passed: %(number)s"), number=b(words.number(receipt)))


def work_lines(receipt: Receipt) -> list[Markup]:
    """Who did what, and which required work is missing."""
    done = receipt.operations.valid().select_related("type", "employee")
    rows = [
        fmt(
            "🔧 %(kind)s: %(who)s, %(when)s",
            kind=work.type,
            who=b(work.employee),
            when=clock.show(work.performed_at),
        )
        for work in done.order_by("performed_at", "id")
    ]
    for waiver in receipt.waivers.valid().select_related("type", "reason"):
        text = _("Not required: %(type)s, reason: %(reason)s")
        rows.append(fmt(text, type=waiver.type, reason=waiver.reason))
    missing = ", ".join(map(str, missing_works(receipt)))
    return [*rows, fmt(_("⚠ Not recorded: %(works)s"), works=b(missing))] if missing else rows


def number_lines(receipt: Receipt) -> list[Markup]:
    """Case, movement and reference number, and which of them nobody has written down."""
    watch = receipt.watch
    known = {
        _("case"): watch.serial if watch else "",
        _("movement"): watch.movement_number if watch else "",
        _("reference"): watch.reference if watch else "",
    }
    told = ", ".join(f"{label} {value}" for label, value in known.items() if value)
    absent = ", ".join(label for label, value in known.items() if not value)
    return [
        *([fmt(_("Numbers: %(numbers)s"), numbers=told)] if told else []),
        *([fmt(_("⚠ Numbers not written down: %(numbers)s"), numbers=absent)] if absent else []),
    ]


def away_lines(receipt: Receipt) -> list[Markup]:
    """Parts still at a polisher: the watch cannot pass without them."""
    return [
        fmt(
            _("⚠ At the polisher: %(name)s, since %(when)s"),
            name=b(order.polisher),
            when=clock.show(order.sent_at),
        )
        for order in open_orders().filter(receipt=receipt)
    ]


def test_run_lines(receipt: Receipt, ctx: Context) -> list[Markup]:
    check = open_check(receipt)
    if check is None or check.test_run_until is None:
        return []
    over = check.test_run_until <= ctx.now
    text = _("⏱ Test run is over since %(when)s") if over else _("⏱ Test run until %(when)s")
    return [fmt(text, when=clock.show(check.test_run_until))]


def _card_rows(receipt: Receipt, ctx: Context) -> list[Row]:
    """Only what is possible now."""
    possible = selectors.possible_verbs(receipt, ctx.actor)

    def button(verb: str, label: Any, action: str, value: str) -> list[Button]:
        return [Button(label, action, value)] if verb in possible else []

    return [
        *undo_row(ctx, receipt),
        [
            *button("pass", VERBS["pass"].label, "pass", shown(receipt)),
            *button("return", VERBS["return"].label, "open", "return.reasons"),
        ],
        [
            *button("test_run", _("Start a test run"), "open", TestRun.id),
            *button("reading", _("Readings"), "open", Readings.id),
        ],
        [
            *button("reading", _("Water resistance"), "open", "quality.water"),
            *button("reading", _("Checklist"), "open", "quality.checklist"),
        ],
        [
            *button("reading", _("Power reserve"), "open", "quality.reserve"),
            *button("facts", _("✏ Write down"), "open", "facts.form"),
        ],
        [Button(_("Receipt"), "open", "receipt.card")],
    ]


def _come_back(screen: str) -> dict[str, bool]:
    return {"come_back": True} if screen == "facts.form" else {}


def _running(ctx: Context) -> set[int]:
    """The receipts whose test run is not over yet."""
    rows = QualityCheck.objects.valid().filter(decision__isnull=True)
    return set(rows.filter(test_run_until__gt=ctx.now).values_list("receipt_id", flat=True))


_queue = Count(
    lambda slot: selectors.likely(
        "pass", slot("at", QualityCheck._meta.get_field("test_run_until")), limit=100
    )
)


def waiting(ctx: Context) -> int:
    """What lies in the queue, for the menu."""
    return _queue.of(at=ctx.now)


card_action("pass", QualityCard.id)
card_action("reading", QualityCard.id, label=lazy("QC: measure and decide"))
menu_item(lazy("QC"), Queue.id, place=10, roles=INSPECTORS, counter=waiting)
