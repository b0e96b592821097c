"""Fill in: one form, lines in any order, shown as understood before they are saved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Back,
    Button,
    Context,
    Done,
    Markup,
    Move,
    Photo,
    Screen,
    Stay,
    View,
    b,
    code,
    fmt,
    lines,
    tick,
)
from botapp.dialogs.markup import esc, plain
from botapp.dialogs.view import Row
from botapp.screens import card_text, words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS
from botapp.screens.facts_lines import read_lines
from botapp.screens.facts_save import customers_with, ensure_savable, save
from botapp.screens.photos import add
from botapp.screens.pickers import load_receipt
from receipts.models import Receipt, Watch
from receipts.services.watches import same_serial
from workshop.lib import clock

_EXAMPLE = gettext_lazy(
    "Omega Speedmaster\nserial 12345678\n+7 916 123-45-67 John Smith\nin 5 days\nit stops\n"
    "links 12\naccessories: box"
)


EARLIER = 3  # visits of a watch that came before


class Form(Screen):
    """Everything about the visit that is known; all of it optional."""

    id = "facts.form"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        entered = _entered(ctx)
        if ctx.data.get("leaving"):
            text = lines(
                b(words.number(receipt)), *_told(entered), "", _("These lines are not saved.")
            )
            leave = Button(_("Leave without saving"), "leave")
            return View(text, [[Button(_("✅ Save"), "save"), leave]])
        text = lines(
            card_text.facts(receipt, ctx.now, money=True),
            *(_told(entered) or ["", _("Send what is known, a line each, in any order:")]),
            None if entered else code(_EXAMPLE),
            *_known(receipt, entered),
        )
        return View(text, [*_offers(receipt, entered), *_flags(receipt, entered), *_last(entered)])

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data.pop("leaving", None)
        entered = read_lines(text, ctx.now, _entered(ctx))
        ensure_savable(load_receipt(ctx.params["receipt_id"]), entered)
        ctx.data["entered"] = entered
        return Stay()

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        """What is written below a photo are lines of the form."""
        told = add(ctx, photo, ctx.params["receipt_id"])
        if photo.caption.strip():
            self.on_text(ctx, photo.caption)
        return Stay().note(told)

    def on_back(self, ctx: Context) -> Move:
        """Lines that are not saved are not dropped by a slip of the thumb."""
        if ctx.data.pop("leaving", None):
            return Stay()
        if not _entered(ctx):
            return Back()
        ctx.data["leaving"] = True
        return Stay()

    def unsaved(self, ctx: Context) -> bool:
        return bool(_entered(ctx))

    def unfinished(self, ctx: Context) -> str:
        receipt = load_receipt(ctx.params["receipt_id"])
        told = [plain(esc(line)) for line in _told(_entered(ctx))[2:]]
        return ", ".join([words.number(receipt), *told])

    def do_leave(self, ctx: Context, value: str) -> Answer:
        return Back()

    def do_flag(self, ctx: Context, value: str) -> Answer:
        name, _sign, on = value.partition("=")
        ctx.data["entered"] = {**_entered(ctx), name: on == "1"}
        return Stay()

    def do_offer(self, ctx: Context, value: str) -> Answer:
        """«watch_id:5=1»: the watch that came before is this one."""
        which, _sign, on = value.partition("=")
        name, _colon, pk = which.partition(":")
        ctx.data["entered"] = {**_entered(ctx), name: int(pk) if on == "1" else None}
        return Stay()

    def do_clear(self, ctx: Context, value: str) -> Answer:
        ctx.data["entered"] = {}
        return Stay()

    def do_save(self, ctx: Context, value: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        save(ctx, receipt, _entered(ctx))
        if ctx.params.get("come_back"):
            return Back().note(_("Saved."))
        return Done(_("Saved."), "receipt.card", receipt_id=receipt.pk, filled_in=True)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


def _entered(ctx: Context) -> dict[str, Any]:
    return dict(ctx.data.get("entered", {}))


def _told(entered: dict[str, Any]) -> list[Markup | str]:
    """What was understood, labelled, so that a wrong guess is seen before it is saved."""
    deadline = clock.from_iso(entered.get("deadline"))
    values = [
        (_("Brand"), entered.get("brand")),
        (_("Model"), entered.get("model")),
        (_("Serial number"), entered.get("serial")),
        (_("Movement number"), entered.get("movement_number")),
        (_("Reference"), entered.get("reference")),
        (_("Calibre"), entered.get("calibre")),
        (_("Customer"), entered.get("name")),
        (_("Phone"), entered.get("phone")),
        (_("Complaint"), entered.get("complaint")),
        (_("Condition at intake"), entered.get("condition")),
        (_("Accessories"), entered.get("completeness")),
        (_("Bracelet links"), entered.get("links_count")),
        (_("Deadline"), words.moment(deadline) if deadline else None),
        (_("Place"), entered.get("place")),
        (_("Agreed price"), entered.get("agreed_price")),
        (_("Prepayment"), entered.get("prepayment")),
        (_("Declared value"), entered.get("declared_value")),
        (_("⛔ Do not polish"), _yes_no(entered.get("do_not_polish"))),
        (_("🔥 Urgent receipt"), _yes_no(entered.get("urgent"))),
    ]
    told: list[Markup | str] = [
        fmt("%(label)s: %(value)s", label=label, value=b(value)) for label, value in values if value
    ]
    return ["", b(_("Will be saved:")), *told] if told else []


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else _("yes") if value else _("no")


def _came_before(receipt: Receipt, entered: dict[str, Any]) -> list[Watch]:
    """Other watches with one of the entered numbers."""
    numbers = [entered[name] for name in ("serial", "movement_number") if entered.get(name)]
    found = {watch.pk: watch for number in numbers for watch in same_serial(number)}
    return [watch for pk, watch in found.items() if pk != receipt.watch_id]


def _known(receipt: Receipt, entered: dict[str, Any]) -> list[Markup]:
    """The earlier visits of a watch that came before: number, status, when."""
    told = []
    for watch in _came_before(receipt, entered):
        for one in Receipt.objects.valid().filter(watch=watch).order_by("-id")[:EARLIER]:
            told.append(
                fmt(
                    _("↻ Was here: %(watch)s, %(number)s, %(status)s, %(when)s"),
                    watch=watch,
                    number=b(words.number(one)),
                    status=words.status(one),
                    when=words.day(clock.local(one.received_at).date()),
                )
            )
    return told


def _offers(receipt: Receipt, entered: dict[str, Any]) -> list[Row]:
    """A serial or a phone that came before is offered, never taken over by itself."""
    watches = _came_before(receipt, entered)
    people = customers_with(entered.get("phone", ""))
    return [
        *([_offer(entered, "watch_id", watch.pk, _watch_label(watch))] for watch in watches),
        *([_offer(entered, "customer_id", one.pk, f"👤 {one}")] for one in people),
    ]


def _offer(entered: dict[str, Any], name: str, pk: int, label: str) -> Button:
    return tick(label, "offer", f"{name}:{pk}", on=entered.get(name) == pk)


def _watch_label(watch: Watch) -> str:
    return _("⌚ The same watch: %(watch)s") % {"watch": watch}


def _flags(receipt: Receipt, entered: dict[str, Any]) -> list[Row]:
    now = {"urgent": receipt.urgent, "do_not_polish": receipt.do_not_polish, **entered}
    labels = {"urgent": _("🔥 Urgent receipt"), "do_not_polish": _("⛔ Do not polish")}
    return [[tick(text, "flag", name, on=now[name]) for name, text in labels.items()]]


def _last(entered: dict[str, Any]) -> list[Row]:
    if not entered:
        return []
    return [[Button(_("✅ Save"), "save"), Button(_("Start again"), "clear")]]


card_action("facts", Form.id, more=True)
