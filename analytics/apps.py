from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import analytics.events
        import analytics.reports.events  # noqa: F401  # both register their kinds
        from analytics.monitoring import own_sources
        from analytics.services.marking import mark
        from history.registry import register_subscriber

        register_subscriber("analytics.marks", mark)
        own_sources.register()
