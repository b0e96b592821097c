"""Phones: every way a person writes one is one E.164 number."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipts.phones import looks_like_phone, mask_phone, normalise_phone
from workshop.lib.errors import RuleViolation


@pytest.mark.parametrize(
    "raw",
    [
        "+79161234567",
        "+7 916 123-45-67",
        "+7 (916) 123-45-67",
        "8 (916) 123-45-67",
        "89161234567",
        "8-916-123-45-67",
        "8.916.123.45.67",
        "916 123 45 67",
        "9161234567",
        "7 916 123 45 67",
        "79161234567",
        "  +7\u00a0916\u00a0123–45–67 ",
        "\uff0b7 916 123 45 67",
    ],
)
def test_one_number_however_it_is_written(raw: str) -> None:
    assert normalise_phone(raw) == "+79161234567"
    assert looks_like_phone(raw)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("8 495 123-45-67", "RU", "+74951234567"),
        ("+49 30 123456", "RU", "+4930123456"),
        ("030 123456", "DE", "+4930123456"),
        ("+375 29 123-45-67", "RU", "+375291234567"),
    ],
)
def test_other_numbers_and_regions(raw: str, region: str, expected: str) -> None:
    assert normalise_phone(raw, region) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "+",
        "-",
        "123",
        "00123",
        "112",
        "123-45-67",
        "+7 916 123-45-6",
        "+7 916 123-45-67-8",
        "+8 916 123 45 67",
        "1234567890",
        "+999 123456789",
        "8-800-FLOWERS",
        "тел. 89161234567",
        "Иванов 89161234567",
        "89161234567 доб. 12",
        "8916123456x",
        "8916\x001234567",
        "tel:+79161234567",
        "++79161234567",
        "8916\n1234567",
        "9" * 100_000,
        "89161234567" + " " * 80 + "x",
    ],
)
def test_what_is_no_complete_number_is_refused(raw: str) -> None:
    assert not looks_like_phone(raw)
    with pytest.raises(RuleViolation) as caught:
        normalise_phone(raw)
    assert caught.value.code == "receipts.phone_invalid"
    assert caught.value.field == "phone"
    assert "+7 912" in caught.value.text()


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+79161234567", "•••67"), ("8 (916) 123-45-6-7", "•••67"), ("", ""), ("нет", "")],
)
def test_only_two_digits_are_ever_shown(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(st.text(max_size=60) | st.text(alphabet="+0123456789 ()-.", max_size=20))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    if looks_like_phone(raw):
        once = normalise_phone(raw)
        assert normalise_phone(once) == once
        assert once[0] == "+"
        assert once[1:].isdecimal()
        assert len(once) <= 16


def test_the_quick_way_says_what_the_library_says() -> None:
    """Every prefix of Russian mobile numbers, in the layouts that are read without the library."""
    for prefix in range(900, 1000):
        for layout in ("+7{}1234567", "+7 ({}) 000-00-01", "+7 {} 999 99 99"):
            raw = layout.format(prefix)
            found = phonenumbers.parse(raw, "RU")
            if phonenumbers.is_valid_number(found):
                usual = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
                assert normalise_phone(raw) == usual
            else:
                with pytest.raises(RuleViolation):
                    normalise_phone(raw)
