from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history.registry import register_consumer
        from integrations.services import webhook_queue
        from integrations.webhooks import events  # noqa: F401  # registers the kinds

        register_consumer(webhook_queue.CONSUMER, webhook_queue.expand)
