"""Passing a watch and settling what is missing, by one command."""

from __future__ import annotations

import pytest

from receipts.models import Operation, Receipt, WaiverReason
from receipts.services.completing import WaiverInput, complete_and_pass
from receipts.services.works import WorkInput
from tests.cast import Cast, make_cast, make_in_work, make_order, type_id
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import RuleViolation, StaleState

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _works(cast: Cast) -> list[WorkInput]:
    return [WorkInput(type_id("assembly"), cast.maxim.pk)]


@pytest.mark.parametrize("field", ["version", "status", "master_id"])
def test_what_the_screen_showed_is_asked_once(cast: Cast, field: str) -> None:
    receipt = make_in_work(cast)
    shown = {field: getattr(receipt, field)}
    with writes("receipt.work_recorded", "receipt.passed"):
        complete_and_pass(
            receipt_id=receipt.pk, works=_works(cast), expected=shown, actor=cast.actor("igor")
        )
    other = make_in_work(cast)
    with refused(StaleState, "receipts.changed_meanwhile", "version"):
        complete_and_pass(
            receipt_id=other.pk,
            works=_works(cast),
            expected={"version": 99},
            actor=cast.actor("igor"),
        )


def test_who_comes_second_records_nothing_twice(cast: Cast) -> None:
    receipt = make_in_work(cast)
    complete_and_pass(receipt_id=receipt.pk, works=_works(cast), actor=cast.actor("igor"))
    with writes():
        again = complete_and_pass(
            receipt_id=receipt.pk,
            works=_works(cast),
            expected={"status": "in_work"},
            actor=cast.actor("ivan"),
        )
    assert again.already is not None
    assert again.already.who == cast.igor.short_name
    assert Operation.objects.count() == 1


def test_a_waiver_and_all_or_nothing(cast: Cast) -> None:
    receipt = make_in_work(cast)
    waiver = WaiverInput(type_id("assembly"), WaiverReason.objects.get(code="other").pk)
    make_order(cast, receipt)
    with refused(RuleViolation, "receipts.part_detached", "parts"):
        complete_and_pass(receipt_id=receipt.pk, waivers=[waiver], actor=cast.actor("igor"))
    other = make_in_work(cast)
    with writes("receipt.work_waived", "receipt.passed"):
        complete_and_pass(receipt_id=other.pk, waivers=[waiver], actor=cast.actor("igor"))
    assert Receipt.objects.get(pk=other.pk).status == "ready"
