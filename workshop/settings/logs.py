"""Logging: one JSON object per line in production, readable lines on a developer's terminal."""

from typing import Any

import structlog

from workshop.lib.correlation import add_facts
from workshop.lib.masking import add_own_fields, mask_event, safe_traceback, tell
from workshop.lib.tracing import add_trace_id

from . import env
from .security import DEBUG

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ("json", "console"), "console" if DEBUG else "json")

# From when on a statement, and a request or a step of the bot, is told as slow.
SLOW_QUERY_MS = env.whole("SLOW_QUERY_MS", 500, minimum=1, maximum=600_000)
SLOW_REQUEST_MS = env.whole("SLOW_REQUEST_MS", 1_000, minimum=1, maximum=600_000)
# In development: how the database goes about a slow SELECT. It asks the database once more.
EXPLAIN_SLOW = env.flag("EXPLAIN_SLOW", False)


_JSON = LOG_FORMAT == "json"
# In the order of their turns; the text is judged where the line is told, so it comes first.
PROCESSORS: list[Any] = [
    tell,
    add_own_fields,
    add_facts,
    add_trace_id,
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

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "use_get_message": False,  # the text before its arguments
            "pass_foreign_args": True,
            "foreign_pre_chain": PROCESSORS,
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
        # Scanners try any host, method and parameter; the answers are counted, not told one by one.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.DisallowedModelAdminLookup": {"level": "CRITICAL"},
        "django.security.DisallowedModelAdminToField": {"level": "CRITICAL"},
        "gunicorn.http.wsgi": {"level": "ERROR"},
        # How the fonts of a document were trimmed.
        "fontTools": {"level": "WARNING"},
        # Request URLs of the Bot API carry the token.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Every request has its line, and an error in one too: workshop.middleware.
        "django.request": {"level": "CRITICAL"},
        # Its own handler would write unmasked what a request has broken.
        "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
