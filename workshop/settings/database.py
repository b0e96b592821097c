"""Database, cache and broker: SQLite and files by default, PostgreSQL and Redis by one URL each."""

from typing import Any
from urllib.parse import urlsplit

import environ
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
        # jit: a statement that is short but looks dear to the planner (sub-queries by index) was
        # compiled for seconds, by each connection and each time anew.
        "options": " ".join(
            [*(f"-c {name}={seconds}s" for name, seconds in limits.items()), "-c jit=off"]
        ),
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
        "ENGINE": "workshop.postgresql",
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


def broker_options(url: str) -> dict[str, Any]:
    """Options of the transport. A broker that is away may cost a request seconds, never minutes."""
    scheme = urlsplit(url).scheme
    if scheme == "filesystem":
        queue = DATA_DIR / "broker"
        return {
            "data_folder_in": str(queue / "queue"),
            "data_folder_out": str(queue / "queue"),
            "control_folder": str(queue / "control"),
            "store_processed": False,
            # Where nobody tells the reader of new messages, or he has taken as many as he may hold,
            # he looks, sleeps so many seconds, looks again. With a second and one per thread it
            # came to four a second, and wake-ups of minutes expired behind the nudges of busy
            # people.
            "polling_interval": 0.1,
        }
    options: dict[str, Any] = {
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "connect_retries_timeout": 2,
    }
    if scheme in {"redis", "rediss"}:
        # The reading end waits a second for a message; a job that was taken by a worker that died
        # comes again when no job can still be running.
        options |= {
            "socket_connect_timeout": 1,
            "socket_timeout": 3,
            "socket_keepalive": True,
            "visibility_timeout": 900,
        }
    return options


CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # worker and beat wait for it as long as it takes
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
# One of several beats leads. What runs when is declared beside the jobs (`history.jobs`) and kept
# in rows that the office may change.
CELERY_BEAT_SCHEDULER = "history.jobs.scheduler:LeadingScheduler"
CELERY_BEAT_SCHEDULE: dict[str, Any] = {}
