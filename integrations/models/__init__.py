"""What the integrations keep."""

from integrations.models.clients import ApiClient, ApiKey, RateWindow, RegistrationToken
from integrations.models.tasks import DataJob

__all__ = ["ApiClient", "ApiKey", "DataJob", "RateWindow", "RegistrationToken"]
