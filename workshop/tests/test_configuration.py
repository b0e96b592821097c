"""docs/configuration.md and .env.example know every setting, and no setting that is gone."""

import re

import pytest

from workshop.settings import env

TABLE = env.BASE_DIR / "docs" / "configuration.md"
EXAMPLE = env.BASE_DIR / ".env.example"
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\| \S", re.MULTILINE)
# Read before or beside Django's settings.
BESIDE = {"TEST_DATABASE_URL", "TEST_RABBITMQ_URL", "TEST_REDIS_URL"}


def documented() -> dict[str, str]:
    rows = ROW.findall(TABLE.read_text(encoding="utf-8"))
    assert len(rows) == len({name for name, _ in rows}), "a setting is described twice"
    return dict(rows)


def test_the_table_knows_every_setting_and_no_other() -> None:
    assert set(documented()) == set(env.KNOWN) | BESIDE


def test_the_example_knows_every_setting_and_no_other() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert len(names) == len(set(names))
    assert set(names) == set(env.KNOWN) | BESIDE


@pytest.mark.parametrize("name", sorted(set(env.KNOWN)))
def test_the_table_gives_the_real_default(name: str) -> None:
    derived = {"PUBLIC_URL", "TELEGRAM_API_BASE_URL", "TELEGRAM_FILE_BASE_URL"}
    if name not in derived:
        assert documented()[name] == env.KNOWN[name]


def test_the_example_holds_no_secret() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert re.search(r"^(SECRET_KEY|TELEGRAM_BOT_TOKEN|DATABASE_URL)=$", text, re.MULTILINE)
