"""What took too long is told while it happens: statements, requests, steps of the bot, by name.

A statement is named after the function of ours that asked for it (``receipts.selectors.search``):
that stays the same when the statement changes, and there are only so many. What a library asks for
of its own accord is named after the library's function. Values never stand in the log; the
statement is shown with its placeholders.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from workshop.lib import telemetry, tracing

_ROOT: Final = str(Path(__file__).resolve().parents[2])
# Which pass statements on for others: a name of theirs would say nothing.
_PASSING: Final = tuple(
    f"{_ROOT}/workshop/{name}"
    for name in (
        "lib/slow.py",
        "lib/compiled.py",
        "lib/prepared.py",
        "lib/lookups.py",
        "middleware.py",
        "metrics.py",
        "postgresql/",
    )
)
_MACHINERY: Final = ("django.db.", "django.utils.", "contextlib", "functools")
_LONGEST: Final = 1_000  # characters of a statement

logger = logging.getLogger(__name__)


def watch_statements(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Receiver of ``connection_created``: each connection is watched from its first statement."""
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if not tracing.recording():
        return _timed(execute, sql, params, many, context)
    with tracing.span(asked_by(sys._getframe(1)), kind=context["connection"].vendor):
        return _timed(execute, sql, params, many, context)


def _timed(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = time.perf_counter() - began
        telemetry.statements.note(seconds)
        if (took := 1000 * seconds) >= settings.SLOW_QUERY_MS:
            _tell(sql, params, took, context["connection"])


def _tell(sql: str, params: Any, took: float, connection: BaseDatabaseWrapper) -> None:
    name = asked_by(sys._getframe(2))
    telemetry.slow_statements.add(name)
    facts = {"query": name, "duration_ms": round(took), "statement": sql[:_LONGEST]}
    logger.warning("slow query", extra=facts)
    if settings.EXPLAIN_SLOW and sql.lstrip()[:6].upper() == "SELECT":
        with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
            word = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            # Django's SQLite takes %s by a cursor of its own.
            text = sql if connection.vendor == "postgresql" else sql.replace("%s", "?")
            cursor.execute(f"{word} {text}", params)
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        # PostgreSQL shows the values it compares with.
        plan = re.sub(r"'(?:[^']|'')*'", "'***'", plan)
        logger.warning("slow query, explained", extra={"query": name, "plan": plan})


def asked_by(frame: FrameType | None) -> str:
    """The innermost function of ours on the way to ``frame`` that does more than pass on; without
    one, the innermost of a library that is more than the machinery of statements."""
    for one in _outwards(frame):
        path = one.f_code.co_filename
        if path.startswith(_ROOT) and "site-packages" not in path and not path.startswith(_PASSING):
            module = path.removeprefix(_ROOT).strip("/").removesuffix(".py").replace("/", ".")
            return f"{module}.{one.f_code.co_qualname}"
    for one in _outwards(frame):
        path, module = one.f_code.co_filename, str(one.f_globals.get("__name__", ""))
        if not path.startswith(_PASSING) and not module.startswith(_MACHINERY):
            return f"{module}.{one.f_code.co_qualname}"
    return "unknown"


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextmanager
def watched(kind: str, name: Callable[[], str]) -> Iterator[None]:
    """Tell when the block took longer than ``SLOW_REQUEST_MS``; ``name`` is asked only then."""
    began = time.perf_counter()
    try:
        yield
    finally:
        took = 1000 * (time.perf_counter() - began)
        if took >= settings.SLOW_REQUEST_MS:
            told = {"screen": name(), "duration_ms": round(took)}
            # Whole texts: what is put together does not reach the log (workshop.lib.masking).
            logger.warning("slow request" if kind == "request" else "slow step", extra=told)
