"""Where the browser of the tests is."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of the first that is installed, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)
