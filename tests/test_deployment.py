"""The files a deployment is made of are well-formed and keep the promises of the documentation."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from workshop.settings.env import BASE_DIR, KNOWN

COMPOSE = BASE_DIR / "docker-compose.yml"
# Not settings of the product: the database's own password, and where the host listens.
PRODUCTION = BASE_DIR / "docker-compose.prod.yml"
OUTSIDE = BASE_DIR / "docker-compose.outside.yml"
UNITS = sorted((BASE_DIR / "deploy" / "systemd").glob("repassage*"))
OTHER_VARIABLES = {
    "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "FLOWER_BASIC_AUTH", "FLOWER_PORT",
    "IMAGE", "SITE_HOST", "SECRETS_DIR",
}  # fmt: skip
LATER_COMMANDS = {"runbot"}
MONITORING = ("prometheus", "grafana")


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


class _Merging(yaml.SafeLoader):
    """Knows the tags by which one compose file takes something of another away."""


_Merging.add_constructor("!reset", lambda _loader, _node: None)


def production() -> dict[str, Any]:
    return dict(yaml.load(PRODUCTION.read_text(encoding="utf-8"), _Merging))


def test_production_bounds_every_part_and_restarts_it() -> None:
    services = production()["services"]
    parts = ("web", "worker", "beat", "bot", "postgres", "redis", "proxy", "flower")
    for name in (*parts, *MONITORING):
        assert services[name]["restart"] == "always", name
        assert {"cpus", "memory"} <= set(services[name]["deploy"]["resources"]["limits"]), name
        assert services[name]["logging"]["options"]["max-size"], name
    # Read-only and without rights: here or in the base file, whose lists are kept.
    for name in ("postgres", "redis", "proxy", *MONITORING):
        assert services[name]["read_only"] is True, name
    assert set(services) - {"proxy", *MONITORING} <= set(compose()["services"])


def test_production_takes_secrets_from_files_only() -> None:
    whole = production()
    for name, service in whole["services"].items():
        for variable, value in service.get("environment", {}).items():
            if str(value).startswith("/run/secrets/"):
                assert variable.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"], (name, variable)
            assert not re.search(r"PASSWORD$|SECRET_KEY$|TOKEN$|PEPPER$|IDENTITY$", variable)
        assert set(service.get("secrets", [])) <= set(whole["secrets"])
    holders = [
        n for n, one in whole["services"].items() if "telegram_bot_token" in one.get("secrets", [])
    ]
    assert holders == ["bot"]


def test_production_is_reached_through_tls_alone() -> None:
    services = production()["services"]
    assert services["web"]["ports"] is None
    assert {n for n, one in services.items() if one.get("ports")} == {"proxy"}
    environment = services["web"]["environment"]
    assert (environment["HTTPS"], environment["TRUSTED_PROXY_COUNT"]) == ("1", "1")
    assert environment["DEMO"] == "0"


def test_monitoring_comes_by_profile_with_pinned_images_and_what_it_mounts() -> None:
    services = production()["services"]
    for name in MONITORING:
        one = services[name]
        assert one["profiles"] == ["monitoring"]
        assert re.search(r":v?\d+\.\d+\.\d+$", one["image"]), one["image"]
        mounted = [place.partition(":")[0] for place in one["volumes"] if place.startswith("./")]
        assert mounted
        assert all((BASE_DIR / place).is_dir() for place in mounted)
        assert all(place.endswith(":ro") for place in one["volumes"] if place.startswith("./"))


def test_production_asks_for_settings_that_exist() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", PRODUCTION.read_text(encoding="utf-8")))
    assert asked <= set(KNOWN) | OTHER_VARIABLES
    for part, service in production()["services"].items():
        if part in MONITORING:
            continue  # programs of others, with settings of their own
        names = {name.removesuffix("_FILE") for name in service.get("environment", {})}
        assert names <= set(KNOWN) | OTHER_VARIABLES


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_understood_by_systemd(path: Path, tmp_path: Path) -> None:
    """With the programs of this machine instead of those of a server."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd on this machine")
    python = Path(sys.executable).parent
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/repassage/.venv/bin", str(python))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / path.name)],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if "repassage" in line]
    assert told == [], done.stderr


