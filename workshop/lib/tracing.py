"""Traces over OTLP, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set: what took how long, of one cause.

The id of a trace is made from the correlation id (``correlation.trace_of``), so that whatever one
press leads to in any process, now or an hour later, is one trace; and whether it is recorded is
decided by the id alone, for all of them alike. A door (:func:`door`) begins a span where its cause
is to be recorded; inside of one :func:`span` adds others. Attributes pass the list of the log.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from django.conf import settings

from workshop.lib import correlation, masking
from workshop.lib.describing import title
from workshop.lib.errors import WorkshopError
from workshop.lib.process import program

SERVICE: Final = "repassage"
TIMEOUT: Final = 5.0  # seconds for the collector
# Of an id the bits that are random in a UUID too: its upper ones say what it is.
_RANDOM: Final = (1 << 56) - 1

_active: ContextVar[Any] = ContextVar("span", default=None)
_lock = threading.Lock()


@dataclass(frozen=True)
class _Made:
    pid: int
    provider: Any
    tracer: Any


_made: _Made | None = None


class Span:
    """One piece of work. Not recorded: it does nothing."""

    def rename(self, name: str) -> None:
        """What it is called when more is known than at its begin."""

    def note(self, **attributes: Any) -> None:
        """Attributes by the allow-list of the log."""


_NOTHING: Final = nullcontext(Span())


class _Recorded(Span):
    def __init__(self, name: str, attributes: dict[str, Any], *, is_door: bool) -> None:
        self._name, self._attributes, self._is_door = name, attributes, is_door
        self._token: Token[Any] | None = None
        self._span: Any = None

    def __enter__(self) -> Self:
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        above = _active.get()
        context = Context() if above is None else set_span_in_context(above, Context())
        self._span = _tracer().start_span(self._name, context)
        self._token = _active.set(self._span)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _active.reset(self._token)
        self.note(**(correlation.facts() if self._is_door else {}), **self._attributes)
        if error is not None and not isinstance(error, WorkshopError):
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, title(error)))
        self._span.end()

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            told = masking.field(name, value)
            if told is not None:
                self._span.set_attribute(name, told)


def door(name: str, **attributes: Any) -> AbstractContextManager[Span]:
    """The span of a door, inside its ``caused_by``; the facts of the moment become its attributes.

    A door inside of another one of the same cause is a span below it.
    """
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT or not is_recorded(correlation.request_id()):
        return _NOTHING
    return _Recorded(name, attributes, is_door=True)


def span(name: str, **attributes: Any) -> AbstractContextManager[Span]:
    """A part of what goes on, where that is recorded."""
    if _active.get() is None:
        return _NOTHING
    return _Recorded(name, attributes, is_door=False)


def recording() -> bool:
    """Is there a span to add to?"""
    return _active.get() is not None


def is_recorded(correlation_id: str) -> bool:
    """Decided by the id: all programs decide alike."""
    if not correlation_id:
        return False
    share = correlation.trace_of(correlation_id) & _RANDOM
    return share * 100 < settings.OTEL_SAMPLE_PERCENT * (_RANDOM + 1)


def add_trace_id(_logger: Any, _method: str, event: Any) -> Any:
    """structlog processor: from the line to its trace, where there is one."""
    if _active.get() is not None:
        event["trace_id"] = f"{correlation.trace_of(correlation.request_id()):032x}"
    return event


# --- the library ----------------------------------------------------------------------------------


def flush() -> None:
    """Send what waits: before a process is measured, or ends another way than by itself."""
    if _made is not None:
        _made.provider.force_flush()


def _tracer() -> Any:
    """Of this process: the threads of another one did not come along with the fork."""
    global _made  # noqa: PLW0603
    made = _made
    if made is None or made.pid != os.getpid():
        with _lock:
            provider = _make()
            made = _made = _Made(os.getpid(), provider, provider.get_tracer(SERVICE))
    return made.tracer


def _make() -> Any:
    # Not above: without an address nothing of it is loaded.
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class FromCause(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return correlation.trace_of(correlation.request_id())

    about = {"service.name": SERVICE, "service.version": settings.BUILD, "program": program()}
    # Neither the host nor the command line: Resource.create() would add both.
    provider = TracerProvider(resource=Resource(about), id_generator=FromCause())
    provider.add_span_processor(_processor())
    return provider


def _processor() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    pairs = [one.partition("=") for one in settings.OTEL_EXPORTER_OTLP_HEADERS.split(",")]
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces",
        headers={name.strip(): value.strip() for name, _sign, value in pairs if name.strip()},
        timeout=TIMEOUT,
    )
    return BatchSpanProcessor(exporter)
