"""One id from the button, and from the request, to the receiver of a webhook and every line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from botapp import group_cards
from botapp.models import OutgoingMessage
from botapp.tests.flows import phone
from botapp.tests.simulated import SimulatorDriver, simulated_bot, wait_until
from botapp.transport.port import Message
from history.models import Event
from history.relay import relay_outbox
from integrations import data_jobs
from integrations.models import WebhookAttempt
from integrations.services.data_jobs import ask
from integrations.services.webhooks import add_webhook
from integrations.tests.receiver import Receiver, receiving
from integrations.webhooks.background import Background
from receipts.services.assignment import accept, assign
from staff.services import link_work_group
from tests.api.callers import make_caller
from tests.cast import Cast, make_cast, make_receipt
from tests.log_lines import Written, written
from workshop.lib.actor import system_actor
from workshop.lib.correlation import caused_by

pytestmark = pytest.mark.django_db(transaction=True)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ASSIGNED = "receipt.assigned"


@pytest.fixture
def receiver(transactional_db: None, settings: Any) -> Iterator[Receiver]:
    """Told by a dispatcher of its own, as a worker has one."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_ALLOW_HTTP = True
    with receiving() as one:
        add_webhook(url=f"{one.url}/", kinds=[ASSIGNED], actor=system_actor("tests"))
        background = Background()
        background.start()
        yield one
        background.stop()
        background.join()


@pytest.fixture
def live(receiver: Receiver) -> Iterator[SimulatorDriver]:
    with simulated_bot() as driver:
        yield driver


@pytest.fixture
def log(live: SimulatorDriver) -> Iterator[Written]:
    with written() as found:
        yield found


def arrived(receiver: Receiver, log: Written, cast: Cast) -> Event:
    """What all that is derived from the assignment has in common."""
    request = receiver.next()
    event = Event.objects.get(kind=ASSIGNED)
    notice = OutgoingMessage.objects.filter(event=event, employee=cast.maxim)
    wait_until(lambda: notice.filter(state=OutgoingMessage.SENT).exists())
    wait_until(lambda: WebhookAttempt.objects.filter(delivery__event=event).exists())
    assert request.headers["x-request-id"] == event.correlation_id
    of_it = log.of(request_id=event.correlation_id)
    told = {one["event"] for one in of_it}
    assert told >= {"command", "notice", "webhook"}
    (command,) = [one for one in of_it if one["event"] == "command"]
    assert command["verb"] == "receipt.assign"
    assert command["receipt_id"] == int(event.stream.partition(":")[2])
    assert command["outcome"] == "done"
    assert command["duration_ms"] >= 0
    (webhook,) = [one for one in of_it if one["event"] == "webhook"]
    assert (webhook["status"], webhook["attempt"], webhook["kind"]) == (204, 1, ASSIGNED)
    notices = [one for one in of_it if one["event"] == "notice"]
    assert {(one["template"], one["outcome"]) for one in notices} >= {("assignment", "sent")}
    assert command["actor"].partition(":")[2].isdigit()
    assert not re.search(r"Игорь|Максим|№?One-1", log.text)
    return event


def test_a_press_in_the_bot(receiver: Receiver, live: SimulatorDriver, log: Written) -> None:
    cast = make_cast()
    make_receipt(cast, "One-1")
    igor = phone(live, cast.igor, "ru")
    live.person(cast.maxim)
    igor.type("One-1")
    igor.press("👨‍🔧 Hand to a master")
    igor.press("Максим М.")
    igor.press("✅ Confirm")
    event = arrived(receiver, log, cast)
    assert event.correlation_id.startswith("tg-")
    (command,) = log.of(event="command", verb="receipt.assign")
    assert command["channel"] == "bot"
    assert command["roles"] == "inspector"
    assert command["screen"]


class Shown:
    """A messenger that takes every card."""

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        return 77

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        return None


def test_a_card_of_the_group_carries_the_newest_cause(
    transactional_db: None, settings: Any
) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    cast = make_cast()
    link_work_group(chat_id=-100500, title="Группа", actor=cast.actor("anna"))
    receipt = make_receipt(cast, "One-1")
    steps = {
        "tests-assign": lambda: assign(
            receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor")
        ),
        "tests-accept": lambda: accept(receipt_id=receipt.pk, actor=cast.actor("maxim")),
    }
    for cause, step in steps.items():
        with written() as log:
            with caused_by(cause):
                step()
            relay_outbox()
            (ready,) = group_cards.claim("token")
            result = asyncio.run(group_cards.send(Shown(), ready))  # type: ignore[arg-type]
            group_cards.record(result)
            (line,) = log.of(event="group card")
        assert (line["request_id"], line["outcome"]) == (cause, "shown")
        assert line["card"] == ready.card.pk


def test_an_export_tells_which_request_has_asked_for_it(transactional_db: None) -> None:
    asked, anna = "3f0c6b1e-0000-4000-8000-0123456789ab", make_cast().actor("anna")
    with caused_by(asked):
        job = ask(kind="export", subject="nothing", options={}, actor=anna).object
    with written() as log:
        assert data_jobs.run_waiting() == 1
        lines = log.of(job_id=job.pk)
    assert lines
    assert {one["request_id"] for one in lines} == {f"data-job:{job.pk}"}
    assert {one["asked_request_id"] for one in lines} == {asked}


def test_a_request_to_the_api(receiver: Receiver, live: SimulatorDriver, log: Written) -> None:
    cast = make_cast()
    receipt = make_receipt(cast, "One-1")
    live.person(cast.maxim)
    caller = make_caller("one", employee_id=cast.igor.pk)
    body = {"master_id": cast.maxim.pk}
    answer = caller.once("k-1", f"/receipts/{receipt.pk}/assign/", body)
    assert answer.status_code == 200, answer.content
    event = arrived(receiver, log, cast)
    assert event.correlation_id == answer["X-Request-ID"]
    assert UUID.fullmatch(event.correlation_id)
    (line,) = log.of(event="request finished", request_id=event.correlation_id)
    assert line["request"].endswith(f"/receipts/{receipt.pk}/assign/")
    assert line["code"] == 200


# --- where the id comes from ----------------------------------------------------------------------


GIVEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [
        (1, GIVEN, True),
        (1, "0f8fad5b-d9cb-469f-a165-70867728950e", True),
        (0, GIVEN, False),
        (1, "+79161234567", False),
        (1, "Ivanov", False),
        (1, f"{GIVEN} Ivanov", False),
        (1, "", False),
    ],
)
def test_only_a_proxy_may_give_an_id_and_only_of_its_form(
    proxies: int, given: str, is_taken: bool, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    for path in ("/health/live", "/api/v1/receipts", "/nowhere", "/admin/"):
        answer = Client().get(path, headers={"X-Request-ID": given})
        assert (answer["X-Request-ID"] == given) is is_taken
        assert UUID.fullmatch(answer["X-Request-ID"]) or is_taken


def test_a_refusal_of_the_api_names_its_request() -> None:
    answer = Client().get("/api/v1/receipts/")
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_an_event_without_an_id_of_its_channel_takes_that_of_its_cause() -> None:
    cast = make_cast()
    with caused_by("cli:import:0123"):
        receipt = make_receipt(cast, "One-2")
    event = Event.objects.get(stream=receipt.stream)
    assert event.correlation_id == "cli:import:0123"
