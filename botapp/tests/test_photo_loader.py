"""The files behind the photos that people send: fetched, encoded anew, stored; or failed aloud."""

from __future__ import annotations

from typing import Any

import pytest

from botapp import photo_loader
from botapp.testing import BotDriver, MemoryPerson, run_now
from botapp.tests.simulated import simulated_bot, wait_until
from botapp.transport.port import Refused, RetryLater, TransportError
from receipts.models import Photo, Receipt
from receipts.services.photos import void_photo
from tests.cast import Cast, make_cast, make_receipt


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast, media: object) -> MemoryPerson:
    person = bot.person(cast.igor)
    person.text("/start")
    return person


def send(person: MemoryPerson, receipt: Receipt, count: int = 1) -> list[Photo]:
    person.text(receipt.number)
    person.photo(count=count)
    return list(Photo.objects.filter(receipt=receipt).order_by("id"))


def load(bot: BotDriver) -> list[photo_loader.Fetched]:
    """One round, without the loop."""
    found = [
        run_now(photo_loader.fetch(bot.transport, one)) for one in photo_loader.waiting(limit=100)
    ]
    for one in found:
        if not one.again:
            photo_loader.store(one)
    return found


def test_an_album_is_fetched_and_stored(bot: BotDriver, cast: Cast, igor: MemoryPerson) -> None:
    photos = send(igor, make_receipt(cast), count=3)
    load(bot)
    for one in photos:
        one.refresh_from_db()
        assert (one.state, one.width, one.height) == (Photo.State.READY, 1, 1)
        assert one.file.read().startswith(b"\xff\xd8"), "a JPEG of our own making"
    assert load(bot) == []


def test_what_is_no_picture_has_failed(bot: BotDriver, cast: Cast, igor: MemoryPerson) -> None:
    (photo,) = send(igor, make_receipt(cast))
    bot.transport.files[photo.source] = b"<svg onload=alert(1)>"
    load(bot)
    photo.refresh_from_db()
    assert (photo.state, photo.error) == (Photo.State.FAILED, "photos.not_a_picture")


def test_a_failed_one_offers_to_try_again(bot: BotDriver, cast: Cast, igor: MemoryPerson) -> None:
    (photo,) = send(igor, make_receipt(cast))
    good, bot.transport.files[photo.source] = bot.transport.files[photo.source], b"torn"
    load(bot)
    igor.press("📷 Фото")
    igor.press("Повторить", times=2)
    assert "Повторить" not in igor.screen.buttons
    bot.transport.files[photo.source] = good
    load(bot)
    photo.refresh_from_db()
    assert photo.state == Photo.State.READY


class Sulking:
    """A messenger that answers a wish for a file with an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def fetch_file(self, file_id: str) -> bytes:
        raise self._error


@pytest.mark.parametrize(
    ("error", "again", "problem"),
    [
        (TransportError("https://api/bot123:secret"), True, photo_loader.UNREACHED),
        (RetryLater(7), True, photo_loader.UNREACHED),
        (Refused("file is too big"), False, "file is too big"),
    ],
)
def test_a_file_that_does_not_come(error: Exception, again: bool, problem: str) -> None:
    one = photo_loader.Waiting(1, "file")
    transport: Any = Sulking(error)
    fetched = run_now(photo_loader.fetch(transport, one))
    assert (fetched.again, fetched.problem, fetched.content) == (again, problem, b"")


def test_a_voided_photo_is_not_fetched(bot: BotDriver, cast: Cast, igor: MemoryPerson) -> None:
    first, second = send(igor, make_receipt(cast), count=2)
    void_photo(photo_id=first.pk, reason="не те часы", actor=cast.actor("igor"))
    assert [one.photo_id for one in photo_loader.waiting(limit=9)] == [second.pk]
    assert photo_loader.waiting(limit=9, skip=frozenset({second.pk})) == []


@pytest.mark.django_db(transaction=True)
def test_the_running_bot_loads_them_through_a_fault(media: object) -> None:
    cast = make_cast()
    receipt = make_receipt(cast)
    with simulated_bot() as driver:
        igor = driver.person(cast.igor)
        igor.text("/start")
        igor.text(receipt.number)
        driver.sim.client.faults({"method": "getFile", "kind": "500", "times": 1})
        igor.photo(count=3)
        photos = Photo.objects.filter(receipt=receipt)
        wait_until(lambda: photos.filter(state=Photo.State.READY).count() == 3)
    assert all(one.file.size for one in photos)


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_does_not_end_the_bot(media: object, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    receipt = make_receipt(cast)
    genuine, tried = photo_loader.store, []

    def full_at_first(fetched: photo_loader.Fetched) -> None:
        tried.append(fetched.waiting.photo_id)
        if len(tried) == 1:
            raise OSError("no space left on device")
        genuine(fetched)

    monkeypatch.setattr(photo_loader, "store", full_at_first)
    monkeypatch.setattr(photo_loader, "BACKOFF", (0.0,) * 4)
    with simulated_bot() as driver:
        igor = driver.person(cast.igor)
        igor.text("/start")
        igor.text(receipt.number)
        igor.photo()
        photos = Photo.objects.filter(receipt=receipt, state=Photo.State.READY)
        wait_until(photos.exists)
        assert receipt.number in igor.text(receipt.number).text
    assert len(tried) == 2
