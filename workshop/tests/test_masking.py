import json
import logging

import pytest
import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError

from workshop.lib.errors import RuleViolation
from workshop.lib.masking import MASK, describe, mask_event, mask_text

TOKEN = "123456789:AAEhBP0av28xWRs-jNqZ3kK1h2m7LrOyxAb"


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


def test_only_known_fields_pass() -> None:
    event = {
        "event": "passed",
        "receipt_id": 7,
        "duration_ms": 12,
        "customer_name": "Иванов",
        "phone": 79161234567,
        "payload": {"name": "Иванов"},
        "silent": True,
        "_record": "internal",
    }
    assert mask_event(None, "info", dict(event)) == event | {
        "customer_name": MASK,
        "phone": MASK,
        "payload": MASK,
    }


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


def test_errors_without_people_in_them_keep_their_text() -> None:
    assert "no such table" in describe(_raised(OperationalError("no such table: x")))
    rule = RuleViolation("receipts.late", "%(who)s is late", params={"who": "Иванов"})
    assert describe(_raised(rule)).startswith("workshop.lib.errors.RuleViolation [receipts.late]")
    assert "Иванов" not in describe(_raised(rule))


def test_a_line_of_the_log_is_one_masked_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=settings.LOGGING["formatters"]["line"]["foreign_pre_chain"],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    try:
        raise ValueError("Иванов")
    except ValueError:
        record = logging.getLogger("library").makeRecord(
            "library", logging.ERROR, __file__, 1, "for %s", (TOKEN,), _exc_info()
        )
    line = json.loads(formatter.format(record))
    assert line["level"] == "error"
    assert line["event"] == f"for {MASK}"
    assert "ValueError" in line["exception"]
    assert "Иванов" not in json.dumps(line, ensure_ascii=False)


def _exc_info():  # type: ignore[no-untyped-def]
    import sys

    return sys.exc_info()
