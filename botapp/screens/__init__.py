"""One module per flow. Every module of this package is imported when the bot's app loads."""

from __future__ import annotations

import importlib
import pkgutil


def load_all() -> None:
    """Import the flows, which announce their screens, menu entries and links."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        if ".tests" not in module.name:
            importlib.import_module(module.name)
