"""Settings of the test suite: nothing of the installation's own environment reaches the tests."""

import os
import tempfile
from pathlib import Path

from . import *  # noqa: F403
from .database import database

SECRET_KEY = "tests-only-" + "k7Qz" * 12
DEBUG = False
DEMO = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
HTTPS = SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = False
TELEGRAM_BOT_TOKEN = BOT_TOKEN = SIMULATOR_URL = TELEGRAM_BOT_USERNAME = BOT_PAGE = ""
TELEGRAM_API_BASE_URL = TELEGRAM_FILE_BASE_URL = ""
WEBHOOK_ALLOWED_NETWORKS = []
WEBHOOK_ALLOW_HTTP = False
WEBHOOK_SECRET_KEY = ""
SENTRY_DSN = OTEL_EXPORTER_OTLP_ENDPOINT = ""
METRICS, METRICS_TOKEN, METRICS_NETWORKS = True, "", []

# One folder per process: several runs may share a machine. Memory is quicker than a disk.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_PLACE = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
DATA_DIR = Path(tempfile.gettempdir()) / f"workshop-tests-{os.getpid()}"
MEDIA_ROOT = DATA_DIR / "media"
STATIC_ROOT = DATA_DIR / "static"

DATABASES = {
    "default": database(
        os.environ.get("TEST_DATABASE_URL") or "sqlite:///" + str(DATA_DIR / "unused.sqlite3")
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not :memory:, so that threads of one test meet the real locks.
    DATABASES["default"]["TEST"] = {"NAME": str(_PLACE / f"workshop-{os.getpid()}.sqlite3")}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_URL, EMAIL_FROM, MAIL_CONFIGURED = "", "", False
ALERT_EMAILS, HEARTBEAT_URL = [], ""
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # No manifest: tests need no collectstatic.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files come straight from the apps, also for the browser tests.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
