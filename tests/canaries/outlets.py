"""Everything that leaves the product for those who run it: log, reports, traces, numbers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sentry_sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.canaries.planted import Cage
from tests.log_lines import CONSOLE, JSON, Written, written
from workshop.lib import error_reports, scraping, tracing
from workshop.tests.test_error_reports import DSN, Kept


@dataclass
class Outlets:
    """``texts`` is what came out, by name."""

    json: Written
    console: Written
    reports: Kept
    spans: InMemorySpanExporter

    def texts(self) -> dict[str, str]:
        return {
            "json": self.json.text,
            "console": self.console.text,
            "reports": "\n".join(self.reports.texts()),
            "spans": "\n".join(one.to_json() for one in self.spans.get_finished_spans()),
            "metrics": scraping.everything().decode(),
        }

    def leaks(self, cage: Cage) -> list[str]:
        """Where which canary came out."""
        return [
            f"{name}: {one.kind} {one.value} in {_place(text, one.core)}"
            for name, text in self.texts().items()
            for one in cage.found_in(text)
        ]


def _place(text: str, core: str) -> str:
    line = next((one for one in text.splitlines() if core.casefold() in one.casefold()), "?")
    return line[:400]


@contextmanager
def open_outlets(settings: Any, patch: pytest.MonkeyPatch) -> Iterator[Outlets]:
    """Sentry with its real library but for the network, all causes traced, the log in full."""
    settings.SENTRY_DSN = DSN
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    settings.OTEL_SAMPLE_PERCENT = 100
    kept, spans = Kept(), InMemorySpanExporter()
    patch.setattr(tracing, "_made", None)
    patch.setattr(tracing, "_processor", lambda: SimpleSpanProcessor(spans))
    error_reports.start(transport=kept)
    with ExitStack() as stack:
        stack.callback(sentry_sdk.get_global_scope().set_client, None)
        stack.callback(lambda: sentry_sdk.get_client().close())
        lines = stack.enter_context(written(JSON, level=logging.DEBUG))
        console = stack.enter_context(written(CONSOLE, level=logging.DEBUG))
        yield Outlets(lines, console, kept, spans)
