"""The files a deployment is made of are well-formed and keep the promises of the documentation."""

import ast
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from workshop.settings.env import BASE_DIR, KNOWN

COMPOSE = BASE_DIR / "docker-compose.yml"
# Not settings of the product: the database's own password, and where the host listens.
OTHER_VARIABLES = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "FLOWER_BASIC_AUTH", "FLOWER_PORT"}
LATER_COMMANDS = {"runbot"}


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def test_every_part_of_the_workshop_is_a_service() -> None:
    services = compose()["services"]
    assert set(services) >= {"web", "bot", "worker", "beat", "postgres", "redis"}
    for name in ("web", "bot", "worker", "beat"):
        assert services[name]["read_only"] is True
        assert services[name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }
    for name in ("web", "postgres", "redis"):
        assert "test" in services[name]["healthcheck"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_only_the_bot_gets_the_token() -> None:
    holders = {
        name
        for name, service in compose()["services"].items()
        if "TELEGRAM_BOT_TOKEN" in service.get("environment", {})
    }
    assert holders == {"bot"}


def test_compose_asks_for_settings_that_exist() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text(encoding="utf-8")))
    assert asked <= set(KNOWN) | OTHER_VARIABLES


def test_the_brokers_and_the_look_into_them_come_by_profile() -> None:
    services = compose()["services"]
    for name in ("rabbitmq", "flower"):
        assert services[name]["profiles"] == [name]
    (address,) = services["flower"]["ports"]
    assert address.startswith("127.0.0.1:")
    refused = subprocess.run(
        [*services["flower"]["command"][:2], services["flower"]["command"][2].replace("$$", "$")],
        env={"PATH": os.environ["PATH"], "FLOWER_BASIC_AUTH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "name:password" in refused.stderr


def test_no_secret_has_a_default() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    assert not re.search(
        r"\$\{(SECRET_KEY|[A-Z]+_PASSWORD|FLOWER_BASIC_AUTH|TELEGRAM_BOT_TOKEN):-[^}]", text
    )


def test_the_commands_of_the_services_exist() -> None:
    known = set(get_commands()) | LATER_COMMANDS
    for service in compose()["services"].values():
        command = service.get("command", [])
        if "manage.py" in command:
            assert command[command.index("manage.py") + 1] in known


def test_the_image_runs_as_nobody_special_and_holds_no_secret() -> None:
    text = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users == ["workshop"]
    assert not re.search(r"^(ARG|ENV).*(SECRET|TOKEN|PASSWORD)", text, re.MULTILINE)
    ignored = (BASE_DIR / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".env", "var", ".venv"} <= set(ignored)


@pytest.mark.parametrize("path", [".ci/run"])
def test_scripts_are_executable_and_parse(path: str) -> None:
    script = BASE_DIR / path
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_bootstrap_needs_nothing_and_runs_on_an_old_python() -> None:
    """It must be able to say that a Python is too old, so it must parse there."""
    source = (BASE_DIR / "deploy" / "bootstrap.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    imported = {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }
    assert imported <= {
        "argparse", "hashlib", "os", "secrets", "subprocess", "sys", "ensurepip", "venv",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_lock_is_complete_and_names_no_place(name: str) -> None:
    lock = (BASE_DIR / f"{name}.lock").read_text(encoding="utf-8")
    pinned = {m[0].lower().replace("_", "-") for m in re.findall(r"^([\w.-]+)(\[|==)", lock, re.M)}
    wanted = direct(BASE_DIR / f"{name}.txt")
    assert wanted <= pinned
    assert not re.search(r"https?://|file:|--index-url|--extra-index|--find-links", lock)
    for block in re.split(r"\n(?=\w)", lock.strip()):
        assert "--hash=sha256:" in block, block[:60]


def direct(path: Path) -> set[str]:
    """Names of the direct dependencies; each has a comment with its reason and an exact pin."""
    names = set()
    previous = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r")):
            assert re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+", line), line
            # A family of packages may share one reason.
            assert previous.startswith("#") or "==" in previous, f"{line} has no reason"
            names.add(re.split(r"[\[=]", line)[0].lower().replace("_", "-"))
        previous = line
    return names


def test_locks_pin_what_the_lists_pin() -> None:
    for name in ("requirements", "requirements-dev"):
        lock = (BASE_DIR / f"{name}.lock").read_text(encoding="utf-8").lower()
        for line in (BASE_DIR / f"{name}.txt").read_text(encoding="utf-8").lower().splitlines():
            if "==" in line:
                package, version = re.sub(r"\[.*\]", "", line).split("==")
                assert re.search(
                    rf"^{re.escape(package)}(\[.*\])?=={re.escape(version)}\b", lock, re.M
                )
