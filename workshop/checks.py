"""System checks: the same rules that refuse an unsafe start, and what only a person can judge."""

from typing import Any

from django.conf import settings
from django.core import checks

from workshop.settings import guards

NAMES = (
    "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "SIMULATOR_URL", "TELEGRAM_BOT_TOKEN",
    "CSRF_TRUSTED_ORIGINS", "API_KEY_PEPPER", "REDIS_URL", "CELERY_BROKER_URL", "PUBLIC_URL",
    "WEBHOOK_ALLOWED_NETWORKS", "WEBHOOK_SECRET_KEY", "WORKSHOP_HOLIDAYS",
    "TELEGRAM_BOT_USERNAME", "TELEGRAM_API_BASE_URL", "TELEGRAM_FILE_BASE_URL",
    "TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET", "EMAIL_URL", "EMAIL_FROM",
    "METRICS_TOKEN", "METRICS_NETWORKS", "METRICS_HOST", "ALERT_EMAILS", "HEARTBEAT_URL",
)  # fmt: skip


def register() -> None:
    checks.register(unsafe_settings, checks.Tags.security, deploy=True)
    checks.register(public_without_tls, checks.Tags.security, deploy=True)
    checks.register(demo_in_public, checks.Tags.security, deploy=True)


def unsafe_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """The start refuses these already; here they also show for settings of another module."""
    values = {name: getattr(settings, name) for name in NAMES}
    return [
        checks.Error(f"{problem.variable}: {problem.text}", hint=problem.cure, id="workshop.E001")
        for problem in guards.problems(values)
    ]


def _public() -> bool:
    return not all(guards.is_loopback(host) for host in settings.ALLOWED_HOSTS)


def public_without_tls(**_kwargs: Any) -> list[checks.CheckMessage]:
    if settings.HTTPS or not _public():
        return []
    text = "The site has a public host and HTTPS is off: passwords travel in the clear."
    hint = "Put it behind a proxy with TLS, set HTTPS=1 and TRUSTED_PROXY_COUNT=1."
    return [checks.Warning(text, hint=hint, id="workshop.W001")]


def demo_in_public(**_kwargs: Any) -> list[checks.CheckMessage]:
    if not (settings.DEMO and _public()):
        return []
    text = "Demo data and demo sign-ins are switched on for a public host."
    return [checks.Warning(text, hint="Set DEMO=0.", id="workshop.W002")]
