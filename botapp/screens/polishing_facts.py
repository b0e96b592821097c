"""What is said about one watch that goes to a polisher: pre-filled, as switches, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import Button, Markup, fmt
from botapp.dialogs.view import Row
from polishing.events import part_names
from polishing.selectors import default_metal, earlier_rounds
from receipts.models import DetachedPart, Metal, Receipt
from workshop.lib import clock

EARLIER = 3  # earlier rounds that are shown


def pre_filled(receipt: Receipt) -> dict[str, Any]:
    """The case, in the metal of the watch or of its last round; handed over now."""
    metal = default_metal(receipt)
    return {
        "case": True,
        "bracelet": False,
        "metal": metal.pk if metal else None,
        "difficult": False,
        "sent_at": None,
        "comment": "",
        "allowed_by": "",
    }


def facts_line(facts: dict[str, Any]) -> Markup:
    """What the switches say, in words."""
    parts = [part_names([part for part in ("case", "bracelet") if facts[part]]) or "–"]
    if facts["metal"]:
        parts.append(str(Metal.objects.get(pk=facts["metal"])))
    if facts["difficult"]:
        parts.append(_("difficult"))
    if facts["sent_at"]:
        when = clock.show(clock.from_iso(facts["sent_at"]))
        parts.append(_("handed over: %(when)s") % {"when": when})
    if facts["allowed_by"]:
        parts.append(_("allowed by: %(name)s") % {"name": facts["allowed_by"]})
    if facts["comment"]:
        parts.append(_("comment: %(text)s") % {"text": facts["comment"]})
    return fmt("%(facts)s", facts=", ".join(parts))


def earlier_lines(receipt: Receipt) -> list[Markup]:
    """Earlier rounds of this watch over all its visits."""
    rows = earlier_rounds(receipt)
    count = rows.count()
    told = [
        fmt(
            "• %(when)s, %(number)s: %(who)s (%(parts)s)",
            when=clock.show(row.sent_at),
            number=row.receipt,
            who=row.polished_by or row.polisher,
            parts=part_names(row.parts),
        )
        for row in rows[:EARLIER]
    ]
    head = fmt(_("Polished before, rounds: %(count)s"), count=count)
    return [head, *told] if count else []


def switches(facts: dict[str, Any]) -> list[Row]:
    def switch(name: str, label: Any) -> Button:
        mark = "✅" if facts[name] else "▫️"
        return Button(f"{mark} {label}", "set", f"{name}={0 if facts[name] else 1}")

    metal = Metal.objects.filter(pk=facts["metal"]).first()
    when = clock.show(clock.from_iso(facts["sent_at"])) or _("now")
    parts = DetachedPart.Part
    return [
        [switch("case", parts.CASE.label), switch("bracelet", parts.BRACELET.label)],
        [
            Button(_("Metal: %(name)s") % {"name": metal or "–"}, "ask", "metal"),
            switch("difficult", _("difficult")),
        ],
        [Button(_("Handed over: %(when)s") % {"when": when}, "ask", "sent_at")],
        [Button(_("Next"), "next")],
    ]
