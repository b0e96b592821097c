"""The office's pages of the integrations."""

from integrations.admin import clients as clients
from integrations.admin import exports as exports
from integrations.admin import imports as imports
from integrations.admin import webhook_messages as webhook_messages
from integrations.admin import webhook_verbs as webhook_verbs
from integrations.admin import webhooks as webhooks
