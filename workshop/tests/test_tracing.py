"""Spans of one cause are one trace; attributes pass the list of the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from receipts.models import Receipt
from workshop.lib import tracing
from workshop.lib.correlation import caused_by, new_id, trace_of


@pytest.fixture
def on(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    settings.OTEL_SAMPLE_PERCENT = 100
    monkeypatch.setattr(tracing, "_made", None)
    return settings


@pytest.fixture
def spans(on: Any, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "_processor", lambda: SimpleSpanProcessor(exporter))
    return exporter


@pytest.mark.django_db
def test_a_request_is_a_span_with_its_statements_below(spans: InMemorySpanExporter) -> None:
    answer = Client().get("/admin/login/?next=Ivanov")
    *below, request = spans.get_finished_spans()
    assert request.name == "GET /admin/login/"
    assert request.attributes == {
        "request_id": answer["X-Request-ID"],
        "channel": "admin",
        "code": 200,
    }
    assert {one.context.trace_id for one in below} <= {trace_of(answer["X-Request-ID"])}
    assert request.context.trace_id == int(answer["X-Request-ID"].replace("-", ""), 16)


@pytest.mark.django_db
def test_a_statement_is_named_after_who_asked(spans: InMemorySpanExporter) -> None:
    with caused_by("job:a:1", job="a"), tracing.door("job"):
        Receipt.objects.filter(number="Ivanov").exists()
    statement, job = spans.get_finished_spans()
    assert statement.name.endswith("test_a_statement_is_named_after_who_asked")
    assert set(statement.attributes or {}) == {"kind"}
    assert statement.parent is not None
    assert statement.parent.span_id == job.context.span_id
    Receipt.objects.count()
    assert len(spans.get_finished_spans()) == 2, "outside of a door nothing is recorded"


def test_what_comes_later_of_the_same_cause_is_the_same_trace(spans: InMemorySpanExporter) -> None:
    for door in ("step", "relay", "webhook"):
        with caused_by("tg-1-7"), tracing.door(door):
            pass
    with caused_by("tg-1-8"), tracing.door("step"):
        pass
    *same, other = [one.context.trace_id for one in spans.get_finished_spans()]
    assert set(same) == {trace_of("tg-1-7")}
    assert other != same[0]


def test_an_error_is_told_by_type_and_attributes_by_the_list(spans: InMemorySpanExporter) -> None:
    with (
        pytest.raises(ValueError, match="Ivanov"),
        caused_by("tg-1-7"),
        tracing.door("step", customer="Ivanov", screen="card"),
    ):
        raise ValueError("Ivanov")
    (span,) = spans.get_finished_spans()
    assert span.status.description == "builtins.ValueError"
    assert (span.attributes or {})["customer"] == "***"
    assert "Ivanov" not in span.to_json()


def test_a_share_of_the_causes_is_recorded_whatever_their_ids_look_like(on: Any) -> None:
    on.OTEL_SAMPLE_PERCENT = 10
    kinds = [[new_id() for _ in range(3000)], [f"tg-8123-{n}" for n in range(3000)]]
    for ids in kinds:
        share = sum(tracing.is_recorded(one) for one in ids) / len(ids)
        assert 0.07 < share < 0.13
    on.OTEL_SAMPLE_PERCENT = 0
    assert not any(tracing.is_recorded(one) for one in kinds[0])


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest], list[str]]]:
    """What takes traces over OTLP, on loopback."""
    taken: list[ExportTraceServiceRequest] = []
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(ExportTraceServiceRequest.FromString(body))
            keys.append(self.headers["X-Key"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken, keys
    server.shutdown()
    server.server_close()
    thread.join()


def test_spans_leave_over_otlp_and_name_neither_host_nor_command(on: Any, collector: Any) -> None:
    on.OTEL_EXPORTER_OTLP_ENDPOINT, taken, keys = collector
    on.OTEL_EXPORTER_OTLP_HEADERS = "X-Key=abc"
    with caused_by("tg-1-7"), tracing.door("step"):
        pass
    tracing.flush()
    (resource,) = taken[0].resource_spans
    told = {one.key for one in resource.resource.attributes}
    assert told == {"service.name", "service.version", "program"}
    assert resource.scope_spans[0].spans[0].trace_id == trace_of("tg-1-7").to_bytes(16)
    assert keys == ["abc"]
