"""Every link of the documentation leads somewhere, and everything it names exists."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import PurePosixPath

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs import naming, pages
from tests.test_deployment import OTHER_VARIABLES
from workshop.settings.env import KNOWN

EVERY_PAGE = pytest.mark.parametrize("source", pages.sources(), ids=str)
# A name that OpenSSL reads.
OF_OTHERS = {"SSL_CERT_FILE"}
# Written by the programs, not kept in the project.
WRITTEN = {"demo/true_rates.json"}


@EVERY_PAGE
def test_every_link_leads_somewhere(source: PurePosixPath) -> None:
    broken = []
    for found in pages.LINK.finditer(pages.without_code(pages.read(source))):
        address, anchor = found[2], (found[3] or "")[1:]
        if address and not pages.is_inside(address):
            continue
        there = pages.target(source, address) if address else source
        if not (pages.ROOT / there).exists():
            broken.append(address)
        elif anchor and anchor not in naming.anchors(there):
            broken.append(f"{address}#{anchor}")
    assert broken == []


@EVERY_PAGE
def test_every_target_of_make_exists(source: PurePosixPath) -> None:
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    rules = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    rules |= {f"bench-{path.stem.upper()}" for path in (pages.ROOT / "benchmarks").glob("[po]*.py")}
    named = set(naming.make_targets(naming.code(source)))
    assert sorted(named - rules) == []


@EVERY_PAGE
def test_every_command_exists_and_takes_these_options(source: PurePosixPath) -> None:
    known = get_commands()
    wrong = []
    for name, options in naming.commands(naming.code(source)):
        if name not in known:
            wrong.append(name)
            continue
        app = known[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        taken = command.create_parser("manage.py", name)._option_string_actions
        wrong += [f"{name} {option}" for option in options if option not in taken]
    assert wrong == []


@EVERY_PAGE
def test_every_module_that_is_run_exists(source: PurePosixPath) -> None:
    named = set(naming.MODULE.findall(naming.code(source)))
    assert [name for name in sorted(named) if not _is_module(name)] == []


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # already its package is not there
        return False


@EVERY_PAGE
def test_every_profile_of_compose_exists(source: PurePosixPath) -> None:
    known = set()
    for name in ("docker-compose.yml", "docker-compose.prod.yml"):
        text = (pages.ROOT / name).read_text(encoding="utf-8")
        known |= {
            profile
            for line in re.findall(r"profiles: \[([^\]]+)\]", text)
            for profile in line.split(", ")
        }
    assert set(naming.PROFILE.findall(naming.code(source))) <= known


@EVERY_PAGE
def test_every_setting_exists(source: PurePosixPath) -> None:
    known = set(KNOWN) | OTHER_VARIABLES | OF_OTHERS | naming.words_of_the_source()
    known |= {f"{name}_FILE" for name in ("NAME", *known)}
    named = set(naming.SETTING.findall(naming.code(source)))
    assert sorted(named - known) == []


@EVERY_PAGE
def test_every_file_of_the_project_exists(source: PurePosixPath) -> None:
    named = set(naming.FILE.findall(naming.code(source))) - WRITTEN
    kept = [name for name in named if not name.startswith("var/")]
    # Pages leave the app out where it is clear: `screens/find.py`.
    there = naming.files()
    assert [name for name in sorted(kept) if not any(f.endswith(f"/{name}") for f in there)] == []


@EVERY_PAGE
def test_every_test_that_proves_something_exists(source: PurePosixPath) -> None:
    for path, names in naming.TEST.findall(naming.code(source)):
        text = (pages.ROOT / path).read_text(encoding="utf-8")
        for name in names.split("::"):
            assert re.search(rf"\b(?:def|class) {name}\b", text), f"{path}::{names}"


def test_the_changelog_knows_the_version_and_every_release_with_steps() -> None:
    changelog = (pages.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert released[0] == project["version"]
    upgrades = (pages.ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8")
    with_steps = re.findall(r"^## (\d+\.\d+)", upgrades, re.MULTILINE)
    assert set(with_steps) <= {version.rpartition(".")[0] for version in released}


def test_the_licence_is_the_one_that_is_named() -> None:
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    text = (pages.ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "[yyyy]" not in text


def test_what_is_named_is_found() -> None:
    """Without it a test above could look for nothing and find nothing wrong."""
    assert list(naming.make_targets("make -s lint types ARGS=x\nit can make backups")) == [
        "lint",
        "types",
    ]
    assert list(naming.commands(".venv/bin/python manage.py backup --list --folder x; ls -a")) == [
        ("backup", ["--list", "--folder"])
    ]
    assert naming.MODULE.findall("python -m tests.day.pictures ru") == ["tests.day.pictures"]
    assert naming.PROFILE.findall("docker compose --profile bot up") == ["bot"]
    assert naming.SETTING.findall("SECRET_KEY=… ${OTHER_ONE} POSTGRES_PASSWORD") == [
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
    ]
    assert naming.FILE.findall("see receipts/states.py and /srv/wal/x.py") == ["receipts/states.py"]
    assert naming.TEST.findall("tests/a.py::TestB::test_c") == [("tests/a.py", "TestB::test_c")]
    links = pages.LINK.finditer('[a](b.md#c) <img src="d.png"> ![e](f.png)')
    assert [(found[2], found[3]) for found in links] == [
        ("b.md", "#c"),
        ("d.png", None),
        ("f.png", None),
    ]
