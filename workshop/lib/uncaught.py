"""What Python itself would print unmasked: errors that end a program or a thread, warnings.

A traceback shows the text of its exception, a warning the value it is about. Both become lines of
the log like any other.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any, TextIO

from workshop.lib.masking import short

logger = logging.getLogger(__name__)


def install() -> None:
    """For the whole process."""
    sys.excepthook = _end_of_program
    threading.excepthook = _end_of_thread
    sys.unraisablehook = _unraisable
    warnings.showwarning = _warning


def _end_of_program(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logger.critical("an error has ended the program", exc_info=error)


def _end_of_thread(arguments: Any) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        logger.error("an error has ended a thread", exc_info=arguments.exc_value)


def _unraisable(found: Any) -> None:
    if found.exc_value is not None:
        logger.error("an error came where it could not be raised", exc_info=found.exc_value)


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    told = {"kind": category.__name__, "place": f"{short(filename)}:{lineno}"}
    logger.warning("a warning of Python", extra=told)
