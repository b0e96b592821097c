"""Random schedules of answers against a reference model of what a receiver may expect.

The queue is the product's own on a real database; nothing leaves. The model knows no rows, claims
or locks: a line of messages per receipt, the head of each may leave when its time has come.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from django.db import transaction
from django.db.models.functions import Now

from history.models import Event
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_queue as queue
from integrations.services.webhook_results import record
from integrations.services.webhooks import add_webhook, resume_webhook
from integrations.webhooks.transport import Answer
from workshop.lib import clock
from workshop.lib.actor import system_actor

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACTOR = system_actor("schedules")
DAY = timedelta(days=1)
MINUTES = (5 / 60, 1, 5, 30, 120, 300, 600, 840, 1200, 1440)
RETRIES = [timedelta(minutes=minutes) for minutes in MINUTES]  # as they were promised
KILL = "kill"
WEIGHTS = {"ok": 5, "500": 4, "timeout": 3, "429": 1, "429 later": 1, KILL: 2, "410": 0.05}
ANSWERS = {
    "ok": Answer(status=200),
    "500": Answer(status=500),
    "timeout": Answer(error="timeout"),
    "429": Answer(status=429),
    "429 later": Answer(status=429, retry_after=7200),
    "410": Answer(status=410),
}
MOST_STEPS = 400


@dataclass
class Message:
    """What the model knows of one: how often it was answered, when it may leave again."""

    pk: int
    attempts: int = 0
    earliest: datetime = BEGIN
    latest: datetime = BEGIN
    over: str = ""


@dataclass
class Model:
    """Forty lines that a receiver could have written down as what it was promised."""

    lines: list[list[Message]]
    failing_since: datetime | None = None
    closed_until: datetime = BEGIN
    running: bool = True
    off: bool = False

    def heads(self) -> list[Message]:
        """The first unfinished message of each receipt."""
        found = [next((one for one in line if not one.over), None) for line in self.lines]
        return [one for one in found if one is not None]

    def may_leave(self, now: datetime) -> set[int]:
        if not self.running or self.off or now < self.closed_until:
            return set()
        return {one.pk for one in self.heads() if one.earliest <= now}

    def answered(self, one: Message, answer: str, now: datetime) -> None:
        one.attempts += 1
        if answer == "ok":
            one.over, self.failing_since = "done", None
            return
        self.failing_since = self.failing_since or now
        if answer == "410" or one.attempts > len(RETRIES) or self.off:
            one.over = "dead"
        else:
            wait = RETRIES[one.attempts - 1]
            asked = timedelta(hours=2) if answer == "429 later" else timedelta()
            one.earliest, one.latest = now + max(wait, asked), now + max(wait * 1.1, asked)
        if answer == "429 later":
            self.closed_until = now + timedelta(hours=2)
        if answer == "410":
            self._gone()
        elif now - self.failing_since >= 5 * DAY:
            self.running = False

    def _gone(self) -> None:
        self.off = True
        for line in self.lines:
            for one in line:
                one.over = one.over or "dead"


@dataclass
class Play:
    """One schedule. ``problems`` says where rows and model differ."""

    rng: random.Random
    endpoint: WebhookEndpoint
    model: Model
    now: datetime = BEGIN
    problems: list[str] = field(default_factory=list)
    answers: int = 0
    kills: int = 0

    def run(self) -> None:
        for _step in range(MOST_STEPS):
            heads = self.model.heads()
            if not heads or self.model.off or self.problems:
                break
            if not self.model.running:
                self._resume()
            self._claim_and_answer()
            self._move_on()
        else:
            self.problems.append("it does not come to an end")
        self._compare()

    def _resume(self) -> None:
        resume_webhook(endpoint_id=self.endpoint.pk, actor=ACTOR)
        self.model.running, self.model.failing_since = True, None
        self.model.closed_until = BEGIN
        for line in self.model.lines:
            for one in line:
                one.earliest = one.latest = min(one.earliest, self.now)

    def _claim_and_answer(self) -> None:
        wanted = self.model.may_leave(self.now)
        claimed = queue.claim("schedules", most=100).found
        got = {one.pk for one in claimed}
        if len(wanted) <= queue.WIDTH and got != wanted:
            self.problems.append(f"{self.now}: {sorted(got)} left instead of {sorted(wanted)}")
        elif not got <= wanted or len(got) != min(len(wanted), queue.WIDTH):
            self.problems.append(f"{self.now}: {len(got)} left of {len(wanted)}")
        looks_again = len(wanted) > queue.WIDTH or self.rng.random() < 0.2
        if looks_again and queue.claim("another").found:
            self.problems.append(f"{self.now}: what is on its way was claimed again")
        self.rng.shuffle(claimed)
        for one in claimed:
            self._answer(one)

    def _answer(self, claimed: queue.Claimed) -> None:
        (answer,) = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if answer == KILL:
            # Between the call and its mark: the claim runs out.
            self.kills += 1
            lapsed = WebhookDelivery.objects.filter(pk=claimed.pk)
            lapsed.update(lease_until=Now() - timedelta(seconds=1))
            return
        message = self._message(claimed.pk)
        was_over = message.over
        record(claimed, ANSWERS[answer], self.rng.random())
        self.answers += 1
        self.model.answered(message, answer, self.now)
        if was_over and answer == "ok":
            message.over = "done"
        self._check(message)

    def _check(self, message: Message) -> None:
        row = WebhookDelivery.objects.get(pk=message.pk)
        if message.over:
            if row.state != message.over:
                self.problems.append(f"{self.now}: {row.state} instead of {message.over}")
        elif not message.earliest <= row.next_attempt_at <= message.latest:
            self.problems.append(f"{self.now}: again at {row.next_attempt_at}, not in its window")
        else:
            message.earliest = message.latest = row.next_attempt_at
        if row.attempts != message.attempts:
            self.problems.append(f"{self.now}: {row.attempts} attempts, not {message.attempts}")

    def _message(self, pk: int) -> Message:
        return next(one for line in self.model.lines for one in line if one.pk == pk)

    def _move_on(self) -> None:
        """To the next moment that matters, mostly; sometimes to one at which nothing is due."""
        due = [max(one.earliest, self.model.closed_until) for one in self.model.heads()]
        later = min((moment for moment in due if moment > self.now), default=self.now)
        if any(moment <= self.now for moment in due):
            return
        if self.rng.random() < 0.2:
            self.now += (later - self.now) * self.rng.random()
        else:
            self.now = later

    def _compare(self) -> None:
        queue.free_lapsed()  # the sweep: what a killed one was sending when it was switched off
        states = dict(self.endpoint.deliveries.values_list("pk", "state"))
        for line in self.model.lines:
            for one in line:
                if one.over and states[one.pk] != one.over:
                    self.problems.append(f"at the end {states[one.pk]} instead of {one.over}")
        self.endpoint.refresh_from_db()
        if self.endpoint.active == self.model.off:
            self.problems.append("a 410 and the endpoint disagree")


@contextmanager
def _time(play: Play) -> Iterator[None]:
    with mock.patch.object(clock, "now", side_effect=lambda: play.now):
        yield


def run(seed: int, events: Sequence[Event]) -> Play:
    """One schedule over events of several receipts; everything is rolled back."""
    rng = random.Random(seed)
    share = rng.choice([0.2, 0.4, 0.9])
    chosen = [event for event in events if rng.random() < share] or list(events[:1])
    with transaction.atomic():
        endpoint = add_webhook(
            url="https://receiver.example.com/", kinds=["receipt.*"], actor=ACTOR
        ).object
        rows = [queue.delivery_of(event, endpoint.pk, BEGIN) for event in chosen]
        rng.shuffle(rows)  # the order of the rows says nothing
        WebhookDelivery.objects.bulk_create(rows)
        lines: dict[str, list[Message]] = {}
        for row in sorted(rows, key=lambda one: one.event_id):
            lines.setdefault(row.stream, []).append(Message(row.pk))
        play = Play(rng, endpoint, Model(list(lines.values())))
        with _time(play):
            play.run()
        transaction.set_rollback(True)
    return play


def some_events(receipts: int, each: int) -> list[Event]:
    """Events of as many receipts, each with as many after the other."""
    from history.models import Outbox
    from receipts.services.deadlines import change_deadline
    from receipts.services.registration import register_receipt

    for number in range(receipts):
        receipt = register_receipt(number=f"S-{number}", actor=ACTOR).object
        for days in range(1, each):
            deadline = clock.now() + timedelta(days=days)
            change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=ACTOR)
    Outbox.objects.update(done_at=clock.now())
    found = Event.objects.filter(stream__startswith="receipt:").order_by("pk")
    return list(found)


def told(plays: Sequence[Play]) -> dict[str, Any]:
    """The result of many schedules."""
    return {
        "schedules": len(plays),
        "answers": sum(play.answers for play in plays),
        "kills": sum(play.kills for play in plays),
        "problems": [problem for play in plays for problem in play.problems][:20],
    }
