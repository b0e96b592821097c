"""Fill in: one form, lines in any order, shown as understood before they are saved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Markup,
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
from botapp.dialogs.view import Row
from botapp.screens import card_text, words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS
from botapp.screens.facts_lines import read_lines
from botapp.screens.facts_save import customers_with, ensure_savable, save
from botapp.screens.photos import attach
from botapp.screens.pickers import load_receipt
from receipts.models import Receipt, Watch
from receipts.services.watches import same_serial
from workshop.lib import clock

_EXAMPLE = gettext_lazy(
    "Omega Speedmaster\nserial 12345678\n+7 916 123-45-67 John Smith\nin 5 days\nit stops\n"
    "links 12\naccessories: box"
)


class Form(Screen):
    """Everything about the visit that is known; all of it optional."""

    id = "facts.form"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        entered = _entered(ctx)
        text = lines(
            card_text.facts(receipt, ctx.now),
            "",
            _("Send what is known, a line each, in any order:"),
            code(_EXAMPLE),
            *_told(entered),
        )
        return View(text, [*_offers(entered), *_flags(receipt, entered), *_last(entered)])

    def on_text(self, ctx: Context, text: str) -> Answer:
        entered = {**_entered(ctx), **read_lines(text, ctx.now)}
        ensure_savable(load_receipt(ctx.params["receipt_id"]), entered)
        ctx.data["entered"] = entered
        return Stay()

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        return attach(ctx, photo)

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
        return Done(_("Saved."), "receipt.card", receipt_id=receipt.pk)

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
        (_("Customer"), entered.get("name")),
        (_("Phone"), entered.get("phone")),
        (_("Complaint"), entered.get("complaint")),
        (_("Condition at intake"), entered.get("condition")),
        (_("Accessories"), entered.get("completeness")),
        (_("Bracelet links"), entered.get("links_count")),
        (_("Deadline"), words.moment(deadline) if deadline else None),
    ]
    told: list[Markup | str] = [
        fmt("%(label)s: %(value)s", label=label, value=b(value)) for label, value in values if value
    ]
    return ["", b(_("Will be saved:")), *told] if told else []


def _offers(entered: dict[str, Any]) -> list[Row]:
    """A serial or a phone that came before is offered, never taken over by itself."""
    watches = same_serial(entered["serial"]) if entered.get("serial") else []
    people = customers_with(entered.get("phone", ""))
    return [
        *([_offer(entered, "watch_id", watch.pk, _watch_label(watch))] for watch in watches),
        *([_offer(entered, "customer_id", one.pk, f"👤 {one}")] for one in people),
    ]


def _offer(entered: dict[str, Any], name: str, pk: int, label: str) -> Button:
    return tick(label, "offer", f"{name}:{pk}", on=entered.get(name) == pk)


def _watch_label(watch: Watch) -> str:
    """The watch with the receipts it came under."""
    before = Receipt.objects.valid().filter(watch=watch).order_by("-id")[:3]
    return f"⌚ {watch} · {words.numbers(list(before))}"


def _flags(receipt: Receipt, entered: dict[str, Any]) -> list[Row]:
    now = {"urgent": receipt.urgent, "do_not_polish": receipt.do_not_polish, **entered}
    labels = {"urgent": _("🔥 Urgent"), "do_not_polish": _("⛔ Do not polish")}
    return [[tick(text, "flag", name, on=now[name]) for name, text in labels.items()]]


def _last(entered: dict[str, Any]) -> list[Row]:
    if not entered:
        return []
    return [[Button(_("✅ Save"), "save"), Button(_("Start again"), "clear")]]


card_action("facts", Form.id, more=True)
