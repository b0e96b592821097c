"""Photos of a receipt: a picture sent on a card is attached; here they are looked at and voided."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Move,
    Photo,
    Picture,
    Screen,
    Stay,
    View,
    b,
    fmt,
    lines,
    photo_taker,
)
from botapp.dialogs.controls import pager
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, AskReason, ReceiptConfirm
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from receipts import selectors
from receipts.models import Photo as StoredPhoto
from receipts.models import Receipt
from receipts.services.photos import add_photo, load_photo_again, void_photo
from workshop.lib import clock


def attach(ctx: Context, photo: Photo) -> Move:
    """Attach a sent picture to the receipt of the screen; what is written below it is a remark."""
    return Stay().note(add(ctx, photo, ctx.params["receipt_id"], remark=photo.caption))


def add(ctx: Context, photo: Photo, receipt_id: int, *, remark: str = "") -> Markup:
    """The picture alone; its stage follows from the status. Answers what to say."""
    outcome = add_photo(
        receipt_id=receipt_id,
        source=photo.file_id,
        album=photo.album,
        remark=remark,
        actor=ctx.actor,
        command=ctx.command_for(photo.unique_id),
    )
    return fmt(_("Photo added: %(stage)s"), stage=outcome.object.get_stage_display())


@photo_taker
def take(ctx: Context, photo: Photo) -> Move | None:
    """To the receipt whose number is its caption, else to the one the screen is about."""
    if ctx.caller is None:
        return None
    here = ctx.params.get("receipt_id")
    named = selectors.by_number(photo.caption) if photo.caption else None
    if named is not None and named.pk == here:
        return Stay().note(add(ctx, photo, named.pk))
    if named is not None:
        return Go("receipt.card", receipt_id=named.pk).note(add(ctx, photo, named.pk))
    return attach(ctx, photo) if here else None


class Photos(Screen):
    """One picture a page; another one is attached by sending it."""

    id = "photos.list"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        photos = list(_photos(receipt))
        hint = _("Send a photo or several: they are attached to this receipt.")
        title = fmt(
            _("%(number)s · photos: %(count)s"), number=b(words.number(receipt)), count=len(photos)
        )
        if not photos:
            return View(lines(title, hint))
        page = min(ctx.frame.page, len(photos) - 1)
        shown = photos[page]
        rows: list[Row] = [pager(page, len(photos))] if len(photos) > 1 else []
        if shown.state == StoredPhoto.State.FAILED and shown.source:
            rows.append([Button(_("Retry"), "again", shown.pk)])
        rows.append([Button(_("Void this photo"), "void", shown.pk)])
        return View(lines(title, _line(shown), hint), rows, picture=_picture(shown))

    def do_again(self, ctx: Context, value: str) -> Answer:
        load_photo_again(photo_id=int(value))
        return Stay()

    def do_void(self, ctx: Context, value: str) -> Answer:
        return Go(VoidPhotoWhy, receipt_id=ctx.params["receipt_id"], photo_id=int(value))


class VoidPhotoWhy(AskReason):
    id = "void_photo.reason"
    then = "void_photo.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> str:
        return _("Why is the photo voided? Send the reason.")


class VoidPhotoConfirm(ReceiptConfirm):
    id = "void_photo.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        shown = _photos(receipt).filter(pk=ctx.params["photo_id"]).first()
        told = _line(shown) if shown else _("The photo is voided.")
        return lines(b(_("Will be voided:")), told, _("The picture itself is removed."))

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Any]:
        return void_photo(
            photo_id=ctx.params["photo_id"],
            reason=ctx.params["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Any]) -> str:
        return _("The photo is voided.")


def _photos(receipt: Receipt) -> Any:
    return StoredPhoto.objects.valid().filter(receipt=receipt).order_by("-id")


def _line(photo: StoredPhoto) -> Markup:
    return fmt(
        _("%(stage)s, %(when)s, %(state)s"),
        stage=photo.get_stage_display(),
        when=clock.show(photo.taken_at),
        state=photo.get_state_display(),
    )


def _picture(photo: StoredPhoto) -> Picture | None:
    """What Telegram has already, else the stored file."""
    if photo.source:
        return Picture(file_id=photo.source)
    if not photo.file:
        return None
    with photo.file.open("rb") as file:
        return Picture(content=file.read(), name="photo.jpg")


card_action("photo", Photos.id, label=gettext_lazy("📷 Photo"))
