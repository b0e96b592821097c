import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from workshop.settings import env, guards, mail
from workshop.settings.database import database

GOOD: dict[str, Any] = {
    "SECRET_KEY": "q8Zr-" * 12,
    "ALLOWED_HOSTS": ["workshop.example.org"],
    "DEBUG": False,
    "SIMULATOR_URL": "",
    "TELEGRAM_BOT_TOKEN": "",
    "CSRF_TRUSTED_ORIGINS": [],
    "API_KEY_PEPPER": "",
    "WEBHOOK_ALLOWED_NETWORKS": ["10.1.0.0/16", "fc00::/7"],
    "WEBHOOK_SECRET_KEY": "",
    "METRICS_TOKEN": "m" * 32,
    "METRICS_NETWORKS": ["10.1.0.0/16"],
    "METRICS_HOST": "0.0.0.0",
    "REDIS_URL": "",
    "EMAIL_URL": "",
    "EMAIL_FROM": "",
    "ALERT_EMAILS": ["owner@example.org"],
    "HEARTBEAT_URL": "https://monitor.example.org/ping/abc",
    "CELERY_BROKER_URL": "filesystem://localhost",
    "PUBLIC_URL": "https://workshop.example.org",
    "WORKSHOP_HOLIDAYS": "de",
    "TELEGRAM_BOT_USERNAME": "workshop_bot",
    "TELEGRAM_API_BASE_URL": "http://127.0.0.1:8081/bot",
    "TELEGRAM_FILE_BASE_URL": "https://api.example.org/file/bot",
    "TELEGRAM_WEBHOOK_URL": "https://workshop.example.org:8443/telegram/webhook",
    "TELEGRAM_WEBHOOK_SECRET": "s3cret_s3cret-s3cret",
}
TOKEN = "123456789:AAEhBP0av28xWRs-jNqZ3kK1h2m7LrOyxAb"


