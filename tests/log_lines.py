"""What the handlers of the product would write, in either format, into memory."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.conf import settings

JSON: Final = "json"
CONSOLE: Final = "console"


@dataclass
class Written:
    """``text`` as it stands in the file; ``lines`` of the JSON format."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.text.splitlines()]

    def of(self, **wanted: Any) -> list[dict[str, Any]]:
        """The lines with these values."""
        return [one for one in self.lines if wanted.items() <= one.items()]


@contextmanager
def written(form: str = JSON, *, level: int = logging.INFO) -> Iterator[Written]:
    """Whatever is logged inside the block, through the formatter of the settings."""
    made, root = Written(), logging.getLogger()
    handler = logging.StreamHandler(made.stream)
    handler.setFormatter(_formatter(form))
    root.addHandler(handler)
    former, root.level = root.level, level
    try:
        yield made
    finally:
        root.removeHandler(handler)
        root.level = former


def _formatter(form: str) -> logging.Formatter:
    """That of the settings, but for its last step."""
    line = dict(settings.LOGGING["formatters"]["line"])
    line.pop("()")
    last = {
        JSON: structlog.processors.JSONRenderer(ensure_ascii=False),
        CONSOLE: structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False),
    }
    line["processors"] = [*line["processors"][:-1], last[form]]
    return structlog.stdlib.ProcessorFormatter(**line)
