"""What a page with several parts reads again and again, read once: settings of the workshop.

Inside :func:`one_look` a function marked with :func:`once` is asked once for each of its arguments;
outside of it, always. Only for small answers that nobody changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_answers: ContextVar[dict[Any, Any] | None] = ContextVar("one_look", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Everything within is one look; one inside of another belongs to it."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def once(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: an error is not kept, an answer is."""

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        answers = _answers.get()
        if answers is None:
            return function(*args, **kwargs)
        question = (function, args, tuple(sorted(kwargs.items())))
        if question not in answers:
            answers[question] = function(*args, **kwargs)
        found: R = answers[question]
        return found

    return asked
