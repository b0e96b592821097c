"""What leaves besides Telegram: the workshop's own mail (without EMAIL_URL nothing is mailed), and
the sign of life to a monitor outside."""

from typing import Any

import environ

from . import env
from .workshop import WORKSHOP_NAME

EMAIL_URL = env.text("EMAIL_URL")
EMAIL_FROM = env.text("EMAIL_FROM")
EMAIL_TIMEOUT = env.whole("EMAIL_TIMEOUT", 20, minimum=1, maximum=600)
# Where messages of alerts go besides Telegram, by the rules that say so.
ALERT_EMAILS = env.names("ALERT_EMAILS")
REPORTS_DAYS = env.whole("REPORTS_DAYS", 400, minimum=7, maximum=36_500)

MAIL_CONFIGURED = bool(EMAIL_URL)
DEFAULT_FROM_EMAIL = f"{WORKSHOP_NAME} <{EMAIL_FROM}>"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


def connection(url: str) -> dict[str, Any]:
    """Django's own settings of an address; of one that the guards refuse, none."""
    scheme = url.partition("://")[0]
    if scheme not in PORTS:
        return {}
    found: dict[str, Any] = environ.Env.email_url_config(url)
    kept = {name: value for name, value in found.items() if name.startswith("EMAIL_")}
    return {**kept, "EMAIL_PORT": found["EMAIL_PORT"] or PORTS[scheme]}


# Called once a minute while all programs live; a monitor outside alarms when it is not.
HEARTBEAT_URL = env.text("HEARTBEAT_URL")

globals().update(connection(EMAIL_URL))
