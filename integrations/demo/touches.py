"""A few of each rare thing, so that every screen has something to show: photos, voids, moves."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from integrations.demo.life import Workshop
from integrations.demo.pictures import dial
from polishing.services.moving import WORK, move_record
from receipts.models import Receipt, ReturnItem
from receipts.services.facts import add_comment
from receipts.services.flow import submit
from receipts.services.photos import add_photo
from receipts.services.registration import register_receipt, renumber_receipt, void_receipt
from receipts.services.returns import change_responsible, comment_return
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_work
from receipts.states import Status

WRONG_PRESS = "нажато по ошибке"


def add_touches(workshop: Workshop, prefix: str) -> None:
    """None of them changes what the true rates count: no checked work comes or goes."""
    benches = _latest(Status.IN_WORK)
    _photos(workshop, [*_latest(Status.RECEIVED), *benches])
    _numbers(workshop, prefix)
    _responsibilities(workshop)
    if len(benches) >= 2:
        _works(workshop, benches)
    for receipt in benches[2:3]:
        igor = workshop.actors["igor"]
        add_comment(receipt_id=receipt.pk, text="Клиент звонил, просит не торопиться", actor=igor)
        submit(receipt_id=receipt.pk, actor=igor)
        void_decision(receipt_id=receipt.pk, reason=WRONG_PRESS, actor=igor)


def _latest(status: Status) -> list[Receipt]:
    return list(Receipt.objects.valid().filter(status=status).order_by("-id")[:3])


def _photos(workshop: Workshop, receipts: Sequence[Receipt]) -> None:
    looks = ((10.15, "#1f3550"), (1.8, "#202020"), (7.4, "#5b1f24"))
    for receipt, (hour, colour) in zip(receipts, looks, strict=False):
        picture = dial(hour, colour)
        add_photo(receipt_id=receipt.pk, picture=picture, actor=workshop.actors["igor"])


def _numbers(workshop: Workshop, prefix: str) -> None:
    """One registered by mistake and void, one with a mistyped number that was corrected."""
    anna, irina = workshop.actors["anna"], workshop.actors["irina"]
    mistake = register_receipt(number=f"{prefix}00000", actor=irina).object
    void_receipt(receipt_id=mistake.pk, reason="заведена дважды", actor=anna)
    mistyped = register_receipt(number=f"{prefix}999О", actor=irina).object
    renumber_receipt(
        receipt_id=mistyped.pk, number=f"{prefix}999", reason="буква вместо нуля", actor=irina
    )


def _responsibilities(workshop: Workshop) -> None:
    """An undecided item that was decided later; a comment of a person whom a return names."""
    undecided = _items().filter(responsibility=ReturnItem.Responsibility.UNDECIDED).first()
    if undecided is not None:
        change_responsible(
            receipt_id=undecided.return_case.receipt_id,
            item_id=undecided.pk,
            responsibility=ReturnItem.Responsibility.NOT_OURS,
            cause=ReturnItem.Cause.CUSTOMER,
            reason="номера стёрты при прежнем ремонте",
            actor=workshop.actors["igor"],
        )
    maxim = workshop.people["maxim"]
    named = _items().filter(responsible_id=maxim).order_by("-id").first()
    if named is not None:
        comment_return(
            receipt_id=named.return_case.receipt_id,
            item_id=named.pk,
            text="Понял, переделал и проверил под микроскопом",
            actor=workshop.actors["maxim"],
        )


def _items() -> QuerySet[ReturnItem]:
    rows = ReturnItem.objects.filter(return_case__voided_at__isnull=True)
    return rows.select_related("return_case")


def _works(workshop: Workshop, receipts: Sequence[Receipt]) -> None:
    """A work entered twice and voided; another one put on the wrong receipt and moved."""
    right, wrong = receipts[:2]
    igor = workshop.actors["igor"]
    work = WorkInput(workshop.types["assembly"], workshop.people["mark"])
    twice = record_work(receipt_id=right.pk, works=[work], actor=igor).extra["operation_ids"][0]
    void_work(receipt_id=right.pk, operation_id=twice, reason="записано дважды", actor=igor)
    stray = record_work(receipt_id=wrong.pk, works=[work], actor=igor).extra["operation_ids"][0]
    move_record(
        what=WORK,
        record_id=stray,
        from_receipt_id=wrong.pk,
        to_receipt_id=right.pk,
        reason="перепутаны квитанции",
        actor=igor,
    )
