"""Pictures that people sent: fetched from the messenger and stored, encoded anew.

The step wrote down the file id; here the bytes follow, outside of any step. One process at a time
does it, under a lease. Fetching twice changes nothing, so a kill only costs another download.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from django.db import Error as DatabaseError
from django.db.models import QuerySet

from botapp.transport.port import Refused, RetryLater, Transport, TransportError, Unreachable
from history import lease
from receipts.models import Photo
from receipts.services.photos import complete_photo, fail_photo
from workshop.lib.compiled import Columns
from workshop.lib.threads import DatabaseLost, DatabaseThreads

LEASE_NAME: Final = "telegram-photos"
LOOK_EVERY: Final = 1.0  # seconds
LOST_WAIT: Final = 2.0
BATCH: Final = 8
# Seconds until a picture that could not be fetched is asked for again; then it has failed.
BACKOFF: Final = (2.0, 10.0, 60.0, 300.0)
UNREACHED: Final = "the messenger did not give the file"
NOT_STORED: Final = "the file could not be stored"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A photo whose file is still with the messenger."""

    photo_id: int
    file_id: str


@dataclass(frozen=True)
class Fetched:
    """What came of it: the bytes, or why there are none. ``again``: it may come later."""

    waiting: Waiting
    content: bytes = b""
    problem: str = ""
    again: bool = False
    wait: float = 0.0  # what the messenger itself asked for


def _pending() -> QuerySet[Photo]:
    return Photo.objects.valid().filter(state=Photo.State.PENDING).exclude(source="")


_anything = Columns(lambda slot: _pending().values_list("pk")[:1])


def waiting(limit: int, *, skip: frozenset[int] = frozenset()) -> list[Waiting]:
    """The oldest first, without those whose time has not come."""
    if not _anything.all():  # the loop asks every second, mostly in vain
        return []
    rows = _pending().exclude(pk__in=skip).order_by("id")
    return [Waiting(pk, source) for pk, source in rows.values_list("pk", "source")[:limit]]


async def fetch(transport: Transport, one: Waiting) -> Fetched:
    """Ask the messenger. Never raises for what a messenger can answer."""
    try:
        return Fetched(one, await transport.fetch_file(one.file_id))
    except RetryLater as error:
        return Fetched(one, problem=UNREACHED, again=True, wait=error.seconds)
    except TransportError:
        # Its text may hold the address with the token: not for the office.
        return Fetched(one, problem=UNREACHED, again=True)
    except (Refused, Unreachable) as error:
        return Fetched(one, problem=str(error) or UNREACHED)


def store(fetched: Fetched) -> None:
    """Keep the picture; a file that is none, or cannot be had, marks the photo failed."""
    if fetched.problem:
        fail_photo(photo_id=fetched.waiting.photo_id, error=fetched.problem)
    else:
        complete_photo(photo_id=fetched.waiting.photo_id, content=fetched.content)


class PhotoLoader:
    """``run`` until ``stop``. Several processes may run it: one of them loads."""

    def __init__(self, transport: Transport, threads: DatabaseThreads, *, owner: str) -> None:
        self._transport, self._threads, self._owner = transport, threads, owner
        self._stopping = asyncio.Event()
        self._tries: dict[int, int] = {}
        self._not_before: dict[int, float] = {}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                if await self._find():
                    await self._load_all()
            except (DatabaseLost, DatabaseError):
                logger.exception("the photos wait for the database")
                await asyncio.sleep(LOST_WAIT)
            await self._pause()

    async def _load_all(self) -> None:
        """Everything that waits, under the lease; it is let go when nothing is left."""
        token = await self._threads.run(lease.acquire, LEASE_NAME, self._owner)
        while token and not self._stopping.is_set():
            found = await self._find()
            if not found or not await self._threads.run(lease.renew, LEASE_NAME, token):
                break
            for fetched in await asyncio.gather(*(fetch(self._transport, one) for one in found)):
                await self._settle(fetched)
        if token:
            await self._threads.run(lease.release, LEASE_NAME, token)

    async def _find(self) -> list[Waiting]:
        now = asyncio.get_running_loop().time()
        later = frozenset(pk for pk, when in self._not_before.items() if when > now)
        return await self._threads.run(waiting, BATCH, skip=later)

    async def _settle(self, fetched: Fetched) -> None:
        """Store it; what may yet come is asked for again after a while, but not for ever."""
        if self._comes_later(fetched):
            return
        try:
            await self._threads.run(store, fetched)
        except (DatabaseLost, DatabaseError):
            raise
        except Exception:
            # A full disk, a picture that breaks the decoder: the others go on.
            logger.exception("a photo could not be stored")
            broken = Fetched(fetched.waiting, problem=NOT_STORED, again=True)
            if not self._comes_later(broken):
                await self._threads.run(store, broken)

    def _comes_later(self, fetched: Fetched) -> bool:
        pk = fetched.waiting.photo_id
        tried = self._tries.get(pk, 0)
        if fetched.again and tried < len(BACKOFF):
            wait = max(BACKOFF[tried], fetched.wait)
            self._tries[pk] = tried + 1
            self._not_before[pk] = asyncio.get_running_loop().time() + wait
            return True
        self._not_before.pop(pk, None)
        if not fetched.content:
            self._tries.pop(pk, None)
        return False

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
        except TimeoutError:
            return
