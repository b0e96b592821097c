"""`python -m tests.day.pictures`: plays the day and photographs the chat page for the guide.

The pictures are what a person sees on a phone, in both languages, with the texts of this version.
The clock stands still but for the day's own leaps, so that a second run draws the same.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults.setup import ROOT, finish, say, throwaway

FOLDER = ROOT / "docs" / "guide" / "images"
CODES = ("ru", "en")
WIDTH, SHORTEST, TALLEST = 390, 460, 1100  # CSS pixels
SCALE = 1.5
HEAVIEST = 60_000  # bytes
LOCALES = {"ru": "ru-RU", "en": "en-GB"}
# Only the last message: what stands above it would be cut in the middle.
ALONE = """() => {
  const drawn = [...document.querySelectorAll("#messages > *")];
  for (const other of drawn.slice(0, -1)) other.hidden = true;
  document.activeElement.blur();
}"""
# The height that the whole of the last screen needs, with the bars above and below it.
NEEDED = """() => {
  const box = document.getElementById("messages");
  const last = [...box.querySelectorAll(".message")].at(-1);
  const bars = document.querySelector(".phone").offsetHeight - box.offsetHeight;
  const outside = window.innerHeight - document.querySelector(".phone").offsetHeight;
  return (last ? last.offsetHeight : 0) + bars + outside + 34;
}"""


def main() -> None:
    if len(sys.argv) > 1:
        result = photograph(sys.argv[1])
        finish(result, met=result["met"])
    parts = {}
    for code in CODES:
        # A process for each: the people of the day are the same, in another database.
        command = [sys.executable, "-m", "tests.day.pictures", code]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        parts[code] = json.loads(done.stdout) if done.stdout else {"met": False}
    met = all(part["met"] for part in parts.values())
    finish({"name": "pictures", "met": met, "parts": parts}, met=met)


def photograph(code: str) -> dict[str, Any]:
    """All pictures of one language."""
    os.environ["WORKSHOP_SELF_SERVICE"] = "1"
    # Playwright keeps an event loop in this thread; nothing else uses it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with throwaway():
        from playwright.sync_api import sync_playwright

        from history.relay import relay_outbox
        from simulator.testing import SimServer
        from tests.browser.chromium import chromium
        from tests.browser.conftest import ARGUMENTS
        from tests.cast import make_cast
        from tests.day.play import faults, play
        from tests.day.simulated import SimulatedStage
        from tests.day.stage import Day

        class PicturedStage(SimulatedStage):
            """The simulated day with a camera."""

            def saw(self, phone: Any, name: str) -> None:
                camera.shoot(phone.chat.person_id, name)

        path = chromium()
        if path is None:
            raise SystemExit("There is no browser. Cure: apt-get install chromium")
        if not _draws_emoji():
            raise SystemExit("No font draws emoji. Cure: apt-get install fonts-noto-color-emoji")
        cast = make_cast()
        relay_outbox()
        with (
            sync_playwright() as playwright,
            SimServer(limits=False) as sim,
            PicturedStage(sim, tick=False) as stage,
        ):
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            camera = Camera(browser, sim.origin, code)
            play(Day(stage, cast, code))
            browser.close()
        return {"met": not list(faults()), "pictures": camera.taken}


class Camera:
    """A phone's browser on the chat page."""

    def __init__(self, browser: Any, origin: str, code: str) -> None:
        self._origin, self._code = origin, code
        self._context = browser.new_context(
            viewport={"width": WIDTH, "height": SHORTEST},
            device_scale_factor=SCALE,
            locale=LOCALES[code],
            color_scheme="light",
            reduced_motion="reduce",
            timezone_id="Europe/Moscow",
        )
        self.taken: dict[str, int] = {}

    def shoot(self, person_id: int, name: str) -> None:
        page = self._context.new_page()
        page.goto(f"{self._origin}/?person={person_id}")
        page.click(f"[data-language={self._code}]")
        page.wait_for_selector(".message .key")
        page.evaluate(ALONE)
        for _look in range(2):  # another height may bring another line break
            height = min(max(int(page.evaluate(NEEDED)), SHORTEST), TALLEST)
            page.set_viewport_size({"width": WIDTH, "height": height})
        page.evaluate("document.getElementById('messages').scrollTop = 1e6")
        path = FOLDER / f"bot-{name}.{self._code}.png"
        path.write_bytes(small(page.locator(".phone").screenshot()))
        page.close()
        self.taken[name] = path.stat().st_size
        say(f"{path.name}: {self.taken[name]} bytes")


def _draws_emoji() -> bool:
    """Whether 🔥 would be more than an empty box."""
    command = ["fc-list", ":charset=1f525"]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout.strip())


def small(png: bytes) -> bytes:
    """The same picture with as few colours as it takes to be light."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (96, 64, 48, 32, 24, 16):
        out = io.BytesIO()
        reduced = picture.quantize(colours, dither=Image.Dither.NONE)
        reduced.save(out, "PNG", optimize=True)
        if out.tell() <= HEAVIEST:
            break
    return out.getvalue()


def pictures(folder: Path = FOLDER) -> list[Path]:
    """Those of the bot that the folder holds."""
    return sorted(folder.glob("bot-*.png"))


if __name__ == "__main__":
    main()
