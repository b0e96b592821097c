"""`python -m tests.docs.pictures`: photographs the office for the guides, in both languages.

It starts everything as `make run` does, on a folder of its own with the demonstration data, signs
in as the people of the demonstration and presses what the guides tell of. Names of shots as
arguments take these alone. One JSON object on stdout; 0 when every page looked right.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.chromium import chromium
from tests.day.pictures import LOCALES, small
from tests.faults.setup import ROOT, finish, free_port, say

FOLDER = ROOT / "docs" / "guide" / "images"
PREFIX = "office-"
CODES = ("en", "ru")
WIDTH, HEIGHT = 1280, 860  # CSS pixels
SCALE = 1
PATIENCE = 900.0  # seconds until the demonstration has been written; a bound for failures
MANAGER, OWNER = "anna", "boris"
# What moves by itself would differ from picture to picture.
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; }"


@dataclass(frozen=True)
class Shot:
    """A page as somebody sees it. ``way`` are further steps on it before the picture."""

    name: str
    who: str
    path: str
    way: Callable[[Any], None] = lambda page: None
    height: int = HEIGHT


def click(selector: str) -> Callable[[Any], None]:
    """Press the first that fits; what it leads to has to be another page."""

    def way(page: Any) -> None:
        with page.expect_navigation():
            page.locator(selector).first.click()

    return way


def then(*ways: Callable[[Any], None]) -> Callable[[Any], None]:
    def way(page: Any) -> None:
        for step in ways:
            step(page)

    return way


def to(selector: str) -> Callable[[Any], None]:
    """Bring what fits to the upper edge of the picture."""

    def way(page: Any) -> None:
        page.locator(selector).first.evaluate("node => node.scrollIntoView({block: 'start'})")

    return way


def fill(selector: str, text: str) -> Callable[[Any], None]:
    return lambda page: page.fill(selector, text)


def verb(name: str) -> Callable[[Any], None]:
    return click(f".office-page a[href*='/do/{name}/']")


# The same seed tells the same stories: this one is in work, urgent, its parts at a polisher.
RECEIPT = "/admin/receipts/receipt/?q=1396"
ITS_PAGE = "a[href^='/admin/receipts/receipt/'][href*='/change/']"
SHOTS = (
    Shot("home", MANAGER, "/admin/", height=1500),
    Shot("list", MANAGER, "/admin/receipts/receipt/"),
    Shot("new", MANAGER, "/admin/receipts/receipt/add/"),
    Shot("receipt", MANAGER, RECEIPT, click(ITS_PAGE), height=1100),
    Shot("return", MANAGER, RECEIPT, then(click(ITS_PAGE), verb("return"))),
    Shot("import", MANAGER, "/admin/integrations/import/add/"),
    Shot(
        "monitoring",
        MANAGER,
        "/admin/analytics/monitoring/state/",
        click("form[action*='/monitoring/capture/'] button"),
    ),
    Shot("jobs", MANAGER, "/admin/history/job/"),
    Shot("queue", MANAGER, "/admin/botapp/outgoingmessage/"),
    Shot("owner", OWNER, "/admin/"),
    Shot("quality", OWNER, "/admin/analytics/quality/?period=quarter", height=1100),
    Shot("returns", OWNER, "/admin/analytics/returns/?period=quarter", height=1100),
    Shot("lead-time", OWNER, "/admin/analytics/lead-time/?period=quarter"),
    Shot("deadlines", OWNER, "/admin/analytics/deadlines/?period=quarter"),
    Shot("burning", OWNER, "/admin/analytics/burning/"),
    Shot(
        "person",
        OWNER,
        "/admin/analytics/quality/?period=quarter",
        click("a[href^='/admin/analytics/people/']"),
        height=1100,
    ),
    Shot("schedule", MANAGER, "/admin/analytics/reportschedule/add/"),
)


def main() -> None:
    wanted = set(sys.argv[1:]) or {shot.name for shot in SHOTS}
    path = chromium()
    if path is None:
        raise SystemExit("There is no browser. Cure: apt-get install chromium")
    taken: dict[str, int] = {}
    complaints: list[str] = []
    from playwright.sync_api import sync_playwright

    with demonstration() as (address, passwords), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for code in CODES:
            for who in (MANAGER, OWNER):
                camera = Camera(browser, address, code)
                camera.sign_in(who, passwords[who])
                for shot in SHOTS:
                    if shot.who == who and shot.name in wanted:
                        file = camera.shoot(shot)
                        taken[file.name] = file.stat().st_size
                complaints += camera.complaints
        browser.close()
    met = not complaints and len(taken) == len(wanted) * len(CODES)
    finish({"name": "pictures", "pictures": taken, "complaints": complaints, "met": met}, met=met)


@contextlib.contextmanager
def demonstration() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a running demonstration and the passwords of its people."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        port = free_port()
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DEMO": "1",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "HTTPS": "0",
            "SECRET_KEY": secrets.token_urlsafe(64),
        }
        program = subprocess.Popen(
            [sys.executable, "-m", "workshop.supervisor"],
            cwd=ROOT,
            env=environment,
            stdout=sys.stderr,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{port}", _passwords(Path(folder), program, port)
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(timeout=60)


def _passwords(folder: Path, program: subprocess.Popen[bytes], port: int) -> dict[str, str]:
    """Waits until the demonstration is written and the site answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and program.poll() is None:
        if _answers(port):
            text = (folder / "demo-sign-ins.txt").read_text(encoding="utf-8")
            return dict(re.findall(r"^ +(\w+) +(\S+)", text, re.MULTILINE))
        time.sleep(0.5)
    raise SystemExit("The demonstration did not start.")


def _answers(port: int) -> bool:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


class Camera:
    """A browser of one person, with the page's complaints collected."""

    def __init__(self, browser: Any, address: str, code: str) -> None:
        self._address, self._code = address, code
        self._context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=SCALE,
            locale=LOCALES[code],
            color_scheme="light",
            reduced_motion="reduce",
            timezone_id="Europe/Moscow",
        )
        self._context.add_cookies([{"name": "django_language", "value": code, "url": address}])
        self.complaints: list[str] = []

    def sign_in(self, name: str, password: str) -> None:
        page = self._context.new_page()
        page.goto(f"{self._address}/admin/login/")
        page.fill("#id_username", name)
        page.fill("#id_password", password)
        page.click("#login-form button[type=submit]")
        page.wait_for_url("**/admin/")
        page.close()

    def shoot(self, shot: Shot) -> Path:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{shot.name}: {error}"))
        page.on("response", lambda answer: self._look(shot, answer))
        page.goto(self._address + shot.path)
        shot.way(page)
        page.wait_for_load_state("networkidle")
        page.add_style_tag(content=STILL)
        page.set_viewport_size({"width": WIDTH, "height": shot.height})
        wide = page.evaluate("document.documentElement.scrollWidth") - WIDTH
        if wide > 0:
            self.complaints.append(f"{shot.name}: {wide} px too wide")
        path = FOLDER / f"{PREFIX}{shot.name}.{self._code}.png"
        path.write_bytes(small(page.screenshot()))
        page.close()
        say(f"{path.name}: {path.stat().st_size} bytes")
        return path

    def _look(self, shot: Shot, answer: Any) -> None:
        if answer.status >= 400:
            self.complaints.append(f"{shot.name}: {answer.status} {answer.url}")


if __name__ == "__main__":
    main()
