"""Settings of the installed product; docs/configuration.md lists every value."""

from .base import *  # noqa: F403
