"""A real browser against a live server. Without Chromium the tests are skipped, loudly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from staff import roles
from tests.browser.chromium import chromium
from tests.cast import Cast, make_cast

# Playwright's own loop runs in this thread; Django only reads settings of the tests beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

PASSWORD = "secret-enough-1"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


# Not longer than the module: another one may start a Playwright of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        pytest.skip("NO BROWSER: install chromium, the office was NOT tested in a real browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    user = User.objects.create_user("anna", password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name=roles.GROUPS[roles.MANAGER]))
    return make_cast()


class Office:
    """A page with its complaints collected: console errors, failed requests, exceptions."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def sign_in(self, name: str = "anna", password: str = PASSWORD) -> None:
        self.go("/admin/login/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", password)
        self.page.click("#login-form button[type=submit]")
        self.page.wait_for_url("**/admin/")

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.looks_right()

    def looks_right(self) -> None:
        """Nothing wider than the window, nothing on the console."""
        self.page.wait_for_load_state("load")
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"
        assert self.complaints == [], self.complaints

    def verb(self, name: str) -> None:
        """Press a button of the receipt page."""
        with self.page.expect_navigation():  # a click does not wait for the next page
            self.page.click(f".office-page a[href*='/do/{name}/']")
        self.looks_right()

    def confirm(self) -> None:
        """Send the form; the page of the object answers."""
        self.page.click(".office-form button[type=submit]")
        self.page.wait_for_url("**/change/")
        self.looks_right()

    def status(self) -> str:
        return str(self.page.inner_text(".office-title .office-chip >> nth=0"))


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def office(
    request: pytest.FixtureRequest, browser: Any, live_server: Any, cast: Cast
) -> Iterator[Office]:
    scheme = "dark" if request.param is PHONE else "light"
    context = browser.new_context(
        viewport=request.param, color_scheme=scheme, locale="ru-RU", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    yield Office(context.new_page(), live_server.url)
    context.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "watch.png"
    Image.new("RGB", (320, 240), "navy").save(path)
    return path
