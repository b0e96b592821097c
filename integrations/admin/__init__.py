"""The office's pages of the integrations."""

from integrations.admin import clients as clients
