"""What may stand in a line of the log, and what never does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, OperationalError

from tests.log_lines import Written, written
from workshop.lib.correlation import caused_by
from workshop.lib.errors import RuleViolation
from workshop.lib.masking import MASK, describe, field, mask_text

TOKEN = "123456789:AAEhBP0av28xWRs-jNqZ3kK1h2m7LrOyxAb"
GREETING = "a constant of the module: %s"


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        (f"POST https://api.telegram.org/bot{TOKEN}/sendMessage", "AAEhBP0"),
        ("call +7 916 123-45-67 back", "123"),
        ("phone 8 (916) 123-45-67", "916"),
        ("phone 89161234567.", "8916"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("api_key=sk-12345", "sk-12345"),
        ("postgresql://shop:hunter2@db/shop", "hunter2"),
        ("GET /admin/?q=Иванов", "Иванов"),
        ("GET /t/AbCd1234EfGh/", "AbCd1234EfGh"),
        ("mail olga@example.org", "olga"),
    ],
)
def test_secrets_and_personal_data_are_cut_out(text: str, canary: str) -> None:
    assert canary not in mask_text(text)


@pytest.mark.parametrize(
    "text",
    ["receipt 12345 passed", "2026-11-21 10:00 done", "took 12.345 s", "127.0.0.1:8000 started"],
)
def test_harmless_text_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("receipt_id", 7), ("duration_ms", 12), ("verb", "receipt.pass"), ("silent", True),
        ("request", "GET /admin/receipts/receipt/<path:object_id>/change/"), ("job", None),
        ("request_id", "12345678-1234-4123-8123-123456789012"),
        ("request_id", "tg-812345-99812345678"),
    ],
)  # fmt: skip
def test_words_of_the_program_stay(name: str, value: object) -> None:
    assert field(name, value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customer_name", "Ivanov"), ("phone", 79161234567), ("payload", {"name": "Ivanov"}),
        ("kind", "Иванов"), ("screen", {"name": "Ivanov"}), ("request_id", "Иванов"),
        ("chat_id", 812345), ("error", "a sentence of a library that quotes a name"),
    ],
)  # fmt: skip
def test_whatever_else_is_masked(name: str, value: object) -> None:
    assert field(name, value) == MASK


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_an_error_shows_where_and_what_but_no_data() -> None:
    shown = describe(_raised(IntegrityError("Key (phone)=(79161234567) exists")))
    assert "IntegrityError" in shown
    assert "test_masking.py" in shown
    assert "7916" not in shown


def test_codes_are_told_and_texts_are_not() -> None:
    assert "[no such table]" in describe(_raised(OperationalError("no such table: Ivanov")))
    assert "Ivanov" not in describe(_raised(OperationalError("no such table: Ivanov")))
    rule = RuleViolation("receipts.late", "%(who)s is late", params={"who": "Ivanov"})
    assert describe(_raised(rule)).startswith("workshop.lib.errors.RuleViolation [receipts.late]")
    lost = describe(_raised(FileNotFoundError(2, "Ivanov", "/media/Ivanov.jpg")))
    assert "[ENOENT No such file or directory]" in lost
    assert "Ivanov" not in lost


def test_what_caused_it_is_told_the_same_way() -> None:
    try:
        try:
            raise KeyError("Ivanov")
        except KeyError as error:
            raise ValueError("for Ivanov") from error
    except ValueError as error:
        shown = describe(error)
    assert "builtins.ValueError" in shown
    assert "because of builtins.KeyError" in shown
    assert "Ivanov" not in shown


# --- whole lines ----------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[Written]:
    with written() as found:
        yield found


def test_a_text_that_stands_in_the_code_is_told_without_its_words(log: Written) -> None:
    library = logging.getLogger("library")
    library.warning("%s came %d times, %s", "Ivanov", 3, 79161234567)
    library.warning("%(who)s came", {"who": "Ivanov"})
    library.warning(GREETING, TOKEN)
    assert [one["event"] for one in log.lines] == [
        "*** came 3 times, ***",
        "*** came",
        "a constant of the module: ***",
    ]


def _passed_on(text: str, *values: object) -> None:
    logging.getLogger("library").warning(text, *values)


def test_a_text_that_was_passed_on_stands_where_it_was_told(log: Written) -> None:
    _passed_on("%s came", "Ivanov")
    _passed_on("-".join(["Ivanov", "came"]))
    assert [one["event"] for one in log.lines] == ["*** came", MASK]


def test_a_text_that_was_put_together_is_left_out_and_its_place_named(log: Written) -> None:
    who = "Ivanov"
    logging.getLogger("asyncio").error(f"never retrieved: {who}")
    logging.getLogger("workshop").error(f"ours is no better: {who}")
    logging.getLogger("library").error(ValueError(who))
    for line in log.lines:
        assert line["event"] == MASK
        assert line["place"].startswith("workshop/tests/test_masking.py:")


def test_what_libraries_add_is_left_out(log: Written) -> None:
    logging.getLogger("library").warning("told", extra={"request": "/t/Ivanov", "status_code": 500})
    (line,) = log.of(logger="library")  # a thread of another test may write, too
    assert set(line) == {"event", "level", "logger", "timestamp"}


def test_our_own_fields_pass_by_the_list_and_facts_are_added(log: Written) -> None:
    with caused_by("job:a:1", channel="system"):
        logging.getLogger("receipts").info("told", extra={"receipt_id": 7, "customer": "Ivanov"})
    (line,) = log.of(logger="receipts")
    assert (line["receipt_id"], line["customer"]) == (7, MASK)
    assert (line["request_id"], line["channel"]) == ("job:a:1", "system")


def test_an_exception_is_told_without_its_text(log: Written) -> None:
    try:
        int("Ivanov")
    except ValueError:
        logging.getLogger("library").exception("it failed")
    (line,) = log.of(logger="library")
    assert line["level"] == "error"
    assert line["exception"].startswith("builtins.ValueError\n")
    assert "Ivanov" not in json.dumps(line)
