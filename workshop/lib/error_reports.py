"""Errors to Sentry, where ``SENTRY_DSN`` is set: every line of the log from ERROR on is a report.

A report is built anew from what the log itself may say (``workshop.lib.masking``): the text of the
line, type, codes and frames of the exception, the facts of the moment. Nothing that the library
has collected goes out beside that: no variables, no texts of exceptions, no requests, no host.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from workshop.lib import correlation, masking
from workshop.lib.describing import causes, codes, frames
from workshop.lib.process import program

CRUMBS: Final = 30
_KEPT: Final = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment")
_KEPT_OF_CRUMB: Final = ("type", "level", "category", "timestamp", "message", "data")


def start(**options: Any) -> None:
    """Once for each process; ``options`` are for tests (a transport)."""
    # Not above: without a DSN nothing of it is loaded.
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.utils import BadDsn, Dsn

    try:
        Dsn(settings.SENTRY_DSN)
    except BadDsn:
        raise ImproperlyConfigured(
            "SENTRY_DSN has a wrong form. Copy it from the settings of the project in Sentry."
        ) from None
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.BUILD,
        environment=settings.SENTRY_ENVIRONMENT,
        sample_rate=settings.SENTRY_SAMPLE_PERCENT / 100,
        # Frameworks are not hooked into: whatever goes wrong anywhere has its line in the log.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
            DedupeIntegration(),
            AtexitIntegration(callback=lambda _pending, _timeout: None),
        ],
        before_send=report,
        before_send_transaction=lambda _event, _hint: None,
        before_breadcrumb=crumb,
        max_breadcrumbs=CRUMBS,
        server_name=program(),
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        **options,
    )


def report(event: Any, hint: Any) -> Any:
    """Sentry's ``before_send``, the last to see an event: what leaves is what is built here."""
    record: logging.LogRecord | None = hint.get("log_record")
    if record is None:
        return None
    text, place = masking.told(record)
    own = {name: event[name] for name in _KEPT if name in event}
    request_id = correlation.request_id()
    return {
        **own,
        "server_name": program(),
        "logentry": {"message": text},
        "tags": _tags(record, place),
        "breadcrumbs": {"values": _crumbs(event, request_id)},
        **_exception(record),
    }


def _tags(record: logging.LogRecord, place: str) -> dict[str, str]:
    told = {**correlation.facts(), **masking.own_fields(record)}
    tags = {name: str(masking.field(name, value)) for name, value in told.items()}
    return {**tags, "program": program(), **({"place": place} if place else {})}


def _exception(record: logging.LogRecord) -> dict[str, Any]:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return {}
    # The outermost comes last, with Sentry.
    return {"exception": {"values": [_told(one) for one in reversed(causes(error))]}}


def _told(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    return {
        "type": kind.__qualname__,
        "module": kind.__module__,
        "value": " ".join(codes(error)),
        "stacktrace": {
            "frames": [
                {
                    "filename": masking.short(file),
                    "lineno": line,
                    "function": name,
                    "in_app": "site-packages" not in file,
                }
                for file, line, name in frames(error)
            ]
        },
    }


def _crumbs(event: Any, request_id: str) -> list[Any]:
    """Lines of the same cause only: a process works on many things."""
    found = event.get("breadcrumbs") or {}
    values = found.get("values", []) if isinstance(found, dict) else []
    same = [one for one in values if one.get("data", {}).get("request_id") == request_id]
    return [{name: one[name] for name in _KEPT_OF_CRUMB if name in one} for one in same]


def crumb(found: Any, hint: Any) -> Any:
    """Sentry's ``before_breadcrumb``: a line of the log as the log itself has it, nothing else."""
    record: logging.LogRecord | None = hint.get("log_record")
    if record is None:
        return None
    text, _place = masking.told(record)
    told = {**correlation.facts(), **masking.own_fields(record)}
    found["message"] = text
    found["data"] = {name: masking.field(name, value) for name, value in told.items()}
    return found
