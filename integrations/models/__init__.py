"""What the integrations keep."""

from integrations.models.clients import ApiClient, ApiKey, RateWindow, RegistrationToken
from integrations.models.tasks import DataJob
from integrations.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "ApiClient",
    "ApiKey",
    "DataJob",
    "RateWindow",
    "RegistrationToken",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
