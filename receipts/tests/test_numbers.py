"""Receipt numbers: what is shown, what is equal, what is similar, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipts.numbers import (
    MAX_LENGTH,
    Number,
    normalise_number,
    other_spellings,
    similar_key,
    split_numbers,
)
from workshop.lib.errors import RuleViolation

CYRILLIC = "АВЕКМНОРСТУХ"
LATIN = "ABEKMHOPCTYX"


@pytest.mark.parametrize(
    ("raw", "display", "key"),
    [
        ("123", "123", "123"),
        ("  123\n", "123", "123"),
        ("№123", "123", "123"),
        ("№ 123", "123", "123"),
        ("#00123", "00123", "00123"),
        ("# № 7", "7", "7"),
        ("12–34", "12-34", "12-34"),
        ("12—34", "12-34", "12-34"),
        ("12−34", "12-34", "12-34"),
        ("12‑34", "12-34", "12-34"),
        ("АВ  12\u00a034", "АВ 12 34", "ab1234"),
        ("Кв/12.3_4", "Кв/12.3_4", "kb/12.3_4"),
        ("жЁ-5", "жЁ-5", "жё-5"),
        ("и\u0306-1", "й-1", "й-1"),
    ],
)
def test_shown_form_and_key(raw: str, display: str, key: str) -> None:
    assert normalise_number(raw) == Number(display=display, key=key)


@pytest.mark.parametrize(("cyrillic", "latin"), list(zip(CYRILLIC, LATIN, strict=True)))
def test_look_alikes_are_equal_in_both_cases(cyrillic: str, latin: str) -> None:
    variants = (cyrillic, cyrillic.lower(), latin, latin.lower())
    assert {normalise_number(f"{letter}1").key for letter in variants} == {f"{latin.lower()}1"}


def test_letters_that_only_sound_alike_stay_different() -> None:
    assert normalise_number("Б1").key != normalise_number("B1").key
    assert normalise_number("Г1").key != normalise_number("G1").key


@pytest.mark.parametrize("raw", ["", "   ", "№", " # № ", "\n\t"])
def test_nothing_is_refused(raw: str) -> None:
    assert refused(raw) == "receipts.number_required"


@pytest.mark.parametrize(
    "raw",
    [
        "12\x0034",
        "12\x1b34",
        "12\n34",
        "12\t34",
        "12\u200b34",
        "\u202e12",
        "<b>1",
        "1&2",
        "1>2",
        "12⌚",
        "12🔥",
        "12,34",
        "12;34",
        "12:34",
        "a'1",
        'a"1',
        "1+1",
        "=1",
        "12²",
        "1№2",
        "e\u0301\u0301",
        "-",
        "./_",
        "\ud800",
    ],
)
def test_anything_else_is_refused(raw: str) -> None:
    assert refused(raw) == "receipts.number_invalid"


def test_length_is_counted_after_cleaning() -> None:
    longest = "1" * MAX_LENGTH
    assert normalise_number(f"№  {longest} ").display == longest
    assert refused(longest + "1") == "receipts.number_too_long"
    assert refused("1" * 100_000) == "receipts.number_too_long"


def test_the_key_is_bounded_too() -> None:
    assert normalise_number("ß" * 16).key == "s" * 32
    assert refused("ß" * 17) == "receipts.number_too_long"


@pytest.mark.parametrize(
    ("one", "other"),
    [("00123", "123"), ("А-007", "A7"), ("12-3", "123"), ("12/003", "12-3"), ("000", "0")],
)
def test_similar_but_not_equal(one: str, other: str) -> None:
    first, second = normalise_number(one), normalise_number(other)
    assert first.key != second.key
    assert similar_key(first.key) == similar_key(second.key)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("D-1361", "д-1361"),  # by the sound
        ("L-1361", "д-1361"),  # by the key
        ("Д-1361", "d-1361"),
        ("Jvtuf", "омега"),
        ("Jvtuf", "omega"),  # both at once
        ("Щьупф", "omega"),
        ("Лонжин", "lonzhin"),
    ],
)
def test_other_spellings(typed: str, meant: str) -> None:
    assert meant in other_spellings(typed)


@pytest.mark.parametrize("typed", ["1361", "12-34", "", "🔥"])
def test_digits_have_no_other_spelling(typed: str) -> None:
    assert other_spellings(typed) == ()


@pytest.mark.parametrize(
    ("one", "other"), [("1230", "123"), ("1023", "123"), ("0", "1"), ("A1", "B1")]
)
def test_not_similar(one: str, other: str) -> None:
    assert similar_key(normalise_number(one).key) != similar_key(normalise_number(other).key)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        (" ,;\n ", []),
        ("101", ["101"]),
        ("101, 102;103\n104", ["101", "102", "103", "104"]),
        ("101 102", ["101", "102"]),
        ("№101 №102", ["101", "102"]),
        ("№ 101 № 102", ["101", "102"]),
        ("№101, № 102", ["101", "102"]),
        ("A 12", ["A 12"]),
        ("A12 B13", ["A12", "B13"]),
        ("кв 12, кв 13", ["кв 12", "кв 13"]),
        ("102 101 102", ["102", "101"]),
        ("А-1, a-1, №A-1", ["А-1"]),
        ("00123 123", ["00123", "123"]),
        ("12 <b>", ["12 <b>"]),
        ("12, ⌚, 13", ["12", "⌚", "13"]),
    ],
)
def test_several_numbers_in_one_message(text: str, numbers: list[str]) -> None:
    assert split_numbers(text) == numbers


@given(st.text(max_size=40) | st.text(alphabet="№# -–01АаЖßİ\u00a0/._\t", max_size=40))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    try:
        once = normalise_number(raw)
    except RuleViolation:
        assert refused(raw).startswith("receipts.number_")
    else:
        assert normalise_number(once.display) == once
        assert 0 < len(once.display) <= MAX_LENGTH
        assert 0 < len(once.key) <= MAX_LENGTH


@given(st.text(max_size=80) | st.text(alphabet="№# 12A,;\n", max_size=30))
def test_splitting_never_fails_and_repeats_nothing(text: str) -> None:
    pieces = split_numbers(text)
    assert all(pieces)
    assert len(set(pieces)) == len(pieces)


def refused(raw: str) -> str:
    """The code of the refusal of ``raw``; its text must be readable."""
    with pytest.raises(RuleViolation) as caught:
        normalise_number(raw)
    assert caught.value.field == "number"
    assert caught.value.text()
    return caught.value.code
