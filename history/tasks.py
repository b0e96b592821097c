"""Jobs of the ground floor. The broker only wakes; due rows and the sweep are the guarantee."""

from __future__ import annotations

from celery import shared_task

from history import relay


@shared_task(name="history.relay_outbox", expires=30)  # type: ignore[untyped-decorator]
def relay_outbox() -> int:
    """Expand waiting events into the rows of their consumers."""
    return relay.relay_outbox()


def wake_relay() -> None:
    """Ask a worker to relay now. Nobody waits for the answer, and a lost wake-up is swept later."""
    relay_outbox.apply_async(retry=False, ignore_result=True)
