"""What must be true before the product starts: the rules behind the safe default.

Each rule says which variable is wrong and what cures it, never the value: it may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

TOKEN_SHAPE = re.compile(r"^\d{6,}:[A-Za-z0-9_-]{30,}$")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}", re.ASCII)
_BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
_PLACEHOLDER = re.compile(r"django-insecure|change.?me|placeholder|example|your.?secret", re.I)
_MAIL_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")
_KEY_LENGTH = 50
_KEY_VARIETY = 5
_WIDEST_NETWORK = {4: 8, 6: 7}
_SECRET_LENGTH = 32
_ADDRESSES = {
    "REDIS_URL": (
        {"redis", "rediss", "unix"},
        "Set redis://host:6379/0, or leave it empty.",
    ),
    "CELERY_BROKER_URL": (
        {"filesystem", "redis", "rediss", "amqp", "amqps"},
        "Set filesystem://localhost, redis://host:6379/0 or amqp://user:password@host:5672//.",
    ),
    "EMAIL_URL": (
        {"smtp", "smtp+tls", "smtp+ssl"},
        "Set smtp+tls://name:password@host:587, smtp+ssl://name:password@host:465 or "
        "smtp://host:25, or leave it empty.",
    ),
    "HEARTBEAT_URL": ({"https"}, "Set an address such as https://monitor.example.com/abc."),
    "PUBLIC_URL": ({"http", "https"}, "Set an address such as https://workshop.example.com."),
}
_MAKE_KEY = (
    "Generate one: python -c 'import secrets; print(secrets.token_urlsafe(64))', "
    "and give it as SECRET_KEY or SECRET_KEY_FILE."
)


class Problem(NamedTuple):
    variable: str
    text: str
    cure: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.text} {self.cure}"


Values = Mapping[str, Any]


def is_loopback(host: str) -> bool:
    name = host.strip().strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def secret_key(values: Values) -> Iterator[Problem]:
    key = values["SECRET_KEY"]
    if not key:
        yield Problem("SECRET_KEY", "it is missing.", _MAKE_KEY)
    elif _PLACEHOLDER.search(key):
        yield Problem("SECRET_KEY", "it is a placeholder.", _MAKE_KEY)
    elif len(key) < _KEY_LENGTH or len(set(key)) < _KEY_VARIETY:
        yield Problem("SECRET_KEY", f"it is weak (under {_KEY_LENGTH} characters).", _MAKE_KEY)


def hosts(values: Values) -> Iterator[Problem]:
    allowed = values["ALLOWED_HOSTS"]
    if any("*" in host for host in allowed):
        cure = "List the exact host names, separated by commas."
        yield Problem("ALLOWED_HOSTS", "a wildcard lets anybody choose the site's name.", cure)
    if not all(is_loopback(host) for host in allowed):
        if values["DEBUG"]:
            cure = "Set DEBUG=0, or keep ALLOWED_HOSTS to 127.0.0.1,localhost."
            yield Problem("DEBUG", "it shows internals and the site has a public host.", cure)
        if values["SIMULATOR_URL"]:
            cure = "Unset SIMULATOR_URL and set TELEGRAM_BOT_TOKEN."
            yield Problem("SIMULATOR_URL", "the simulator is for the loopback host only.", cure)


def telegram(values: Values) -> Iterator[Problem]:
    token = values["TELEGRAM_BOT_TOKEN"]
    if token and not TOKEN_SHAPE.match(token):
        cure = "Copy the whole token that BotFather gave, such as 123456789:AA…"
        yield Problem("TELEGRAM_BOT_TOKEN", "it has not the shape of a bot token.", cure)
    if token and values["SIMULATOR_URL"]:
        cure = "Unset one of them: a real token never goes to the simulator."
        yield Problem("SIMULATOR_URL", "it is set together with TELEGRAM_BOT_TOKEN.", cure)
    simulator = urlsplit(values["SIMULATOR_URL"])
    if values["SIMULATOR_URL"] and not is_loopback(simulator.hostname or ""):
        cure = "Set an address such as http://127.0.0.1:8001."
        yield Problem("SIMULATOR_URL", "it is not a loopback address.", cure)


def bot_addresses(values: Values) -> Iterator[Problem]:
    """Where the bot's servers are, where it is called, and how it is named."""
    name = values["TELEGRAM_BOT_USERNAME"]
    if name and not _BOT_NAME.fullmatch(name):
        cure = "Set the name that BotFather gave, without @, such as workshop_bot, or unset it."
        yield Problem("TELEGRAM_BOT_USERNAME", "it has not the shape of a bot's name.", cure)
    cure = "Set an address such as https://bot-api.example.com/bot, or unset it."
    for variable in ("TELEGRAM_API_BASE_URL", "TELEGRAM_FILE_BASE_URL"):
        parts = _parts(values[variable])
        # Plain http too: an own server inside the same network knows nothing else.
        if values[variable] and not (parts.hostname and parts.scheme in {"http", "https"}):
            yield Problem(variable, "it is no such address.", cure)
    address = _parts(values["TELEGRAM_WEBHOOK_URL"])
    # An own Bot API server, and the simulator, call plain http too.
    own = values["TELEGRAM_API_BASE_URL"] or values["SIMULATOR_URL"]
    schemes = {"http", "https"} if own else {"https"}
    if values["TELEGRAM_WEBHOOK_URL"] and not (address.scheme in schemes and address.hostname):
        cure = "Set an address such as https://workshop.example.com/telegram/webhook, or unset it."
        yield Problem("TELEGRAM_WEBHOOK_URL", "Telegram calls https addresses only.", cure)
    secret = values["TELEGRAM_WEBHOOK_SECRET"]
    if secret and not _WEBHOOK_SECRET.fullmatch(secret):
        cure = "Set 16 to 256 letters, digits, _ and -, or unset it."
        yield Problem("TELEGRAM_WEBHOOK_SECRET", "Telegram would refuse it.", cure)


