"""My table: what lies at quality control now, test runs that ended, what is to be decided."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Screen,
    View,
    b,
    fmt,
    lines,
    menu_item,
    paged,
)
from botapp.screens import words
from botapp.screens.decide import Decide
from botapp.screens.quality import QualityCard
from receipts.models import QualityCheck, Receipt, ReturnItem
from receipts.states import Status
from staff import roles

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)
SHOWN = 100  # buttons, over all pages


class Table(Screen):
    """The shift change on one screen; everything opens by a tap."""

    id = "quality.table"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        ended, lying, open_items = ended_runs(ctx.now), at_control(), to_decide()
        text = lines(
            b(_("📋 QC table")),
            fmt(_("At quality control: %(count)s pcs"), count=b(lying.count())),
            fmt(_("Test runs that ended: %(count)s"), count=b(ended.count())),
            fmt(_("To decide: %(count)s"), count=b(open_items.count())),
        )
        over = {check.receipt_id for check in ended}
        here = {one.pk for one in lying}
        watches = [Button(watch_label(one, ctx, over), "watch", one.pk) for one in lying[:SHOWN]]
        elsewhere = [
            Button(f"⏱ {words.label(check.receipt, ctx.now)}", "watch", check.receipt_id)
            for check in ended[:SHOWN]
            if check.receipt_id not in here
        ]
        items = [Button(decide_label(item, ctx), "decide", item.pk) for item in open_items[:SHOWN]]
        return View(text, paged(ctx, [*watches, *elsewhere, *items]))

    def do_watch(self, ctx: Context, value: str) -> Answer:
        return Go(QualityCard, receipt_id=int(value))

    def do_decide(self, ctx: Context, value: str) -> Answer:
        return Go(Decide, item_id=int(value))


def at_control() -> QuerySet[Receipt]:
    """Urgent ones first, then who waits longest."""
    rows = Receipt.objects.valid().filter(status=Status.QUALITY_CONTROL)
    return rows.select_related("watch").order_by("-urgent", "status_since")


def ended_runs(at: datetime) -> QuerySet[QualityCheck]:
    rows = QualityCheck.objects.valid().filter(decision__isnull=True, test_run_until__lte=at)
    rows = rows.filter(receipt__voided_at__isnull=True).exclude(receipt__status=Status.ISSUED)
    rows = rows.select_related("receipt__master")
    return rows.order_by("-receipt__urgent", "test_run_until")


def to_decide() -> QuerySet[ReturnItem]:
    """Reasons whose responsible was left open: urgent watches first, then the oldest."""
    rows = ReturnItem.objects.filter(
        responsibility=ReturnItem.Responsibility.UNDECIDED, return_case__voided_at__isnull=True
    )
    rows = rows.select_related("return_case__receipt")
    return rows.order_by("-return_case__receipt__urgent", "return_case__returned_at", "id")


def watch_label(receipt: Receipt, ctx: Context, over: set[int]) -> str:
    """«⏱ №101 · Omega · 3 ч»: whether its test run is over, how long it has been lying here."""
    sign = "⏱ " if receipt.pk in over else ""
    lying_for = words.span(ctx.now - receipt.status_since)
    parts = [f"{sign}{words.number(receipt)}", words.make(receipt), lying_for]
    return " · ".join(filter(None, parts))


def decide_label(item: ReturnItem, ctx: Context) -> str:
    """«❓ №101 · Полировка · 3 дн»: with the age."""
    case = item.return_case
    age = words.span(ctx.now - case.returned_at)
    return f"❓ {words.number(case.receipt)} · {item.reason_name} · {age}"


def open_count(ctx: Context) -> int:
    """What asks for somebody, for the menu."""
    return ended_runs(ctx.now).count() + to_decide().count()


menu_item(lazy("📋 QC table"), Table.id, place=30, roles=INSPECTORS, more=True, counter=open_count)
