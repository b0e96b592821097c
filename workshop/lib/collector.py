"""The garbage collector's search for cycles, put off while very many objects are alive at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """No search for cycles within the block; what nobody holds is freed as ever.

    Thousands of rows that are only about to be written make the interpreter look through all of
    them again and again: half of the time of an import. Two threads at once do no harm: whoever
    found the collector at work lets it work again.
    """
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
