"""Secrets come from files, are turned without anybody noticing, and stand in nobody's argv."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from workshop import processes, supervisor
from workshop.settings import env
from workshop.settings.env import BASE_DIR, KNOWN

PAGE: Final = BASE_DIR / "docs" / "secrets.md"
NEW: Final = "a-new-key-" + "9fT2" * 15
# What protects something, or opens a door by itself.
SECRET: Final = re.compile(
    r"SECRET|TOKEN|PEPPER|IDENTITY|DSN|HEADERS|^(DATABASE|REDIS|CELERY_BROKER|EMAIL|HEARTBEAT)_URL"
)
OF_TESTS: Final = "TEST_"


def secrets() -> set[str]:
    return {name for name in KNOWN if SECRET.search(name) and not name.startswith(OF_TESTS)}


def test_the_page_tells_of_every_secret() -> None:
    told = set(re.findall(r"`([A-Z_]+)`", PAGE.read_text(encoding="utf-8")))
    assert secrets() - told == set()


@pytest.mark.parametrize("name", sorted(secrets()))
def test_each_may_be_a_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text("value-of-the-file\n")
    monkeypatch.setenv(name, "value-of-the-variable")
    monkeypatch.setenv(f"{name}_FILE", str(kept))
    assert env.text(name) == "value-of-the-file"


def test_a_wrong_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "a-token-in-the-wrong-place")
    with pytest.raises(ImproperlyConfigured) as refused:
        env.whole("PORT", 8000)
    assert "a-token" not in str(refused.value)
    assert refused.value.__cause__ is None or "a-token" not in repr(refused.value)


@pytest.mark.django_db
def test_a_turned_key_signs_nobody_out(settings: Any) -> None:
    User.objects.create_superuser("owner", password="a-word-of-this-test")
    browser, former = Client(), settings.SECRET_KEY
    browser.post(
        "/admin/login/?next=/admin/", {"username": "owner", "password": "a-word-of-this-test"}
    )
    assert browser.get("/admin/receipts/receipt/").status_code == 200
    link = signing.dumps("paper")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [former]
    assert browser.get("/admin/receipts/receipt/").status_code == 200
    assert signing.loads(link) == "paper"
    settings.SECRET_KEY_FALLBACKS = []
    # Once seen with the new key the session belongs to it; what was signed with the old is void.
    assert browser.get("/admin/receipts/receipt/").status_code == 200
    with pytest.raises(signing.BadSignature):
        signing.loads(link)


@pytest.mark.django_db
def test_what_a_browser_has_on_its_way_when_the_key_is_turned_is_not_signed_out(
    settings: Any,
) -> None:
    User.objects.create_superuser("owner", password="a-word-of-this-test")
    browser, former = Client(), settings.SECRET_KEY
    browser.post(
        "/admin/login/?next=/admin/", {"username": "owner", "password": "a-word-of-this-test"}
    )
    beside = Client()
    beside.cookies = deepcopy(browser.cookies)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [former]
    # And once more on a site that has not been restarted, which knows the new one as a fallback.
    for one in (browser, beside, browser):
        assert one.get("/admin/receipts/receipt/").status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = former, [NEW]
    for one in (beside, browser):
        assert one.get("/admin/receipts/receipt/").status_code == 200


@pytest.mark.django_db
def test_a_key_that_was_dropped_too_early_signs_out(settings: Any) -> None:
    User.objects.create_superuser("owner", password="a-word-of-this-test")
    browser = Client()
    browser.post(
        "/admin/login/?next=/admin/", {"username": "owner", "password": "a-word-of-this-test"}
    )
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []
    assert browser.get("/admin/receipts/receipt/").status_code == 302


def test_no_command_carries_a_secret(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ps`` shows a command to everybody on the machine."""
    canary = "canary-" + "7Hq3" * 12
    settings.TELEGRAM_BOT_TOKEN = f"123456789:{canary}"
    environment = {"SECRET_KEY": canary, "DATABASE_URL": f"postgresql://shop:{canary}@db/shop"}
    group: list[processes.Child] = supervisor.children(environment)
    assert {child.name for child in group} == {"web", "worker", "bot"}
    assert not any(canary in " ".join(child.command) for child in group)
    for path in (BASE_DIR / "deploy" / "systemd").glob("*.service"):
        assert not re.search(r"^ExecStart=.*(\$|PASSWORD|SECRET|TOKEN)", path.read_text(), re.M)
