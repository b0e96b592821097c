"""The rest of the inspection: water, power reserve, checklist, and all of it in words."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import Answer, Back, Button, Context, Markup, Screen, Stay, View, b, fmt, lines
from botapp.screens import words
from botapp.screens.pickers import load_receipt
from botapp.screens.readings import number, reading_line, taken_readings
from botapp.screens.results import AboutReceipt
from receipts.models import ChecklistAnswer, ChecklistItem, QualityCheck, Receipt
from receipts.services.quality import open_check, record_measurements
from staff import roles
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)
RESULTS = {
    QualityCheck.Water.PASSED.value: gettext_lazy("✅ Test passed"),
    QualityCheck.Water.FAILED.value: gettext_lazy("❌ Test not passed"),
    QualityCheck.Water.NOT_RESTORED.value: gettext_lazy("Not restored"),
}
_VALUE = re.compile(r"(\d{1,4}(?:[.,]\d)?)\s*\D{0,12}")


class Water(AboutReceipt, Screen):
    """Test pressure typed in bar, the result pressed."""

    id = "quality.water"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        bar = ctx.data.get("bar")
        text = lines(
            fmt(_("%(number)s: water resistance"), number=b(words.number(receipt))),
            fmt(_("Tested at: %(value)s bar"), value=b(number(Decimal(bar)))) if bar else None,
            _("Type the pressure in bar if it was measured, then press the result."),
        )
        return View(text, [[Button(label, "result", key)] for key, label in RESULTS.items()])

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["bar"] = str(parse_value(text))
        return Stay()

    def do_result(self, ctx: Context, value: str) -> Answer:
        bar = ctx.data.get("bar")
        record_measurements(
            receipt_id=ctx.params["receipt_id"],
            water_bar=Decimal(bar) if bar else None,
            water_result=value,
            actor=ctx.actor,
            command=ctx.command,
        )
        return Back().note(_("Saved."))


class PowerReserve(AboutReceipt, Screen):
    """Hours until the watch stopped."""

    id = "quality.reserve"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        text = _("%(number)s: type the power reserve in hours, for example %(example)s.")
        return View(fmt(text, number=b(words.number(receipt)), example=b("42")))

    def on_text(self, ctx: Context, text: str) -> Answer:
        record_measurements(
            receipt_id=ctx.params["receipt_id"],
            power_reserve_hours=parse_value(text),
            actor=ctx.actor,
            command=ctx.command,
        )
        return Back().note(_("Saved."))


class Checklist(AboutReceipt, Screen):
    """Each item: in order, not in order, or not looked at; saved together.

    ``ctx.data`` holds ``<item id>`` → bool; what was saved before cannot become "not looked at".
    """

    id = "quality.checklist"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        receipt = load_receipt(ctx.params["receipt_id"])
        ctx.data.update({str(pk): ok for pk, ok in answers(receipt).items()})

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        items = ChecklistItem.objects.active()
        kept = answers(receipt)
        rows = [[_item_button(one, ctx.data.get(str(one.pk)), one.pk in kept)] for one in items]
        text = lines(
            fmt(_("%(number)s: checklist"), number=b(words.number(receipt))),
            _("A tap: ✅ in order; one more tap: ❌ not in order."),
        )
        last = [Button(_("✅ The rest is in order"), "all"), Button(_("💾 Save"), "save")]
        return View(text, [*rows, last])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        item, _sign, ok = value.partition("=")
        ctx.data.pop(item, None)
        if ok:
            ctx.data[item] = ok == "1"
        return Stay()

    def do_all(self, ctx: Context, value: str) -> Answer:
        for one in ChecklistItem.objects.active():
            ctx.data.setdefault(str(one.pk), True)
        return Stay()

    def do_save(self, ctx: Context, value: str) -> Answer:
        record_measurements(
            receipt_id=ctx.params["receipt_id"],
            checklist={int(item): ok for item, ok in ctx.data.items()},
            actor=ctx.actor,
            command=ctx.command,
        )
        return Back().note(_("Saved."))


def answers(receipt: Receipt) -> dict[int, bool]:
    """The checklist answers of the open check, of items that are still asked."""
    rows = ChecklistAnswer.objects.valid().filter(
        quality_check=open_check(receipt), quality_check__isnull=False, item__active=True
    )
    return dict(rows.values_list("item_id", "ok"))


def doubts(receipt: Receipt, now: datetime) -> list[str]:
    """What speaks against "ready" in the open check: a test run that goes on, a failed test."""
    check = open_check(receipt)
    if check is None:
        return []
    running = check.test_run_until is not None and check.test_run_until > now
    bad = [pk for pk, ok in answers(receipt).items() if not ok]
    items = ChecklistItem.objects.filter(pk__in=bad)
    until = clock.show(check.test_run_until)
    return [
        *([_("Test run until %(until)s") % {"until": until}] if running else []),
        *([_("Water test not passed")] if check.water_result == check.Water.FAILED else []),
        *(_("Checklist: %(item)s") % {"item": item} for item in items),
    ]


def doubt_lines(receipt: Receipt, now: datetime) -> list[Markup]:
    return [fmt("⚠ %(doubt)s", doubt=one) for one in doubts(receipt, now)]


def parse_value(text: str) -> Decimal:
    """A typed measurement; comma or point, a unit behind it is ignored."""
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        raise RuleViolation(
            "bot.value_unclear", _("Type a number, for example 3 or 2.5."), field="value"
        )
    return Decimal(found[1].replace(",", "."))


def protocol_lines(receipt: Receipt) -> list[Markup]:
    """What the open check has so far: readings, water, power reserve, checklist."""
    rows = [fmt("⌚ %(reading)s", reading=reading_line(row)) for row in taken_readings(receipt)]
    check = open_check(receipt)
    if check is None:
        return rows
    if check.water_result:
        bar = _("%(value)s bar") % {"value": number(check.water_bar)} if check.water_bar else ""
        told = ", ".join(filter(None, [str(RESULTS[check.water_result]), bar]))
        rows.append(fmt("💧 %(told)s", told=told))
    if check.power_reserve_hours is not None:
        hours = number(check.power_reserve_hours)
        rows.append(fmt(_("🔋 Power reserve: %(value)s h"), value=hours))
    given = answers(receipt)
    if given:
        bad = ChecklistItem.objects.filter(pk__in=[pk for pk, ok in given.items() if not ok])
        told = ", ".join(f"❌ {row.name}" for row in bad) or _("in order")
        asked = ChecklistItem.objects.active().count()
        text = _("☑ Checklist %(given)s/%(asked)s: %(told)s")
        rows.append(fmt(text, given=len(given), asked=asked, told=told))
    return rows


def _item_button(item: ChecklistItem, given: bool | None, saved: bool) -> Button:
    """▫️ → ✅ → ❌ and round again; the value is the state that the press leads to."""
    mark = {None: "▫️", True: "✅", False: "❌"}[given]
    after = {None: "1", True: "0", False: "1" if saved else ""}[given]
    return Button(f"{mark} {item.name}", "mark", f"{item.pk}={after}")
