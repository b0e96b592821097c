"""Who the bot is: its user name, told by the messenger at the start of this process."""

from __future__ import annotations

_username = ""


def remember(name: str) -> None:
    """Called once the messenger has answered who we are."""
    global _username  # noqa: PLW0603  one bot per process, known only at run time
    _username = name


def username() -> str:
    """Empty while the messenger has not answered. Links: ``staff.selectors.start_link``."""
    return _username
