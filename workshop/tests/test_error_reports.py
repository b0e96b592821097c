"""What reaches Sentry is what the log may say, and nothing of what the library collects."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from workshop.lib import error_reports
from workshop.lib.correlation import caused_by

DSN = "https://public@sentry.invalid/1"
CANARY = "Ivanov-79161234567"

logger = logging.getLogger("receipts.tests")


class Kept(Transport):
    """The library up to the last byte, without a network."""

    envelopes: list[Envelope]

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.envelopes = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)

    def texts(self) -> list[str]:
        return [one.serialize().decode() for one in self.envelopes]

    def events(self) -> list[Any]:
        return [one.get_event() for one in self.envelopes]


@pytest.fixture
def sent(settings: Any) -> Iterator[Kept]:
    settings.SENTRY_DSN = DSN
    kept = Kept()
    error_reports.start(transport=kept)
    yield kept
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def _fail(hidden: str) -> None:
    local = f"local {hidden}"
    raise KeyError(local)


def test_a_report_says_what_and_where_and_quotes_nothing(sent: Kept) -> None:
    with caused_by("tg-1-7", channel="bot", receipt_id=12):
        logger.info("before %s", CANARY)
        try:
            _fail(CANARY)
        except KeyError:
            logger.exception("it failed for %s", CANARY, extra={"screen": "card", "who": CANARY})
    (event,) = sent.events()
    assert CANARY not in sent.texts()[0]
    assert event["logentry"]["message"] == "it failed for ***"
    assert event["tags"]["request_id"] == "tg-1-7"
    assert (event["tags"]["receipt_id"], event["tags"]["screen"]) == ("12", "card")
    assert [one["message"] for one in event["breadcrumbs"]["values"]] == ["before ***"]
    (told,) = event["exception"]["values"]
    assert (told["type"], told["value"]) == ("KeyError", "")
    frames = told["stacktrace"]["frames"]
    assert frames[-1]["function"] == "_fail"
    assert set(frames[-1]) == {"filename", "lineno", "function", "in_app"}
    assert not {"request", "user", "extra", "contexts", "modules", "threads"} & set(event)


def test_only_lines_of_the_same_cause_come_with_it(sent: Kept) -> None:
    with caused_by("job:a:1"):
        logger.info("of something else")
    with caused_by("job:b:2"):
        logger.error("wrong")
    (event,) = sent.events()
    assert event["breadcrumbs"]["values"] == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda: sentry_sdk.capture_message(CANARY),
        lambda: sentry_sdk.capture_exception(ValueError(CANARY)),
        lambda: sentry_sdk.add_breadcrumb(message=CANARY),
    ],
)
def test_what_does_not_come_from_the_log_does_not_leave(
    sent: Kept, ask: Callable[[], object]
) -> None:
    ask()
    logger.error("afterwards")
    assert CANARY not in "".join(sent.texts())
    assert len(sent.events()) == 1


def test_a_wrong_address_is_named_and_not_shown(settings: Any) -> None:
    settings.SENTRY_DSN = "https://secret-words"
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN") as raised:
        error_reports.start()
    assert "secret-words" not in str(raised.value)


def test_nothing_of_it_is_loaded_that_no_setting_asks_for() -> None:
    """Neither Sentry nor OpenTelemetry, whose libraries are large."""
    program = (
        "import django, sys, json; django.setup(); import workshop.middleware, botapp.step;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not {"sentry_sdk", "opentelemetry"} & set(json.loads(done.stdout))
