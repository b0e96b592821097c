"""What burns, with the reason of each in words: the worst first, so many on a page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.monitoring.risk import Level, Risk, RiskFocus, risk_focus
from analytics.monitoring.risk_words import reasons
from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Markup,
    Screen,
    Stay,
    View,
    b,
    fmt,
    grid,
    i,
    lines,
    menu_item,
)
from botapp.dialogs.controls import pager
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.card import READERS, open_card
from botapp.screens.pickers import load_receipt

PAGE = 6
SIGNS = {
    Level.CRITICAL: "🔴",
    Level.WARNING: "🟠",
    Level.STALE: "💤",
    Level.NO_DEADLINE: "❔",
}


class Risks(Screen):
    """All that is in danger, or one level of it."""

    id = "risks"
    roles = READERS
    parkable = False

    def view(self, ctx: Context) -> View:
        level, page = self._level(ctx), max(0, ctx.frame.page)
        found = risk_focus(at=ctx.now, level=level, first=page * PAGE, most=PAGE)
        count = found.levels[level] if level else found.total
        if not found.total:
            return View(lines(b(_("🚨 What burns")), _("Nothing burns.")))
        pages = max(1, -(-count // PAGE))
        if page >= pages:  # there are fewer than when it was last looked at
            page = pages - 1
            found = risk_focus(at=ctx.now, level=level, first=page * PAGE, most=PAGE)
        rows = grid([Button(words.number(row.receipt), "receipt", row.receipt.pk)
                     for row in found.rows], 3)  # fmt: skip
        turning = [pager(page, pages)] if pages > 1 else []
        return View(self._text(found, level), [*rows, *turning, *self._choices(found, level)])

    def _text(self, found: RiskFocus, level: str) -> Markup:
        head = fmt(_("🚨 What burns: %(count)s"), count=b(found.total))
        more = _("There are more; the worst are counted.") if found.capped else ""
        chosen = b(Level(level).label) if level else None
        told = [self._line(row, found) for row in found.rows]
        return lines(head, i(more) if more else None, chosen, *told)

    def _line(self, row: Risk, found: RiskFocus) -> Markup:
        """«🔴 №101 · В работе · Максим М.», below it why."""
        parts = [words.status(row.receipt)]
        if row.receipt.master is not None:
            parts.append(row.receipt.master.short_name)
        head = fmt(
            "%(sign)s %(number)s · %(told)s",
            sign=SIGNS[row.level],
            number=b(words.number(row.receipt)),
            told=" · ".join(parts),
        )
        return lines(head, *(fmt("– %(why)s", why=why) for why in reasons(row, found.at)))

    def _choices(self, found: RiskFocus, chosen: str) -> list[Row]:
        """The levels that have something, and all of them again."""
        buttons = [
            Button(f"{SIGNS[level]} {level.label} ({found.levels[level]})", "level", level.value)
            for level in Level
            if found.levels[level] and level != chosen
        ]
        if chosen:
            buttons.append(Button(_("All (%(count)s)") % {"count": found.total}, "level", "all"))
        return grid(buttons) if chosen or len(buttons) > 1 else []

    def _level(self, ctx: Context) -> str:
        level = ctx.data.get("level", "")
        return level if level in Level.values else ""

    def do_level(self, ctx: Context, value: str) -> Answer:
        ctx.data["level"] = value
        ctx.frame.page = 0
        return Stay()

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))


menu_item(lazy("🚨 What burns"), Risks.id, place=15, roles=READERS, more=True)
