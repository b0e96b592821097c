"""``rebuild_projections``: what the events say is what the rows show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from history.models import Event
from receipts.models import Receipt
from receipts.services import rebuilding
from receipts.services.rebuilding import deviations, repair
from receipts.services.registration import register_receipt, void_receipt
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt, make_submitted

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _call(*options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("rebuild_projections", *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_an_empty_workshop_has_no_difference() -> None:
    out, err = _call("--check")
    assert "0 looked at" in out
    assert err == ""


def test_all_is_well_in_every_status_also_when_void(cast: Cast) -> None:
    for make in (make_receipt, make_in_work, make_submitted, make_ready):
        make(cast)
    receipt = register_receipt(
        number="V-1", deadline=AT + timedelta(days=1), actor=cast.actor("igor"), at=AT
    ).object
    void_receipt(receipt_id=receipt.pk, reason="twice", actor=cast.actor("anna"), at=AT)
    out, _err = _call("--check")
    assert "5 looked at" in out


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "ready"),
        ("version", 99),
        ("master_id", None),
        ("deadline", AT),
        ("urgent", True),
        ("number", "other"),
        ("status_since", AT),
        ("issued_at", AT),
        ("voided_at", AT),
        ("label_outdated", True),
    ],
)
def test_a_changed_field_is_found_and_repaired(cast: Cast, field: str, value: Any) -> None:
    receipt, other = make_in_work(cast), make_in_work(cast)
    Receipt.objects.filter(pk=receipt.pk).update(**{field: value})
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="1 receipts differ"):
        call_command("rebuild_projections", "--check", stdout=out, stderr=err)
    assert f"receipt {receipt.pk}, {field}" in err.getvalue()
    assert f"receipt {other.pk}" not in err.getvalue()
    assert getattr(Receipt.objects.get(pk=receipt.pk), field) == value, "--check repairs nothing"

    events = Event.objects.count()
    out_text, _err = _call()
    assert "1 receipts repaired" in out_text
    assert Receipt.objects.get(pk=receipt.pk) == receipt
    assert getattr(Receipt.objects.get(pk=receipt.pk), field) == getattr(receipt, field)
    assert Event.objects.count() == events
    _call("--check")


def test_memory_and_queries_do_not_grow_with_the_number(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    for _ in range(7):
        make_receipt(cast)
    monkeypatch.setattr(rebuilding, "CHUNK", 3)
    with django_assert_num_queries(3 * 2 + 1):
        assert list(deviations()) == []


def test_repairing_what_is_right_changes_nothing(cast: Cast) -> None:
    receipt = make_ready(cast)
    assert repair(receipt.pk) == {}