def _parts(address: str) -> SplitResult:
    try:
        found = urlsplit(address)
        _port = found.port  # asked for: a wrong one raises here
    except ValueError:
        return urlsplit("")
    return found


def holidays(values: Values) -> Iterator[Problem]:
    """Else the yearly job would find out, long after the start."""
    country = values["WORKSHOP_HOLIDAYS"].upper()
    if country not in {"RU", "NONE"} and not is_country(country):
        cure = "Set the two letters of a country, such as RU, or NONE."
        yield Problem("WORKSHOP_HOLIDAYS", "no public holidays are known of it.", cure)


def is_country(code: str) -> bool:
    """Two letters whose holidays are known. The library is large: loaded when it is needed."""
    from holidays.registry import COUNTRIES

    return len(code) == 2 and any(code in names for names in COUNTRIES.values())


def origins(values: Values) -> Iterator[Problem]:
    for origin in values["CSRF_TRUSTED_ORIGINS"]:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or "*" in origin:
            cure = "List full origins such as https://workshop.example.com."
            yield Problem("CSRF_TRUSTED_ORIGINS", "an entry is no exact origin.", cure)
            return


def own_secrets(values: Values) -> Iterator[Problem]:
    """Those that SECRET_KEY stands in for when they are not set."""
    cure = f"Give {_SECRET_LENGTH} characters or more, or unset it: then SECRET_KEY serves."
    for variable, protected in (
        ("API_KEY_PEPPER", "the keys"),
        ("WEBHOOK_SECRET_KEY", "the secrets of webhooks"),
    ):
        if values[variable] and len(values[variable]) < _SECRET_LENGTH:
            yield Problem(variable, f"it is too short to protect {protected}.", cure)


def webhooks(values: Values) -> Iterator[Problem]:
    """A list of exceptions that holds everything is no list of exceptions."""
    cure = "List networks such as 10.1.0.0/16 or fd12:3456::/32, separated by commas."
    for entry in values["WEBHOOK_ALLOWED_NETWORKS"]:
        try:
            network = ipaddress.ip_network(entry)
        except ValueError:
            yield Problem("WEBHOOK_ALLOWED_NETWORKS", "an entry is no network.", cure)
            return
        if network.prefixlen < _WIDEST_NETWORK[network.version]:
            text = "an entry is so wide that webhooks could go anywhere."
            yield Problem("WEBHOOK_ALLOWED_NETWORKS", text, cure)
            return


def metrics(values: Values) -> Iterator[Problem]:
    """They say how much goes on in the workshop: for those who look after it."""
    token, networks = values["METRICS_TOKEN"], values["METRICS_NETWORKS"]
    if token and len(token) < _SECRET_LENGTH:
        cure = f"Give {_SECRET_LENGTH} characters or more, or unset it: then only this machine may."
        yield Problem("METRICS_TOKEN", "it is too short to protect the numbers.", cure)
    if not (is_loopback(values["METRICS_HOST"]) or token or networks):
        cure = "Set METRICS_TOKEN or METRICS_NETWORKS, or keep METRICS_HOST to 127.0.0.1."
        yield Problem("METRICS_HOST", "nobody who is reached there is let in.", cure)
    cure = "List networks such as 10.1.0.0/16, separated by commas."
    for entry in networks:
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            yield Problem("METRICS_NETWORKS", "an entry is no network.", cure)
            return


def mail(values: Values) -> Iterator[Problem]:
    """Else the first report would find out that nobody is named as its sender."""
    cure = "Set the address that mail comes from, such as workshop@example.com."
    sender = values["EMAIL_FROM"]
    if values["EMAIL_URL"] and not sender:
        yield Problem("EMAIL_FROM", "it is missing, and EMAIL_URL is set.", cure)
    elif sender and not _MAIL_ADDRESS.fullmatch(sender):
        yield Problem("EMAIL_FROM", "it is no e-mail address.", cure)
    if not all(_MAIL_ADDRESS.fullmatch(one) for one in values["ALERT_EMAILS"]):
        cure = "List addresses such as owner@example.com, separated by commas."
        yield Problem("ALERT_EMAILS", "an entry is no e-mail address.", cure)


def addresses(values: Values) -> Iterator[Problem]:
    """Of the kinds we know. Wake-ups kept in memory reach nobody: for tries on this machine."""
    local = all(is_loopback(host) for host in values["ALLOWED_HOSTS"])
    for variable, (schemes, cure) in _ADDRESSES.items():
        given = values[variable]
        scheme, found, rest = given.partition("://")
        if variable == "CELERY_BROKER_URL" and given == "memory://" and local:
            continue
        if given and not (found and scheme in schemes and rest):
            yield Problem(variable, "it is no such address.", cure)


RULES: tuple[Callable[[Values], Iterator[Problem]], ...] = (
    secret_key,
    hosts,
    telegram,
    bot_addresses,
    holidays,
    origins,
    webhooks,
    own_secrets,
    metrics,
    mail,
    addresses,
)


def problems(values: Values) -> list[Problem]:
    """Everything that is dangerous in these settings, in a fixed order."""
    return [problem for rule in RULES for problem in rule(values)]


def refuse_unsafe(values: Values) -> None:
    """Raises ImproperlyConfigured naming all dangerous variables at once."""
    if found := problems(values):
        raise ImproperlyConfigured("\n".join(["The settings are not safe.", *map(str, found)]))
