"""Row locks of the integrations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.models import (
    ApiClient,
    ApiKey,
    DataJob,
    Import,
    RegistrationToken,
    WebhookEndpoint,
)
from workshop.lib.compiled import Rows
from workshop.lib.errors import NotFound


def client(client_id: int) -> ApiClient:
    """The locked client; NotFound ``integrations.no_such_client``."""
    row = ApiClient.objects.select_for_update(of=("self",)).filter(pk=client_id).first()
    if row is None:
        raise NotFound(
            "integrations.no_such_client", _("There is no such API client."), field="client"
        )
    found: ApiClient = row
    return found


def key(key_id: int) -> ApiKey:
    """The locked key; NotFound ``integrations.no_such_key``."""
    row = ApiKey.objects.select_for_update(of=("self",)).filter(pk=key_id).first()
    if row is None:
        raise NotFound("integrations.no_such_key", _("There is no such API key."), field="key")
    found: ApiKey = row
    return found


def registration_token(digest: str) -> RegistrationToken | None:
    """The locked token with this hash, or None."""
    rows = RegistrationToken.objects.select_for_update(of=("self",))
    found: RegistrationToken | None = rows.filter(digest=digest).first()
    return found


def data_job(job_id: int) -> DataJob:
    """The locked import or export; NotFound ``data.no_such_job``."""
    row = DataJob.objects.select_for_update(of=("self",)).filter(pk=job_id).first()
    if row is None:
        raise NotFound("data.no_such_job", _("There is no such import or export."), field="job")
    return row


_webhook: Rows[WebhookEndpoint] = Rows(
    lambda slot: (
        WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client")
        .filter(pk=slot("pk"))
    )
)
_free_webhook: Rows[WebhookEndpoint] = Rows(
    lambda slot: WebhookEndpoint.objects.select_for_update(
        of=("self",), no_key=True, skip_locked=True
    ).filter(pk=slot("pk"))
)


def webhook(endpoint_id: int) -> WebhookEndpoint:
    """The locked endpoint; NotFound ``integrations.no_such_webhook``.

    Before any of its deliveries. Rows that refer to it may be added meanwhile.
    """
    row = _webhook.first(pk=endpoint_id)
    if row is None:
        raise NotFound(
            "integrations.no_such_webhook", _("There is no such webhook."), field="webhook"
        )
    return row


def webhook_if_free(endpoint_id: int) -> WebhookEndpoint | None:
    """The locked endpoint, or None while somebody else holds it: nobody is waited for."""
    return _free_webhook.first(pk=endpoint_id)


def data_import(import_id: int) -> Import:
    """The locked import; NotFound ``imports.no_such_import``."""
    row = Import.objects.select_for_update(of=("self",)).filter(pk=import_id).first()
    if row is None:
        raise NotFound("imports.no_such_import", _("There is no such import."), field="import")
    return row
