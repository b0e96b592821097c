"""Updates by webhook: the secret, the commit before the 200, the same path afterwards."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from django.core.management import CommandError, call_command

from botapp import inbox
from botapp.models import InboundUpdate
from botapp.running import Webhook
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import RunningBot, SimulatorDriver, settled, wait_until
from botapp.transport.updates import arrived
from botapp.transport.webhook import PATH, SECRET_HEADER, WebhookServer
from simulator.testing import SimServer

SECRET = "a-secret-of-the-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(port: int, body: bytes, secret: str | None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: secret} if secret else {})
    connection.request("POST", PATH, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def update(number: int) -> bytes:
    person = {"id": 5, "is_bot": False, "first_name": "A"}
    chat = {"id": 5, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": "hi"}
    return json.dumps({"update_id": number, "message": message}).encode()


@pytest.mark.django_db(transaction=True)
def test_updates_by_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = make_employee("Annina Anna", 1001, is_manager=True, language="en")
    port = free_port()
    with SimServer(limits=False) as sim:
        url = f"http://127.0.0.1:{port}{PATH}"
        bot = RunningBot(sim, webhook=Webhook(url, SECRET, "127.0.0.1", port)).start()
        try:
            person = SimulatorDriver(sim, bot).person(anna)
            wait_until(lambda: sim.client.ledger(method="setWebhook"))
            person.client.start(person.id)
            wait_until(lambda: "Annina A." in person.screen)
            settled(sim)
            assert [post(port, update(9), None), post(port, update(9), "wrong")] == [403, 403]
            assert [post(port, b"{", SECRET), post(port, b"[]", SECRET)] == [400, 400]
            assert not InboundUpdate.objects.filter(update_id=9).exists()
            with monkeypatch.context() as patch:
                patch.setattr(inbox, "store", _lost)
                assert post(port, update(9), SECRET) == 500
            assert [post(port, update(9), SECRET) for _time in range(2)] == [200, 200]
            assert InboundUpdate.objects.filter(update_id=9).count() == 1
        finally:
            bot.stop()
    assert bot.error is None


NOT_UPDATES = [
    b"", b"null", b"7", b"[]", b"{", b"[" * 100_000, b"{}", b'{"update_id": "1"}',
    b'{"update_id": true}', b'{"update_id": -1}', b'{"update_id": 9223372036854775808}',
    b'{"update_id": 1, "message": "text"}', b'{"update_id": 1, "message": {"chat": 5}}',
    b'{"update_id": 1, "message": {"chat": {"id": "5"}}}',
    b'{"update_id": 1, "message": {"chat": {"id": 5}, "from": {"id": 1e300}}}',
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_UPDATES, ids=lambda body: body[:60].decode())
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        arrived(json.loads(body))


def test_what_names_no_chat_is_kept_all_the_same() -> None:
    found = arrived({"update_id": 7, "poll": {"id": "1"}})
    assert (found.update_id, found.chat_id, found.person_id) == (7, 0, None)


def _lost(*_args: object) -> None:
    from django.db import OperationalError

    raise OperationalError("gone")


@pytest.mark.parametrize("secret", ["", "short", "with spaces in the secret"])
def test_without_a_good_secret_it_does_not_start(settings: object, secret: str) -> None:
    settings.BOT_TOKEN = "1000000001:" + "x" * 35  # type: ignore[attr-defined]
    settings.TELEGRAM_WEBHOOK_URL = "https://example.org"  # type: ignore[attr-defined]
    settings.TELEGRAM_WEBHOOK_SECRET = secret  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="TELEGRAM_WEBHOOK_SECRET"):
        call_command("runbot", "--webhook")


def test_a_server_without_a_secret_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="secret"):
        WebhookServer("127.0.0.1", 0, "", _never)


async def _never(_batch: object) -> bool:
    return False


def test_without_a_token_it_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="TELEGRAM_BOT_TOKEN"):
        call_command("runbot")
