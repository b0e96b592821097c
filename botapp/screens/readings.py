"""Readings of the timing machine: «+4 285 0,2» per position, stage and wind state as switches."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Back,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    Stay,
    View,
    b,
    code,
    esc,
    fmt,
    lines,
)
from botapp.screens.results import AboutReceipt
from receipts.models import Reading, Receipt
from receipts.services.quality import ReadingInput, add_reading, open_check, void_reading
from staff import roles
from workshop.lib.errors import RuleViolation

INSPECTORS: Final = (roles.INSPECTOR, roles.MANAGER)
POSITIONS: Final = tuple(Reading.Position.values)
SHOWN: Final = 12  # readings on the screen; all of them stand in the protocol

# The letters of a position in Russian, as the inspectors write them.
_CYRILLIC: Final = {"ЦВ": "DU", "ЦН": "DD", "ГП": "CR", "ГЛ": "CL", "ГВ": "CU", "ГН": "CD"}
_NUMBER: Final = re.compile(r"[+-]?\d{1,4}(?:[.,]\d+)?")


class Readings(AboutReceipt, Screen):
    """Values are typed; each line is a reading, the position moves on by itself."""

    id = "quality.readings"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        ctx.data.update(stage=Reading.Stage.QC, wind=Reading.Wind.FULL, position=POSITIONS[0])

    def view(self, ctx: Context) -> View:
        receipt = Receipt.objects.get(pk=ctx.params["receipt_id"])
        taken = taken_readings(receipt)
        text = lines(
            fmt(_("№%(number)s: readings"), number=b(receipt.number)),
            *([*map(reading_line, taken[-SHOWN:])] or [esc(_("No readings yet."))]),
            "",
            fmt(
                _(
                    "Type rate, amplitude and beat error for %(position)s: %(example)s. "
                    "Several lines are several positions."
                ),
                position=b(Reading.Position(ctx.data["position"]).label),
                example=code(_("+4 285 0.2")),
            ),
        )
        return View(text, [*_switches(ctx), *_void_row(taken)])

    def do_set(self, ctx: Context, value: str) -> Answer:
        name, _sign, wanted = value.partition("=")
        ctx.data[name] = wanted
        return Stay()

    def do_void(self, ctx: Context, value: str) -> Answer:
        return Go(VoidReading, receipt_id=ctx.params["receipt_id"], reading_id=int(value))

    def on_text(self, ctx: Context, text: str) -> Answer:
        position = ctx.data["position"]
        for index, row in enumerate(filter(None, text.splitlines())):
            found, values = parse_reading(row)
            position = found or position
            add_reading(
                receipt_id=ctx.params["receipt_id"],
                reading=ReadingInput(
                    position=position, stage=ctx.data["stage"], wind=ctx.data["wind"], **values
                ),
                actor=ctx.actor,
                command=ctx.command_for(index),
            )
            position = next_position(position)
        ctx.data["position"] = position
        return Stay()


class VoidReading(AboutReceipt, Screen):
    """A reading is never edited: it is voided with a reason and taken again."""

    id = "quality.void_reading"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        row = Reading.objects.get(pk=ctx.params["reading_id"])
        text = lines(
            fmt(_("Void this reading: %(reading)s?"), reading=b(reading_line(row))),
            _("Type the reason, or press it."),
        )
        return View(text, [[Button(_("Typed wrong"), "typo")]])

    def do_typo(self, ctx: Context, value: str) -> Answer:
        return self.on_text(ctx, _("Typed wrong"))

    def on_text(self, ctx: Context, text: str) -> Answer:
        void_reading(**ctx.params, reason=text, actor=ctx.actor, command=ctx.command)
        return Back().note(_("The reading is void."))


def taken_readings(receipt: Receipt) -> list[Reading]:
    """The valid readings of the open check, in the order they were taken."""
    check = open_check(receipt)
    if check is None:
        return []
    return list(Reading.objects.valid().filter(quality_check=check).order_by("id"))


def reading_line(row: Reading) -> Markup:
    """«ЦВ +4 с/сут, 285°, 0,2 мс» with stage and wind state where they are not the usual ones."""
    parts = [
        fmt(_("%(value)s s/d"), value=signed(row.rate)) if row.rate is not None else None,
        f"{row.amplitude}°" if row.amplitude is not None else None,
        fmt(_("%(value)s ms"), value=number(row.beat_error))
        if row.beat_error is not None
        else None,
        row.get_stage_display() if row.stage != Reading.Stage.QC else None,
        row.get_wind_display() if row.wind != Reading.Wind.FULL else None,
    ]
    values = ", ".join(str(part) for part in parts if part)
    return fmt("%(position)s %(values)s", position=position_code(row.position), values=values)


def position_code(position: str) -> str:
    """The two letters as people write them in the active language."""
    return str(Reading.Position(position).label).partition(" ")[0] if position else "–"


def number(value: Decimal) -> str:
    """A measured value without idle zeros, with the decimal sign of the active language."""
    whole = value == value.to_integral_value()
    return number_format(value, decimal_pos=0 if whole else None)


def signed(value: Decimal) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value))


def next_position(position: str) -> str:
    """The position that is usually measured next."""
    return POSITIONS[(POSITIONS.index(position) + 1) % len(POSITIONS)]


def parse_reading(text: str) -> tuple[str, dict[str, Any]]:
    """A typed line as (position or "", values). Comma and point are both decimal signs.

    In order: rate s/d, amplitude °, beat error ms; the later ones may be left out.
    RuleViolation ``bot.reading_unclear`` for anything else.
    """
    words = text.upper().replace("−", "-").replace("–", "-").replace("°", " ").split()
    position = ""
    if words and _position(words[0]):
        position = _position(words.pop(0))
    if not words or len(words) > 3 or not all(_NUMBER.fullmatch(word) for word in words):
        raise _unclear()
    found = [Decimal(word.replace(",", ".")) for word in words]
    values: dict[str, Any] = {"rate": found[0]}
    if len(found) > 1:
        if found[1] != found[1].to_integral_value():
            raise _unclear()
        values["amplitude"] = int(found[1])
    if len(found) > 2:
        values["beat_error"] = found[2]
    return position, values


def _position(word: str) -> str:
    found = _CYRILLIC.get(word, word)
    return found if found in POSITIONS else ""


def _unclear() -> RuleViolation:
    return RuleViolation(
        "bot.reading_unclear",
        _("This is not understood. Type rate, amplitude and beat error, for example: +4 285 0.2"),
        field="reading",
    )


def _switches(ctx: Context) -> list[list[Button]]:
    def choice(name: str, value: str, label: str) -> Button:
        mark = "✅" if ctx.data[name] == value else "▫️"
        return Button(f"{mark} {label}", "set", f"{name}={value}")

    positions = [choice("position", value, position_code(value)) for value in POSITIONS]
    return [
        positions[:3],
        positions[3:],
        [choice("stage", value, str(label)) for value, label in Reading.Stage.choices],
        [choice("wind", value, str(label)) for value, label in Reading.Wind.choices],
    ]


def _void_row(taken: list[Reading]) -> list[list[Button]]:
    if not taken:
        return []
    last = taken[-1]
    label = _("Void the last: %(reading)s") % {"reading": _plain(last)}
    return [[Button(label, "void", last.pk)]]


def _plain(row: Reading) -> str:
    return f"{position_code(row.position)} {signed(row.rate)}" if row.rate is not None else "…"