def start(environment: Mapping[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    """The product's own settings in a process of their own, with nothing but this environment."""
    base = {"PATH": os.environ["PATH"], "DATA_DIR": "var/none", "HTTPS": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=env.BASE_DIR,
        env=base | dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_good_settings_raise_no_problem() -> None:
    assert guards.problems(GOOD) == []


def test_wake_ups_in_memory_are_for_this_machine_alone() -> None:
    local = {"ALLOWED_HOSTS": ["127.0.0.1", "localhost"], "CELERY_BROKER_URL": "memory://"}
    assert guards.problems(GOOD | local) == []


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY"),
        ({"SECRET_KEY": "change-me-" * 6}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + "x7Yq" * 12}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ["*.example.org"]}, "ALLOWED_HOSTS"),
        ({"DEBUG": True}, "DEBUG"),
        ({"API_KEY_PEPPER": "p" * 31}, "API_KEY_PEPPER"),
        ({"WEBHOOK_ALLOWED_NETWORKS": ["0.0.0.0/0"]}, "WEBHOOK_ALLOWED_NETWORKS"),
        ({"WEBHOOK_ALLOWED_NETWORKS": ["::/0"]}, "WEBHOOK_ALLOWED_NETWORKS"),
        ({"WEBHOOK_ALLOWED_NETWORKS": ["10.1.0.0/16", "erp"]}, "WEBHOOK_ALLOWED_NETWORKS"),
        ({"WEBHOOK_SECRET_KEY": "w" * 31}, "WEBHOOK_SECRET_KEY"),
        ({"ALERT_EMAILS": ["owner@example.org", "the owner"]}, "ALERT_EMAILS"),
        ({"HEARTBEAT_URL": "http://monitor.example.org/ping"}, "HEARTBEAT_URL"),
        ({"METRICS_TOKEN": "m" * 31}, "METRICS_TOKEN"),
        ({"METRICS_TOKEN": "", "METRICS_NETWORKS": []}, "METRICS_HOST"),
        ({"METRICS_NETWORKS": ["prometheus"]}, "METRICS_NETWORKS"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"REDIS_URL": "http://localhost:6379"}, "REDIS_URL"),
        ({"CELERY_BROKER_URL": "kafka://localhost"}, "CELERY_BROKER_URL"),
        ({"CELERY_BROKER_URL": "memory://"}, "CELERY_BROKER_URL"),
        ({"PUBLIC_URL": "workshop.example.org"}, "PUBLIC_URL"),
        ({"EMAIL_URL": "imap://mail.example.org", "EMAIL_FROM": "a@example.org"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://mail.example.org"}, "EMAIL_FROM"),
        ({"EMAIL_FROM": "a@example.org, b@example.org"}, "EMAIL_FROM"),
        ({"TELEGRAM_BOT_TOKEN": "123:abc"}, "TELEGRAM_BOT_TOKEN"),
        ({"SIMULATOR_URL": "http://127.0.0.1:8001"}, "SIMULATOR_URL"),
        (
            {
                "ALLOWED_HOSTS": ["localhost"],
                "SIMULATOR_URL": "http://127.0.0.1:8001",
                "TELEGRAM_BOT_TOKEN": TOKEN,
            },
            "SIMULATOR_URL",
        ),
        (
            {"ALLOWED_HOSTS": ["localhost"], "SIMULATOR_URL": "http://bot.example.org"},
            "SIMULATOR_URL",
        ),
        ({"WORKSHOP_HOLIDAYS": "Russia"}, "WORKSHOP_HOLIDAYS"),
        ({"WORKSHOP_HOLIDAYS": "QQ"}, "WORKSHOP_HOLIDAYS"),
        ({"TELEGRAM_BOT_USERNAME": "https://t.me/bot"}, "TELEGRAM_BOT_USERNAME"),
        ({"TELEGRAM_API_BASE_URL": "bot-api.example.org:8081/bot"}, "TELEGRAM_API_BASE_URL"),
        ({"TELEGRAM_FILE_BASE_URL": "bot-api.example.org"}, "TELEGRAM_FILE_BASE_URL"),
        (
            {"TELEGRAM_WEBHOOK_URL": "http://w.example.org/x", "TELEGRAM_API_BASE_URL": ""},
            "TELEGRAM_WEBHOOK_URL",
        ),
        ({"TELEGRAM_WEBHOOK_URL": "ftp://workshop.example.org/x"}, "TELEGRAM_WEBHOOK_URL"),
        ({"TELEGRAM_WEBHOOK_URL": "https://workshop.example.org:x/"}, "TELEGRAM_WEBHOOK_URL"),
        ({"TELEGRAM_WEBHOOK_SECRET": "short"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.org"]}, "CSRF_TRUSTED_ORIGINS"),
    ],
)
def test_each_danger_is_refused_by_name(change: dict[str, Any], variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^The settings are not safe\.\n{variable}: "):
        guards.refuse_unsafe(GOOD | change)


@pytest.mark.parametrize("token", ["123:abc", "a" * 60])
def test_a_refusal_never_repeats_the_secret(token: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        guards.refuse_unsafe(GOOD | {"TELEGRAM_BOT_TOKEN": token, "SECRET_KEY": token})
    assert token not in str(refusal.value)


def test_debug_is_allowed_on_the_loopback_host() -> None:
    loopback = ["127.0.0.1", "localhost", "[::1]", "shop.localhost"]
    assert guards.problems(GOOD | {"DEBUG": True, "ALLOWED_HOSTS": loopback}) == []


def test_the_product_does_not_start_without_a_secret(tmp_path: Path) -> None:
    # An empty variable wins over a .env file of the installation.
    done = start({"SECRET_KEY": "short"}, "check")
    assert done.returncode != 0
    assert "SECRET_KEY: it is weak" in done.stderr


def test_a_deployment_check_has_no_warning(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(GOOD["SECRET_KEY"] + "\n")
    environment = {
        "SECRET_KEY_FILE": str(secret),
        "ALLOWED_HOSTS": "workshop.example.org",
        "TRUSTED_PROXY_COUNT": "1",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "DATA_DIR": str(tmp_path),
    }
    done = start(environment, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (lambda: env.flag("T_VALUE"), "perhaps"),
        (lambda: env.whole("T_VALUE", 1, maximum=10), "11"),
        (lambda: env.whole("T_VALUE", 1), "many"),
        (lambda: env.choice("T_VALUE", ("warn", "off"), "off"), "loud"),
        (lambda: env.clock_time("T_VALUE", "18:00"), "6 pm"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_cure(
    reader: Any, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env, "KNOWN", {})
    monkeypatch.setenv("T_VALUE", value)
    with pytest.raises(ImproperlyConfigured, match=r"^T_VALUE has a wrong value\. Set ") as refusal:
        reader()
    assert value not in str(refusal.value)


def test_values_are_read_with_their_types(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(env, "KNOWN", {})
    monkeypatch.setenv("T_FLAG", "Yes")
    monkeypatch.setenv("T_LIST", "a, b ,,c")
    monkeypatch.setenv("T_TIME", "17:30")
    monkeypatch.setenv("T_EMPTY", "")
    assert env.flag("T_FLAG") is True
    assert env.names("T_LIST") == ["a", "b", "c"]
    assert env.clock_time("T_TIME", "18:00") == time(17, 30)
    assert env.whole("T_EMPTY", 7) == 7
    assert set(env.KNOWN) == {"T_FLAG", "T_LIST", "T_TIME", "T_EMPTY"}


def test_a_secret_file_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "KNOWN", {})
    monkeypatch.setenv("T_SECRET_FILE", "/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match="T_SECRET_FILE names a file"):
        env.text("T_SECRET")


def test_postgresql_gets_its_limits_and_sqlite_its_lock() -> None:
    postgres = database("postgresql://u:p@db:5432/workshop")
    assert postgres["CONN_HEALTH_CHECKS"] is True
    assert "statement_timeout=30s" in postgres["OPTIONS"]["options"]
    assert "lock_timeout=5s" in postgres["OPTIONS"]["options"]
    assert "-c jit=off" in postgres["OPTIONS"]["options"]
    assert database("sqlite:///x.sqlite3")["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize("url", ["mysql://u@h/n", "nonsense", "postgresql://u@h:port/n"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database(url)


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://us%40er:p%2Fw@mail.example.org", 587, True, False),
        ("smtp+ssl://us%40er:p%2Fw@mail.example.org:4650", 4650, False, True),
    ],
)
def test_an_address_of_mail_becomes_djangos_settings(
    url: str, port: int, tls: bool, ssl: bool
) -> None:
    found = mail.connection(url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.org", port)
    assert (found.get("EMAIL_USE_TLS", False), found.get("EMAIL_USE_SSL", False)) == (tls, ssl)
    if "@" in url:
        assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("us@er", "p/w")
    assert mail.connection("") == mail.connection("imap://x") == {}
