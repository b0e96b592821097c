"""A version of the past beside the present one: its files, its libraries, its migrations."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tests.faults.programs import Program
from tests.faults.setup import ROOT, Place, say, static_files

OURS: Final = ("history", "staff", "receipts", "polishing", "analytics", "integrations", "botapp")
PINNED: Final = re.compile(r"^[\w.-]+(?:\[[^\]]*\])?==[^\\\n]+", re.MULTILINE)


class NoHistory(Exception):
    """The repository does not reach back to that version; the text says what to do."""


@dataclass(frozen=True)
class Version:
    """A tree of the product and the interpreter that has its libraries."""

    name: str
    root: Path
    python: str
    static: Path

    def leaves(self) -> dict[str, str]:
        """The last migration of each app; "zero" for one that has none."""
        return {app: self._leaf(app) for app in OURS}

    def _leaf(self, app: str) -> str:
        found = sorted(self.root.glob(f"{app}/migrations/[0-9]*.py"))
        return found[-1].stem if found else "zero"

    def program(self, place: Place, name: str, command: list[str], **more: str) -> VersionProgram:
        return VersionProgram(self, place, f"{name} {self.name}", command, **more)

    def manage(self, place: Place, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of ``manage.py``, to its end."""
        environment = {**place.environment, "STATIC_ROOT": str(self.static)}
        return subprocess.run(
            [self.python, "manage.py", *words],
            cwd=self.root,
            env=environment | {"PGAPPNAME": "migration"},
            capture_output=True,
            text=True,
            check=False,
        )


class VersionProgram(Program):
    """A program of that version. The database is told its name."""

    def __init__(
        self, version: Version, place: Place, name: str, command: list[str], **more: str
    ) -> None:
        more = {"PGAPPNAME": name, "STATIC_ROOT": str(version.static), **more}
        super().__init__(place, name.replace(" ", "-"), command, **more)
        self._command[0] = version.python
        self._root = version.root


def present() -> Version:
    return Version("new", ROOT, sys.executable, static_files())


def former(root: Path, folder: Path) -> Version:
    """The version that stands there, with its libraries; what it needs else goes to the folder."""
    python = _interpreter(root)
    if _files_of_pages(root) <= _files_of_pages(ROOT):
        return Version("old", root, python, static_files())
    made = Version("old", root, python, folder / "former-static")
    say("files of the former version's pages")
    done = subprocess.run(
        [python, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        cwd=root,
        env={**os.environ, "STATIC_ROOT": str(made.static)},
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise RuntimeError("the static files of the former version cannot be collected")
    return made


def unpack(commit: str, root: Path) -> Path:
    """That commit in a folder of its own. Raises NoHistory."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        raise NoHistory(
            f"This copy of the repository does not have commit {commit[:12]}, so two versions "
            "cannot run side by side. Cure: git fetch --unshallow, or clone it whole. "
            f"({packed.stderr.decode().strip()[:200]})"
        )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(root, filter="data")
    return root


def _interpreter(root: Path) -> str:
    """Ours, when it has what that version pins; else one of its own, kept for later runs."""
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    if all(map(_is_here, map(Requirement, PINNED.findall(lock)))):
        return sys.executable
    mark = hashlib.sha256(lock.encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"workshop-former-{os.getuid()}-{mark}"
    python = place / "bin" / "python"
    if not (place / "complete").exists():
        say(f"libraries of the former version: {place}")
        venv.create(place, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]
        subprocess.run(
            [python, *install, root / "requirements.lock"], stdout=sys.stderr, check=True
        )
        (place / "complete").touch()
    return str(python)


def _is_here(wanted: Requirement) -> bool:
    """Installed in that version, or not meant for this interpreter."""
    if wanted.marker is not None and not wanted.marker.evaluate():
        return True
    try:
        return importlib.metadata.version(wanted.name) in wanted.specifier
    except importlib.metadata.PackageNotFoundError:
        return False


def _files_of_pages(root: Path) -> set[str]:
    """By their names as pages ask for them."""
    places = [root / "static", *root.glob("*/static")]
    return {
        file.relative_to(place).as_posix()
        for place in places
        for file in place.rglob("*")
        if file.is_file()
    }


def differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a step back migrates to: upper apps first, as they lean on the lower ones."""
    return [(app, old[app]) for app in reversed(OURS) if old[app] != new[app]]
