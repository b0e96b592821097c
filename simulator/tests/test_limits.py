"""429 by the documented limits, on a clock the test moves."""

import pytest

from simulator.errors import ApiError
from simulator.limits import LimitNumbers, Limits


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock.now)


def refused(limits: Limits, chat: int, messages: int = 1) -> int:
    """The `retry_after` of the refusal."""
    with pytest.raises(ApiError) as caught:
        limits.take(chat, messages)
    assert caught.value.code == 429
    seconds = caught.value.parameters["retry_after"]
    assert caught.value.description == f"Too Many Requests: retry after {seconds}"
    return seconds


def test_a_private_chat_has_a_burst_and_then_one_a_second(limits: Limits, clock: Clock) -> None:
    for _ in range(3):
        limits.take(5)
    assert refused(limits, 5) == 1
    clock.at += 1
    limits.take(5)
    assert refused(limits, 5) == 1
    limits.take(6)


def test_a_group_has_twenty_a_minute(limits: Limits, clock: Clock) -> None:
    for _ in range(20):
        limits.take(-7)
    assert refused(limits, -7) == 3
    clock.at += 3
    limits.take(-7)


def test_thirty_a_second_over_all_chats(limits: Limits, clock: Clock) -> None:
    for chat in range(1, 31):
        limits.take(chat)
    assert refused(limits, 99) == 1
    clock.at += 1
    for chat in range(101, 131):
        limits.take(chat)


def test_an_album_counts_its_pictures_and_passes_a_full_bucket(
    limits: Limits, clock: Clock
) -> None:
    limits.take(5, 10)
    assert refused(limits, 5) == 8
    clock.at += 8
    limits.take(5)


def test_a_refused_call_costs_nothing(limits: Limits, clock: Clock) -> None:
    for _ in range(3):
        limits.take(5)
    for _ in range(50):
        refused(limits, 5)
    clock.at += 1
    limits.take(5)


def test_switched_off_nothing_is_refused(clock: Clock) -> None:
    limits = Limits(clock.now, LimitNumbers(on=False))
    for _ in range(1000):
        limits.take(5)


def test_numbers_can_be_changed(limits: Limits) -> None:
    assert limits.configure({"chat_burst": 1})["chat_burst"] == 1
    limits.take(5)
    refused(limits, 5)
    with pytest.raises(ValueError, match="unknown limit"):
        limits.configure({"nonsense": 1})
    with pytest.raises(ValueError, match="must be positive"):
        limits.configure({"chat_burst": 0})
