"""What the integrations keep."""

from integrations.models.clients import ApiClient, ApiKey, RateWindow, RegistrationToken

__all__ = ["ApiClient", "ApiKey", "RateWindow", "RegistrationToken"]
