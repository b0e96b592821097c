"""Who the bot is: its user name, told by the messenger at the start. For links to itself."""

from __future__ import annotations

_username = ""


def remember(username: str) -> None:
    """Called once the messenger has answered who we are."""
    global _username  # noqa: PLW0603  one bot per process, known only at run time
    _username = username


def start_link(argument: str) -> str:
    """``https://t.me/<bot>?start=<argument>``; empty while the bot does not know its name."""
    return f"https://t.me/{_username}?start={argument}" if _username else ""
