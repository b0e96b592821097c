"""Facts, urgency, comments, the customer's link, photos."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from PIL import Image

from history.render import line
from receipts.events.facts import FactsChanged
from receipts.models import Photo, Receipt
from receipts.services import images
from receipts.services.facts import add_comment, edit_facts, revoke_public_link, set_urgent
from receipts.services.photos import (
    add_photo,
    complete_photo,
    fail_photo,
    load_photo_again,
    void_photo,
)
from receipts.services.watches import create_watch
from tests.cast import Cast, make_cast, make_receipt, make_submitted, type_id
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotFound, RuleViolation, StaleState

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _edit(cast: Cast, receipt: Receipt, facts: dict[str, Any], **more: Any) -> Any:
    return edit_facts(receipt_id=receipt.pk, facts=facts, actor=cast.actor("igor"), **more)


def test_many_facts_one_event_old_and_new(cast: Cast) -> None:
    receipt = make_receipt(cast)
    watch = create_watch(values={"brand": "Ракета"}, actor=cast.actor("igor")).object
    facts = {
        "watch": watch.pk,
        "complaint": " stops\r\nat night ",
        "links_count": 12,
        "declared_value": "12 500,50",
        "do_not_polish": True,
        "agreed_works": [type_id("assembly")],
        "visit_kind": "warranty",
        "place": "",
    }
    with writes("receipt.facts_changed") as events:
        outcome = _edit(cast, receipt, facts)
    assert events[0].payload["changes"] == {
        "watch": ["", "Ракета"],
        "complaint": ["", "stops\nat night"],
        "links_count": ["", "12"],
        "declared_value": ["", "12500.50"],
        "do_not_polish": ["−", "+"],
        "agreed_works": ["", "Сборка"],
        "visit_kind": ["новое", "гарантийное"],
    }
    row = Receipt.objects.get()
    assert (row.declared_value, row.version) == (Decimal("12500.50"), outcome.object.version)
    with writes():
        _edit(cast, receipt, facts)
    with writes("receipt.facts_changed") as events:
        _edit(cast, receipt, {"watch": None, "declared_value": "", "agreed_works": []})
    assert events[0].payload["changes"]["declared_value"] == ["12500.50", ""]
    with translation.override("ru"):
        assert "12\xa0500,50 → –" in line(events[0]).words
    assert Receipt.objects.get().watch is None


def test_refusals(cast: Cast) -> None:
    receipt = make_receipt(cast)
    cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
        ({"status": "ready"}, RuleViolation, "receipts.fact_unknown", "status"),
        ({"deadline": AT}, RuleViolation, "receipts.fact_unknown", "deadline"),
        ({"declared_value": "dear"}, RuleViolation, "receipts.fact_invalid", "declared_value"),
        ({"agreed_price": "-1"}, RuleViolation, "receipts.fact_invalid", "agreed_price"),
        ({"agreed_price": "NaN"}, RuleViolation, "receipts.fact_invalid", "agreed_price"),
        ({"prepayment": "1e99"}, RuleViolation, "receipts.fact_invalid", "prepayment"),
        ({"links_count": "many"}, RuleViolation, "receipts.fact_invalid", "links_count"),
        ({"visit_kind": "holiday"}, RuleViolation, "receipts.fact_invalid", "visit_kind"),
        ({"do_not_polish": None}, RuleViolation, "receipts.fact_invalid", "do_not_polish"),
        ({"place": "x" * 61}, RuleViolation, "text.too_long", "place"),
        ({"complaint": "a\0b"}, RuleViolation, "text.control_characters", "complaint"),
        ({"watch": 10**9}, NotFound, "receipts.unknown_choice", "watch"),
        ({"repeats": receipt.pk}, NotFound, "receipts.unknown_choice", "repeats"),
        ({"agreed_works": [10**9]}, NotFound, "receipts.unknown_choice", "agreed_works"),
    ]
    for facts, kind, code, field in cases:
        with refused(kind, code, field):
            _edit(cast, receipt, {"condition": "worn"} | facts)
    with refused(StaleState, "receipts.changed_meanwhile", "version"):
        _edit(cast, receipt, {"place": "A"}, expected={"version": 9})


def test_urgent_and_comment(cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor = cast.actor("igor")
    with writes("receipt.urgency_changed") as events:
        set_urgent(receipt_id=receipt.pk, urgent=True, actor=igor)
    assert events[0].payload == {"urgent": True}
    with writes():
        set_urgent(receipt_id=receipt.pk, urgent=True, actor=igor)
    with writes("receipt.comment_added") as events:
        add_comment(receipt_id=receipt.pk, text=" <b>hello</b> ", actor=igor)
    assert events[0].payload == {"text": "<b>hello</b>"}
    with refused(RuleViolation, "text.required", "comment"):
        add_comment(receipt_id=receipt.pk, text=" ", actor=igor)
    with refused(RuleViolation, "text.too_long", "comment"):
        add_comment(receipt_id=receipt.pk, text="x" * 2001, actor=igor)


def test_the_customers_link(cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor = cast.actor("igor")
    with writes("receipt.public_link_revoked") as events:
        revoke_public_link(receipt_id=receipt.pk, actor=igor, at=AT)
    assert events[0].payload == {"renewed": False}
    assert Receipt.objects.get().public_token_revoked_at == AT
    with writes():
        revoke_public_link(receipt_id=receipt.pk, actor=igor)
    with writes("receipt.public_link_revoked"):
        revoke_public_link(receipt_id=receipt.pk, renew=True, actor=igor)
    row = Receipt.objects.get()
    assert (row.public_token_revoked_at, row.public_token != receipt.public_token) == (None, True)
    assert row.label_token == receipt.label_token


class TestPhotos:
    def _picture(self) -> images.Picture:
        import io

        out = io.BytesIO()
        Image.new("RGB", (8, 6), "red").save(out, "PNG")
        return images.re_encode(out.getvalue())

    def test_the_stage_follows_from_the_status(self, cast: Cast, media: Any) -> None:
        igor = cast.actor("igor")
        received, at_qc = make_receipt(cast), make_submitted(cast)
        for receipt, stage in ((received, "intake"), (at_qc, "qc")):
            with writes("receipt.photo_added") as events:
                row = add_photo(receipt_id=receipt.pk, source="id", actor=igor, at=AT).object
            assert events[0].payload == {"photo_id": row.pk, "stage": stage, "album": ""}
            assert (row.state, row.taken_by_id, row.taken_at) == ("pending", cast.igor.pk, AT)

    def test_voided_the_file_goes_the_hash_stays(
        self, cast: Cast, media: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        igor = cast.actor("igor")
        receipt = make_receipt(cast)
        row = add_photo(receipt_id=receipt.pk, picture=self._picture(), actor=igor).object
        name = row.file.name
        assert default_storage.exists(name)
        with refused(RuleViolation, "text.required", "reason"):
            void_photo(photo_id=row.pk, reason="", actor=igor)
        assert default_storage.exists(name)
        with (
            writes("receipt.photo_voided") as events,
            django_capture_on_commit_callbacks(execute=True),
        ):
            void_photo(photo_id=row.pk, reason="another watch", actor=igor)
        assert not default_storage.exists(name)
        row.refresh_from_db()
        assert (row.content_hash, row.is_void, row.file.name) == (
            events[0].payload["content_hash"], True, "",
        )  # fmt: skip
        with refused(RuleViolation, "receipts.already_void", "photo"):
            void_photo(photo_id=row.pk, reason="x", actor=igor)
        with refused(NotFound, "photos.no_such_photo", "photo"):
            void_photo(photo_id=10**9, reason="x", actor=igor)

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_receipt(cast)
        igor = cast.actor("igor")
        with refused(RuleViolation, "photos.nothing", "photo"):
            add_photo(receipt_id=receipt.pk, actor=igor)
        with refused(NotFound, "receipts.unknown_choice", "stage"):
            add_photo(receipt_id=receipt.pk, source="id", stage="moon", actor=igor)

    def test_the_file_follows_later_or_fails(self, cast: Cast, media: Any) -> None:
        receipt = make_receipt(cast)
        row = add_photo(receipt_id=receipt.pk, source="id", actor=cast.actor("igor")).object
        with writes():
            assert complete_photo(photo_id=row.pk, content=b"no picture").state == "failed"
            assert complete_photo(photo_id=row.pk, content=self._picture().content).state == "ready"
            fail_photo(photo_id=row.pk, error="late")
            load_photo_again(photo_id=row.pk)
        assert Photo.objects.get().state == "ready"

    def test_a_failed_one_is_loaded_again_on_demand(self, cast: Cast, media: Any) -> None:
        receipt = make_receipt(cast)
        igor = cast.actor("igor")
        row = add_photo(receipt_id=receipt.pk, source="id", actor=igor).object
        with writes():
            fail_photo(photo_id=row.pk, error="file is too big")
            assert load_photo_again(photo_id=row.pk).state == "pending"
            fail_photo(photo_id=row.pk, error="file is too big")
        void_photo(photo_id=row.pk, reason="не те часы", actor=igor)
        with writes():
            assert load_photo_again(photo_id=row.pk).state == "failed", "nobody needs it any more"


def test_amounts_and_customers_in_words() -> None:
    changes = {"prepayment": ["2000.00", "2000.5"], "customer": ["7", ""]}
    with translation.override("ru"):
        words = FactsChanged(changes=changes).words()
    assert "2\xa0000 → 2\xa0000,50" in words
    assert words.endswith("записано → –")
