"""What is wrong about an answer to a bad input."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """``kind`` is counted in the result, ``told`` shown."""

    kind: str
    told: str


def judged(answer: Any, right: Collection[int], told: str, *, field: str = "") -> Iterator[Fault]:
    """Refused with one of the right codes, naming the field, in Russian."""
    status = answer.status_code
    if status >= 500:
        yield Fault("server_errors", f"{status} {told}")
        return
    if status not in right:
        yield Fault(
            "accepted" if status < 400 else "untold", f"{status} {told} {answer.content[:200]!r}"
        )
        return
    if not answer.get("Content-Type", "").startswith("application/json"):
        return
    body = answer.json()
    if field and field not in body["field_errors"]:
        yield Fault("untold", f"{status} {told}: {field} is not in {str(body)[:300]}")
    for text in details(body):
        if not re.search("[а-яё]", text, re.IGNORECASE):
            yield Fault("english", f"{told}: {text}")


def details(told: Any) -> Iterator[str]:
    """Every ``detail`` of a refusal, however deep."""
    if isinstance(told, dict):
        if isinstance(told.get("detail"), str):
            yield told["detail"]
        for inner in told.values():
            yield from details(inner)
    elif isinstance(told, list):
        for inner in told:
            yield from details(inner)