def test_units_run_what_the_containers_run_and_may_little() -> None:
    commands = {}
    for path in UNITS:
        if path.suffix == ".service":
            text = path.read_text(encoding="utf-8")
            (command,) = re.findall(r"^ExecStart=/opt/repassage/\.venv/bin/(.+)$", text, re.M)
            commands[path.stem.removeprefix("repassage-")] = command.split()
            for wanted in ("User=repassage", "NoNewPrivileges=yes", "ProtectSystem=strict"):
                assert f"\n{wanted}\n" in text, path.name
            if "Type=oneshot" not in text:
                assert "\nTimeoutStopSec=30\n" in text
                assert "\nRestart=always\n" in text
    services = compose()["services"]
    for name in ("worker", "bot"):
        assert commands[name] == services[name]["command"], name
    assert commands["beat"] == services["beat"]["command"][: len(commands["beat"])]


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


def copied(path: str) -> bool:
    """Would ``COPY .`` take this file along? By the rules of .dockerignore: a pattern takes a
    folder with all that is in it, ``**`` any number of folders, ``*`` no slash."""
    lines = (BASE_DIR / ".dockerignore").read_text(encoding="utf-8").split()
    assert not any(line.startswith(("!", "#")) for line in lines), "learn these first"
    parts = path.split("/")
    ways = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    rules = [
        re.escape(line)
        .replace(r"\*\*/", "(?:.*/)?")
        .replace(r"\*", "[^/]*")
        .replace(r"\[co\]", "[co]")
        for line in lines
    ]
    return not any(re.fullmatch(rule, way) for rule in rules for way in ways)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        "secrets/secret_key",
        "secrets/telegram_bot_token",
        "var/workshop.sqlite3",
        "var/demo-sign-ins.txt",
        "workshop.sqlite3-wal",
        "deploy/caddy/private.key",
        "backups.age",
        ".git/config",
        "tests/faults/secrets.py",
        "receipts/tests/test_x.py",
    ],
)
def test_no_secret_gets_into_the_image(path: str) -> None:
    assert not copied(path)


def test_the_image_holds_the_product() -> None:
    for path in ("manage.py", "workshop/settings/env.py", "integrations/webhooks/sealing.py"):
        assert copied(path)


def test_what_the_documentation_keeps_beside_the_files_stays_out_of_image_and_repository() -> None:
    """The folder of the secrets is the one of docs/deployment.md and of the compose file."""
    (folder,) = set(re.findall(r"SECRETS_DIR:-\./(\w+)\}", PRODUCTION.read_text(encoding="utf-8")))
    assert f"install -d -m 700 {folder}" in (BASE_DIR / "docs/deployment.md").read_text("utf-8")
    assert not copied(f"{folder}/secret_key")
    assert f"/{folder}/" in (BASE_DIR / ".gitignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", ["SECRET_KEY", "API_KEY_PEPPER", "WEBHOOK_SECRET_KEY"])
def test_a_former_key_reaches_every_program_while_it_counts(name: str) -> None:
    """The steps of docs/secrets.md need a place to put it."""
    for part in ("migrate", "web", "worker", "beat", "bot"):
        service = production()["services"][part]
        place = f"{name.lower()}_fallbacks"
        assert service["environment"][f"{name}_FALLBACKS_FILE"] == f"/run/secrets/{place}"
        assert place in service["secrets"]
    for manifest in (BASE_DIR / "deploy/kubernetes/base").glob("*.yaml"):
        text = manifest.read_text(encoding="utf-8")
        assert text.count(f"name: {name}_FILE") == text.count(f"name: {name}_FALLBACKS_FILE")


@pytest.mark.parametrize(
    "name", ["EMAIL_URL", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_HEADERS", "HEARTBEAT_URL"]
)
def test_secrets_of_services_outside_come_from_files_too(name: str) -> None:
    whole = yaml.safe_load(OUTSIDE.read_text(encoding="utf-8"))
    place = name.lower()
    assert set(whole["services"]) == {"migrate", "web", "worker", "beat", "bot"}
    for service in whole["services"].values():
        assert service["environment"][f"{name}_FILE"] == f"/run/secrets/{place}"
        assert name not in service["environment"]
        assert place in service["secrets"]
        names = {one.removesuffix("_FILE") for one in service["environment"]}
        assert names <= set(KNOWN)
    assert whole["secrets"][place] == {"file": f"${{SECRETS_DIR:-./secrets}}/{place}"}
    kubernetes = (BASE_DIR / "docs/kubernetes.md").read_text(encoding="utf-8")
    assert f"{name}_FILE=/run/secrets/repassage/{place}" in kubernetes


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
        "argparse", "contextlib", "fcntl", "hashlib", "os", "secrets", "socket", "subprocess",
        "sys", "ensurepip", "venv",
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
