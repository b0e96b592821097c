"""Undo of photos: none of them leaves a row or a file behind by mistake, or loses one."""

from __future__ import annotations

from typing import Any

import pytest

from receipts.models import Photo
from receipts.services.intake import fill_in
from receipts.services.photos import add_photo
from receipts.services.undoing import undo
from tests.cast import Cast, make_cast, make_worked
from tests.domain.standing import kinds_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_an_album_goes_as_a_whole_with_its_remark(cast: Cast) -> None:
    receipt, igor = make_worked(cast), cast.actor("igor")
    one: dict[str, Any] = {"receipt_id": receipt.pk, "actor": igor}
    add_photo(source="0", album="a", **one)
    add_photo(source="1", album="b", remark="scratch", **one)
    add_photo(source="2", album="b", **one)
    done = add_photo(source="3", album="b", **one)
    undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]
    left = Photo.objects.valid().filter(receipt=receipt)
    assert [row.source for row in left] == ["0"]
    assert kinds_of(receipt)[-4:] == [
        "receipt.photo_voided", "receipt.photo_voided", "receipt.photo_voided",
        "receipt.comment_voided",
    ]  # fmt: skip


def test_an_undone_photo_counts_no_more_and_its_row_stays(cast: Cast) -> None:
    receipt = make_worked(cast)
    igor = cast.actor("igor")
    done = add_photo(receipt_id=receipt.pk, source="x", actor=igor)
    undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]
    assert Photo.objects.filter(receipt=receipt).count() == 1
    assert not Photo.objects.valid().filter(receipt=receipt).exists()


def test_photos_sent_while_a_form_is_filled_in_stay_when_it_is_undone(cast: Cast) -> None:
    """Each was recorded as it came; taking one back would remove its file for good."""
    receipt, igor = make_worked(cast), cast.actor("igor")
    add_photo(receipt_id=receipt.pk, source="x", actor=igor)
    done = fill_in(receipt_id=receipt.pk, facts={"complaint": "stops"}, urgent=True, actor=igor)
    undo(command_id=done.command.pk, actor=igor)  # type: ignore[union-attr]
    receipt.refresh_from_db()
    assert (receipt.complaint, receipt.urgent) == ("", False)
    assert Photo.objects.valid().filter(receipt=receipt).count() == 1
    assert "receipt.photo_voided" not in kinds_of(receipt)
