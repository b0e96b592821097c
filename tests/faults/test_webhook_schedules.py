"""Random answers, refusals and kills: the queue does what the reference model expects."""

from __future__ import annotations

from tests.faults.webhook_schedules import run, some_events, told


def test_random_schedules_follow_the_model(db: None) -> None:
    events = some_events(receipts=10, each=2)
    result = told([run(seed, events) for seed in range(20)])
    assert result["problems"] == []
    assert result["answers"] > 300
    assert result["kills"] > 30
