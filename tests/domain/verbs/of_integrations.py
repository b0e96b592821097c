"""The services of integrations."""

from __future__ import annotations

from integrations.services import clients, data_jobs, registrations
from tests.domain.verbs.world import Cases, World, at

NOT_PRESSED = {
    "integrations.services.legacy.carry_person": "the import of an earlier platform has no door",
    "integrations.services.legacy.keep_row": "the import of an earlier platform has no door",
    "integrations.services.registrations.register": "the registration itself makes the account: "
    "tests/api/test_others.py",
}
SCOPES = ["receipts:read"]
EXPORT = {"kind": "export", "subject": "receipts", "options": {}}


def _client(world: World) -> int:
    return int(world.do(clients.add_client, by="anna", name="site", scopes=SCOPES).object.pk)


def _key(world: World) -> int:
    return int(world.do(clients.issue_key, by="anna", client_id=_client(world)).object.pk)


def _data_job(world: World) -> int:
    return int(world.do(data_jobs.ask, by="anna", **EXPORT).object.pk)


MANAGER: Cases = [
    (clients.add_client, at(name="shop", scopes=SCOPES)),
    (clients.change_client, at(client_id=_client, values={"rate": 10})),
    (clients.issue_key, at(client_id=_client)),
    (clients.rotate_key, at(key_id=_key)),
    (clients.revoke_key, at(key_id=_key, reason="x")),
    (data_jobs.ask, at(**EXPORT)),
    (data_jobs.cancel, at(job_id=_data_job)),
    (registrations.open_registration, at()),
]
