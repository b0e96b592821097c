"""The services of integrations."""

from __future__ import annotations

from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.services import (
    clients,
    data_jobs,
    imports,
    registrations,
    webhook_messages,
    webhooks,
)
from tests.domain.verbs.world import Cases, World, at

NOT_PRESSED = {
    "integrations.services.legacy.carry_person": "the import of an earlier platform has no door",
    "integrations.services.legacy.keep_row": "the import of an earlier platform has no door",
    "integrations.services.registrations.register": "the registration itself makes the account: "
    "tests/api/test_others.py",
    "integrations.services.imports.set_mapping": "technical, without an event",
}
SCOPES = ["receipts:read"]
URL = "https://93.184.216.34/hook"
FILE = {"subject": "receipts", "content": "Номер\nIM-1\n".encode(), "file_name": "x.csv"}
EXPORT = {"kind": "export", "subject": "receipts", "options": {}}


def _client(world: World) -> int:
    return int(world.do(clients.add_client, by="anna", name="site", scopes=SCOPES).object.pk)


def _key(world: World) -> int:
    return int(world.do(clients.issue_key, by="anna", client_id=_client(world)).object.pk)


def _data_job(world: World) -> int:
    return int(world.do(data_jobs.ask, by="anna", **EXPORT).object.pk)


def _import(world: World) -> int:
    return int(world.do(imports.upload, by="anna", **FILE).object.pk)


def _checking(world: World) -> int:
    pk = _import(world)
    world.do(imports.start, by="anna", import_id=pk, dry=True)
    return pk


def _webhook(world: World) -> int:
    values = {"url": URL, "kinds": ["receipt.*"]}
    return int(world.do(webhooks.add_webhook, by="anna", **values).object.pk)


def _paused(world: World) -> int:
    pk = _webhook(world)
    world.do(webhooks.pause_webhook, by="anna", endpoint_id=pk)
    return pk


def _off(world: World) -> int:
    pk = _webhook(world)
    world.do(webhooks.switch_off_webhook, by="anna", endpoint_id=pk)
    return pk


def _failing(world: World) -> int:
    pk = _webhook(world)
    WebhookEndpoint.objects.filter(pk=pk).update(failing_since=world.before)
    return pk


def _message(world: World, *, dead: bool = False) -> WebhookDelivery:
    row = world.do(webhook_messages.send_test, by="anna", endpoint_id=_webhook(world)).object
    if dead:
        WebhookDelivery.objects.filter(pk=row.pk).update(state=WebhookDelivery.DEAD)
    return row


MANAGER: Cases = [
    (clients.add_client, at(name="shop", scopes=SCOPES)),
    (clients.change_client, at(client_id=_client, values={"rate": 10})),
    (clients.issue_key, at(client_id=_client)),
    (clients.rotate_key, at(key_id=_key)),
    (clients.revoke_key, at(key_id=_key, reason="x")),
    (data_jobs.ask, at(**EXPORT)),
    (data_jobs.cancel, at(job_id=_data_job)),
    (imports.upload, at(**FILE)),
    (imports.start, at(import_id=_import, dry=True)),
    (imports.bring, at(**FILE)),
    (imports.stop, at(import_id=_checking)),
    (registrations.open_registration, at()),
    (webhooks.add_webhook, at(url=URL, kinds=["receipt.*"])),
    (webhooks.change_webhook, at(endpoint_id=_webhook, values={"description": "x"})),
    (webhooks.rotate_secret, at(endpoint_id=_webhook)),
    (webhooks.pause_webhook, at(endpoint_id=_webhook, reason="x")),
    (webhooks.resume_webhook, at(endpoint_id=_paused)),
    (webhooks.switch_off_webhook, at(endpoint_id=_webhook, reason="x")),
    (webhooks.switch_on_webhook, at(endpoint_id=_off)),
    (webhooks.pause_failing, at(endpoint_id=_failing)),
    (webhooks.receiver_gone, at(endpoint_id=_webhook)),
    (webhook_messages.send_test, at(endpoint_id=_webhook)),
    (webhook_messages.replay, at(delivery_id=lambda w: _message(w, dead=True).pk)),
    (webhook_messages.replay_dead, at(endpoint_id=lambda w: _message(w, dead=True).endpoint_id)),
    (webhook_messages.discard, at(delivery_id=lambda w: _message(w).pk, reason="x")),
]
