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
from botapp.screens.undo import last_undoable, take_back, undo_button
from receipts.models import Reading, Receipt
from receipts.services.quality import ReadingInput, add_readings, open_check, void_reading
from staff import roles
from workshop.lib.errors import RuleViolation

INSPECTORS: Final = (roles.INSPECTOR, roles.MANAGER)
POSITIONS: Final = tuple(Reading.Position.values)
SHOWN: Final = 12  # readings on the screen; all of them stand in the protocol

# The letters of a position in Russian, as the inspectors write them.
_CYRILLIC: Final = {"ЦВ": "DU", "ЦН": "DD", "ГП": "CR", "ГЛ": "CL", "ГВ": "CU", "ГН": "CD"}
_VALUES: Final = ("rate", "amplitude", "beat_error")
_NUMBER: Final = re.compile(r"[+-]?\d{1,4}(?:[.,]\d+)?")
_UNIT: Final = re.compile(r"(?<=[\d\s])(?:С/СУТ|С/С|S/D|СЕК|SEC|ГРАД|DEG|МС|MS)\b\.?|°")
# «+4, 285, 0,2» and «+4/285/0,2»; a comma before a digit is a decimal one.
_BETWEEN: Final = re.compile(r"[\s;|]+|,\s+|(?<=\d)/(?=[+-]?\d)")


class Readings(AboutReceipt, Screen):
    """Values are typed; each line is a reading, the position moves on by itself."""

    id = "quality.readings"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        """Where the measuring was left: somebody may have begun it before the test run."""
        receipt = Receipt.objects.get(pk=ctx.params["receipt_id"])
        taken = taken_readings(receipt)
        last = taken[-1] if taken else None
        ctx.data.update(
            stage=last.stage if last else Reading.Stage.QC,
            wind=last.wind if last else Reading.Wind.FULL,
        )
        ctx.data["position"] = first_open(ctx, taken)

    def view(self, ctx: Context) -> View:
        receipt = Receipt.objects.get(pk=ctx.params["receipt_id"])
        taken = taken_readings(receipt)
        example = "\n".join([_("+4 285 0.2"), _("DD −3 270 0.1")])
        text = lines(
            fmt(_("№%(number)s: readings"), number=b(receipt.number)),
            *([*map(reading_line, taken[-SHOWN:])] or [esc(_("No readings yet."))]),
            "",
            fmt(
                _("Next: %(position)s. Rate, amplitude, beat error; a line each, “–” for unknown:"),
                position=b(Reading.Position(ctx.data["position"]).label),
            ),
            code(example),
        )
        undo = [[undo_button(ctx.data["undo"])]] if self._can_undo(ctx, receipt) else []
        return View(text, [*undo, *_switches(ctx), *([] if undo else _void_row(taken))])

    def _can_undo(self, ctx: Context, receipt: Receipt) -> bool:
        sent = ctx.data.get("undo")
        return bool(sent) and last_undoable(receipt, ctx.actor, ctx.now) == sent

    def do_set(self, ctx: Context, value: str) -> Answer:
        """Another stage or wind state begins at its first position that is not measured."""
        name, _sign, wanted = value.partition("=")
        ctx.data[name] = wanted
        if name != "position":
            receipt = Receipt.objects.get(pk=ctx.params["receipt_id"])
            ctx.data["position"] = first_open(ctx, taken_readings(receipt))
        return Stay()

    def do_undo(self, ctx: Context, value: str) -> Answer:
        told = take_back(ctx, int(value))
        ctx.data["position"] = ctx.data.get("position_before", ctx.data["position"])
        ctx.data.pop("undo", None)
        return Stay().note(told)

    def do_void(self, ctx: Context, value: str) -> Answer:
        return Go(VoidReading, receipt_id=ctx.params["receipt_id"], reading_id=int(value))

    def on_text(self, ctx: Context, text: str) -> Answer:
        """Each line is a reading; a position alone is the one that comes next."""
        position, readings = ctx.data["position"], []
        for row in filter(str.strip, text.splitlines()):
            found, values = parse_reading(row)
            position = found or position
            if values:
                stage, wind = ctx.data["stage"], ctx.data["wind"]
                readings.append(ReadingInput(position=position, stage=stage, wind=wind, **values))
                position = next_position(position)
        if readings:
            outcome = add_readings(
                receipt_id=ctx.params["receipt_id"],
                readings=readings,
                actor=ctx.actor,
                command=ctx.command,
            )
            ctx.data["undo"] = outcome.command.pk if outcome.command else None
            ctx.data["position_before"] = ctx.data["position"]
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


def first_open(ctx: Context, taken: list[Reading]) -> str:
    """The first position that is not measured yet in this stage and wind state."""
    state = (ctx.data["stage"], ctx.data["wind"])
    done = {row.position for row in taken if (row.stage, row.wind) == state}
    return next((one for one in POSITIONS if one not in done), POSITIONS[0])


def parse_reading(text: str) -> tuple[str, dict[str, Any]]:
    """A typed line as (position or "", values). Comma and point are both decimal signs.

    In order: rate s/d, amplitude °, beat error ms; the later ones may be left out, a dash alone is
    an unknown one, units may stand behind. A position alone has no values. RuleViolation
    ``bot.reading_unclear`` for anything else.
    """
    plain_text = re.sub("[−–—]", "-", text.upper())
    words = [word.strip(":") for word in _BETWEEN.split(_UNIT.sub(" ", plain_text)) if word]
    position = ""
    if words and _position(words[0]):
        position = _position(words.pop(0))
    if len(words) > len(_VALUES) or not (words or position):
        raise _unclear()
    found = {name: word for name, word in zip(_VALUES, words, strict=False) if word not in "-?"}
    if (words and not found) or not all(map(_NUMBER.fullmatch, found.values())):
        raise _unclear()
    values: dict[str, Any] = {name: Decimal(word.replace(",", ".")) for name, word in found.items()}
    if "amplitude" in values:
        if values["amplitude"] != values["amplitude"].to_integral_value():
            raise _unclear()
        values["amplitude"] = int(values["amplitude"])
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
