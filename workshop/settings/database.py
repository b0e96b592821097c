"""Database, cache and broker: SQLite and files by default, PostgreSQL and Redis by one URL each."""

from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from . import env
from .workshop import DATA_DIR, WORKSHOP_TIME_ZONE

DATABASE_URL = env.text("DATABASE_URL")
DATABASE_CONN_MAX_AGE = env.whole("DATABASE_CONN_MAX_AGE", 600, maximum=86_400)
DATABASE_CONNECT_TIMEOUT = env.whole("DATABASE_CONNECT_TIMEOUT", 5, minimum=1, maximum=120)
DATABASE_STATEMENT_TIMEOUT = env.whole("DATABASE_STATEMENT_TIMEOUT", 30, maximum=86_400)
DATABASE_LOCK_TIMEOUT = env.whole("DATABASE_LOCK_TIMEOUT", 5, maximum=3_600)
DATABASE_IDLE_TIMEOUT = env.whole("DATABASE_IDLE_TIMEOUT", 60, maximum=86_400)
DATABASE_POOL = env.whole("DATABASE_POOL", 0, maximum=200)
DATABASE_SERVER_SIDE_BINDING = env.flag("DATABASE_SERVER_SIDE_BINDING", False)
DATABASE_PREPARE = env.whole("DATABASE_PREPARE", 1, maximum=100)


def sqlite_options() -> dict[str, Any]:
    """IMMEDIATE takes the write lock when a transaction begins.

    A reader that turns writer half-way cannot wait for the lock and gets "database is locked".
    """
    return {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        ),
    }


def postgres_options() -> dict[str, Any]:
    limits = {
        "statement_timeout": DATABASE_STATEMENT_TIMEOUT,
        "lock_timeout": DATABASE_LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": DATABASE_IDLE_TIMEOUT,
    }
    options: dict[str, Any] = {
        "connect_timeout": DATABASE_CONNECT_TIMEOUT,
        "options": " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items()),
        "server_side_binding": DATABASE_SERVER_SIDE_BINDING,
        # 0 = never: a pooler in transaction mode cannot keep prepared statements.
        "prepare_threshold": DATABASE_PREPARE or None,
    }
    if DATABASE_POOL:
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}
    return options


def database(url: str) -> dict[str, Any]:
    """Django's entry for a database URL. Raises ImproperlyConfigured for another database."""
    if urlsplit(url).scheme not in {"sqlite", "postgres", "postgresql", "psql", "pgsql"}:
        raise ImproperlyConfigured(f"DATABASE_URL names another database. {_DATABASE_CURE}")
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read. {_DATABASE_CURE}") from error
    options: dict[str, Any] = config.get("OPTIONS") or {}
    if config.get("ENGINE") == "django.db.backends.sqlite3":
        return config | {"CONN_MAX_AGE": None, "OPTIONS": sqlite_options() | options}
    return config | {
        "OPTIONS": postgres_options() | options,
        "CONN_HEALTH_CHECKS": True,
        # Django refuses a pool together with connections it keeps itself.
        "CONN_MAX_AGE": 0 if DATABASE_POOL else DATABASE_CONN_MAX_AGE,
    }


_DATABASE_CURE = "Set postgresql://user:password@host:5432/name, or leave it empty for SQLite."

DATABASES = {"default": database(DATABASE_URL or f"sqlite:///{DATA_DIR / 'workshop.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- cache ----------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "workshop",
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "workshop_cache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    )
}

# --- jobs -----------------------------------------------------------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL or "filesystem://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}
if urlsplit(CELERY_BROKER_URL).scheme == "filesystem":
    _QUEUE = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE / "queue"),
        "data_folder_out": str(_QUEUE / "queue"),
        "control_folder": str(_QUEUE / "control"),
        "store_processed": False,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The broker only wakes a worker up: due rows live in the database, so no answer is stored.
CELERY_TIMEZONE = WORKSHOP_TIME_ZONE
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = env.whole("CELERY_WORKER_CONCURRENCY", 4, minimum=1, maximum=64)
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Sweeps: the guarantee behind every wake-up. The office sees and switches them in the admin.
CELERY_BEAT_SCHEDULE = {
    "relay the outbox": {"task": "history.relay_outbox", "schedule": 5.0},
    "clean up the bot": {"task": "botapp.clean_up", "schedule": crontab(hour="4", minute="0")},
}
