"""`make test`: the whole suite on SQLite, the browser, and PostgreSQL for what touches a database.

Further arguments go to pytest (`python -m tests.run -k deadline`). `--sqlite`, `--browser`,
`--postgres` or `--programs` runs one part alone; `tests/parts.py` says what belongs to which. The
last one (fault runs and benchmarks in small) takes minutes and runs only when it is named. The
browser, which uses one core alone, runs beside the others; its output follows theirs. The
closing summary says what ran on what; a part that could not run is named with its cure, never left
out silently.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET  # our own report is read
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.chromium import NAMES, chromium
from workshop import local_services as services

NO_TESTS = 5
FLAGS = ("--sqlite", "--browser", "--postgres", "--programs")
USUAL = FLAGS[:3]


@dataclass(frozen=True)
class Part:
    name: str
    code: int
    counts: str
    seconds: float
    left: int  # tests of the database that run on SQLite alone


@dataclass
class Suite:
    """One run of the parts; the services that they need live as long as the stack."""

    extra: Sequence[str]
    environment: dict[str, str]
    stack: contextlib.ExitStack
    parts: list[Part] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def redis(self) -> str:
        """Where it came from."""
        try:
            url, origin = self.stack.enter_context(services.redis())
        except services.Unavailable as error:
            self.missing.append(f"Redis: {error}")
            return "none"
        self.environment["TEST_REDIS_URL"] = url
        return origin

    def sqlite(self) -> None:
        self.parts.append(_run("sqlite", "SQLite", self.environment, self.extra))

    def browser(self, out: Path | None = None) -> None:
        """``out``: where its output goes while other parts run beside it."""
        path = chromium()
        if path is None:
            cure = "Cure: apt-get install chromium"
            self.missing.append(f"Browser: none of {', '.join(NAMES)}. {cure}")
            return
        # Playwright and the live server share one process: no workers.
        alone = [*self.extra, "-n0"]
        self.parts.append(_run("browser", f"SQLite with {path}", self.environment, alone, out))

    def postgres(self) -> None:
        self._on_postgres("postgres", "PostgreSQL", self.extra)

    def programs(self) -> None:
        # Each starts processes of its own and mostly waits for them: two at a time fill two cores.
        self._on_postgres("programs", "programs, PostgreSQL", [*self.extra, "-n2"])

    def run(self, wanted: Sequence[str]) -> None:
        """One after the other, the browser beside them: it leaves the second core idle."""
        others = [flag for flag in wanted if flag != "--browser"]
        if len(others) == len(wanted):
            self._in_turn(others)
        elif not others:
            self.browser()
        else:
            with tempfile.NamedTemporaryFile(prefix="browser-") as out:
                beside = threading.Thread(target=self.browser, args=[Path(out.name)])
                beside.start()
                self._in_turn(others)
                beside.join()
                print(Path(out.name).read_text(errors="replace"), flush=True)

    def _in_turn(self, flags: Sequence[str]) -> None:
        runs: dict[str, Callable[[], None]] = {
            "--sqlite": self.sqlite,
            "--postgres": self.postgres,
            "--programs": self.programs,
        }
        for flag in flags:
            runs[flag]()

    def _on_postgres(self, part: str, name: str, extra: Sequence[str]) -> None:
        try:
            url, origin = self.stack.enter_context(services.postgres())
        except services.Unavailable as error:
            self.missing.append(f"{name}: {error}")
            return
        place = self.environment | {"TEST_DATABASE_URL": url}
        self.parts.append(_run(part, f"{name} ({origin})", place, extra))


def main(arguments: Sequence[str]) -> int:
    extra = [word for word in arguments if word not in FLAGS]
    wanted = [flag for flag in FLAGS if flag in arguments] or USUAL
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        suite = Suite(extra, _environment(), stack)
        redis = suite.redis()
        suite.run(wanted)
    _summary(suite.parts, suite.missing, redis, time.monotonic() - started)
    return verdict([part.code for part in suite.parts])


def verdict(codes: Sequence[int]) -> int:
    """The worst of the parts; with -k a part may be empty as long as another one is not."""
    return max((code for code in codes if code != NO_TESTS), default=NO_TESTS)


def _environment() -> dict[str, str]:
    own = {"TEST_DATABASE_URL", "TEST_REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    # Without compiled modules every process of the suite compiles all of them again.
    own.add("PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in own}


def _run(
    part: str,
    name: str,
    environment: dict[str, str],
    extra: Sequence[str],
    out: Path | None = None,
) -> Part:
    workers = (
        []
        if any(word.startswith("-n") for word in extra)
        else ["-n", "auto", "--dist", "worksteal"]
    )
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        report, left = Path(folder) / "report.xml", Path(folder) / "left"
        own = [f"--part={part}", f"--left-to={left}", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *workers, "-q", *own, *extra]
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            to = stack.enter_context(out.open("w")) if out else None
            print(f"\n=== Tests on {name} ===", file=to, flush=True)
            done = subprocess.run(command, env=environment, stdout=to, stderr=to, check=False)
        seconds, code = time.monotonic() - started, done.returncode
        alone = int(left.read_text()) if part == "postgres" and left.exists() else 0
        return Part(name, code, _counts(report, code), seconds, alone)


def _counts(report: Path, code: int) -> str:
    if not report.exists():
        return f"stopped with code {code} before the end"
    root = ET.parse(report).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    if suite is None:
        return f"no report, code {code}"
    total, failed, errors, skipped = (
        int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
    )
    passed = total - failed - errors - skipped
    text = f"{passed} passed, {failed} failed, {errors} errors, {skipped} skipped"
    return text + (", no test was selected" if code == NO_TESTS else "")


def _summary(parts: Sequence[Part], missing: Sequence[str], redis: str, seconds: float) -> None:
    lines = ["", f"=== What ran on what ({seconds:.0f} s) ==="]
    for part in parts:
        mark = "ok    " if part.code in {0, NO_TESTS} else "FAILED"
        lines.append(f"{mark} {part.name}: {part.counts} ({part.seconds:.0f} s)")
        if part.left:
            lines.append(f"       left to SQLite alone: {part.left} (tests/parts.py says why)")
    lines.append(f"       Redis: {redis}")
    lines += [f"NOT RUN {reason}" for reason in missing]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
