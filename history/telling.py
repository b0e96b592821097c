"""One line in the log for each command: who, through which door, with what, how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from workshop.lib import telemetry
from workshop.lib.actor import Actor
from workshop.lib.correlation import of_actor, with_facts
from workshop.lib.errors import WorkshopError

DONE: Final = "done"
ALREADY: Final = "already"  # it was so before
REPLAYED: Final = "replayed"
REFUSED: Final = "refused"
FAILED: Final = "failed"  # a bug, or the database

logger = logging.getLogger(__name__)


class Told:
    """What the line will say of the end."""

    outcome = DONE


@contextmanager
def told(verb: str, arguments: Mapping[str, Any]) -> Iterator[Told]:
    """The block is a command: its lines say who acts and on which receipt.

    A bug leaves these facts standing for the door, which tells the error.
    """
    actor: Actor = arguments["actor"]
    began, end = time.perf_counter(), Told()
    refusal: WorkshopError | None = None
    receipt = arguments.get("receipt_id")
    about = {"receipt_id": receipt} if type(receipt) is int else {}
    with with_facts(**of_actor(actor), **about, verb=verb):
        try:
            yield end
        except WorkshopError as error:
            refusal, end.outcome = error, REFUSED
        except Exception:
            telemetry.commands.add(verb, FAILED)
            raise
        telemetry.commands.add(verb, end.outcome)
        _tell(actor, end, refusal, 1000 * (time.perf_counter() - began))
    if refusal is not None:
        raise refusal


def _tell(actor: Actor, end: Told, refusal: WorkshopError | None, took: float) -> None:
    # Imports and invented data write thousands of them, jobs some with each round of the clock.
    by_itself = actor.channel.silent or actor.is_system
    level = logging.DEBUG if by_itself and not refusal else logging.INFO
    if logger.isEnabledFor(level):
        about = {"reason_code": refusal.code} if refusal else {}
        line = {"outcome": end.outcome, "duration_ms": round(took), **about}
        logger.log(level, "command", extra=line)
