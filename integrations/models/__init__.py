"""What the integrations keep."""

from integrations.models.clients import ApiClient, ApiKey, RateWindow, RegistrationToken
from integrations.models.exports import ExportJob
from integrations.models.imports import Import, ImportChunk
from integrations.models.tasks import DataJob
from integrations.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiClient",
    "ApiKey",
    "DataJob",
    "ExportJob",
    "Import",
    "ImportChunk",
    "RateWindow",
    "RegistrationToken",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
