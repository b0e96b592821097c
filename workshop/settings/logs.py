"""Logging: one JSON object per line in production, readable lines on a developer's terminal."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from workshop.lib.masking import mask_event, safe_traceback

from . import env
from .security import DEBUG

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ("json", "console"), "console" if DEBUG else "json")

# From when on a statement, and a request or a step of the bot, is told as slow.
SLOW_QUERY_MS = env.whole("SLOW_QUERY_MS", 500, minimum=1, maximum=600_000)
SLOW_REQUEST_MS = env.whole("SLOW_REQUEST_MS", 1_000, minimum=1, maximum=600_000)
# In development: how the database goes about a slow SELECT. It asks the database once more.
EXPLAIN_SLOW = env.flag("EXPLAIN_SLOW", False)


def drop_probes(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """structlog processor: a health probe every few seconds says nothing while it succeeds."""
    if event.get("code") == 200 and "/health/" in str(event.get("request", "")):
        raise structlog.DropEvent
    return event


_JSON = LOG_FORMAT == "json"
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso" if _JSON else "%H:%M:%S", utc=_JSON),
    structlog.processors.StackInfoRenderer(),
    safe_traceback,
    mask_event,
]
_RENDERER = (
    structlog.processors.JSONRenderer(ensure_ascii=False)
    if _JSON
    else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
)

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        drop_probes,
        structlog.stdlib.PositionalArgumentsFormatter(),
        *_SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *_SHARED],
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _RENDERER],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # One handler for all: Django's own ones would print the same line twice.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # A line every few seconds for each sweep that found nothing to do.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # Scanners try any host name and any method; the answers are counted, not told one by one.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "gunicorn.http.wsgi": {"level": "ERROR"},
        # How the fonts of a document were trimmed.
        "fontTools": {"level": "WARNING"},
        # Request URLs of the Bot API carry the token.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # A line per started and finished request; django_structlog writes one with the same facts.
        "django.request": {"level": "ERROR"},
    },
}
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line per request: the finished one.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
