from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import integrations.legacy.events
        import integrations.webhooks.events  # noqa: F401  # both register their kinds
        from history.registry import register_consumer
        from integrations import data_jobs, monitoring
        from integrations.exports.work import write_export
        from integrations.imports.running import run_import
        from integrations.services import webhook_queue

        data_jobs.register("export", write_export)
        register_consumer(webhook_queue.CONSUMER, webhook_queue.expand)
        data_jobs.register("import", run_import)
        monitoring.register()
