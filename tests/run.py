"""`make test`: the whole suite on SQLite, then everything that touches a database on PostgreSQL.

Further arguments go to pytest (`python -m tests.run -k deadline`). `--sqlite` or `--postgres`
runs one part alone. The closing summary says what ran on what; a part that could not run is named
with its cure, never left out silently.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET  # our own report is read
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop import local_services as services

NO_TESTS = 5


@dataclass(frozen=True)
class Part:
    name: str
    code: int
    counts: str


def main(arguments: Sequence[str]) -> int:
    wanted = {word for word in arguments if word in {"--sqlite", "--postgres"}}
    extra = [word for word in arguments if word not in wanted]
    wanted = wanted or {"--sqlite", "--postgres"}
    parts: list[Part] = []
    missing: list[str] = []
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        environment = _environment()
        try:
            url, origin = stack.enter_context(services.redis())
            environment["TEST_REDIS_URL"] = url
            redis = origin
        except services.Unavailable as error:
            redis = "none"
            missing.append(f"Redis: {error}")
        if "--sqlite" in wanted:
            parts.append(_run("SQLite", environment, extra))
        if "--postgres" in wanted:
            try:
                url, origin = stack.enter_context(services.postgres())
            except services.Unavailable as error:
                missing.append(f"PostgreSQL: {error}")
            else:
                place = environment | {"TEST_DATABASE_URL": url}
                parts.append(_run(f"PostgreSQL ({origin})", place, ["--database-only", *extra]))
    _summary(parts, missing, redis, time.monotonic() - started)
    return max((part.code for part in parts), default=1)


def _environment() -> dict[str, str]:
    own = {"TEST_DATABASE_URL", "TEST_REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in own}


def _run(name: str, environment: dict[str, str], extra: Sequence[str]) -> Part:
    workers = (
        []
        if any(word.startswith("-n") for word in extra)
        else ["-n", "auto", "--dist", "worksteal"]
    )
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *workers, "-q", f"--junitxml={report}", *extra]
        print(f"\n=== Tests on {name} ===", flush=True)
        code = subprocess.run(command, env=environment, check=False).returncode
        return Part(name, code, _counts(report, code))


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
    lines += [f"{'ok    ' if not p.code else 'FAILED'} {p.name}: {p.counts}" for p in parts]
    lines.append(f"       Redis: {redis}")
    lines += [f"NOT RUN {reason}" for reason in missing]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
