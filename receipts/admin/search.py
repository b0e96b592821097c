"""Search of the receipts list: exact answers from indexes first, parts of words only after."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex

from receipts.models import Customer, Receipt, ReceiptNumber, Watch
from receipts.numbers import fold_serial, normalise_number, similar_key
from receipts.phones import looks_like_phone, normalise_phone
from workshop.lib.errors import RuleViolation

CANDIDATES: Final = 1_000
"""Watches looked at for a part of a brand; more would not be a search any more."""


def search_receipts(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Number (also an earlier or a similar one), serial, phone exactly; else parts of them."""
    text = text.replace("\x00", "").strip().lstrip("№#").strip()[:100]
    if not text:
        return rows
    exact = _exact(text)
    if exact and Receipt.objects.filter(pk__in=exact).exists():
        return rows.filter(pk__in=exact)
    return _broad(rows, text)


def _key(text: str) -> str:
    try:
        return normalise_number(text).key
    except RuleViolation:  # no number: it may still be a brand or a phone
        return ""


def _exact(text: str) -> list[int]:
    """Ids found by indexes alone."""
    key, found = _key(text), set()
    if key:
        found |= _ids(Receipt.objects.filter(Q(number_key=key) | Q(similar_key=similar_key(key))))
        earlier = ReceiptNumber.objects.filter(number_key=key)
        found |= set(earlier.values_list("receipt_id", flat=True)[:CANDIDATES])
    serial = fold_serial(text)
    if serial:
        watches = Watch.objects.filter(Q(serial_key=serial) | Q(movement_key=serial))
        found |= _of(watches, "watch_id__in")
    if looks_like_phone(text):
        found |= _of(Customer.objects.filter(phone=normalise_phone(text)), "customer_id__in")
    return sorted(found)


def _ids(rows: QuerySet[Any]) -> set[int]:
    return set(rows.order_by("-pk").values_list("pk", flat=True)[:CANDIDATES])


def _of(rows: QuerySet[Any], lookup: str) -> set[int]:
    return _ids(Receipt.objects.filter(**{lookup: sorted(_ids(rows))}))


def _broad(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Every word is a part of the number, or of the watch's brand, model or serial."""
    for word in text.split()[:5]:
        watches = Watch.objects.filter(
            Q(brand__icontains=word) | Q(model__icontains=word) | Q(serial__icontains=word)
        )
        found = Q(watch_id__in=sorted(_ids(watches)))
        key = _key(word)
        if key:
            rows = rows.alias(**{f"at_{key.encode().hex()}": StrIndex(F("number_key"), Value(key))})
            found |= Q(**{f"at_{key.encode().hex()}__gt": 0})
        rows = rows.filter(found)
    return rows
