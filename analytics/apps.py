from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import analytics.events
        import analytics.monitoring.alert_events
        import analytics.reports.events  # noqa: F401  # they register their kinds
        from analytics.monitoring import own_sources
        from analytics.seeding import seed_after_migrate
        from analytics.services.marking import mark
        from history.registry import register_subscriber

        register_subscriber("analytics.marks", mark)
        own_sources.register()
        post_migrate.connect(seed_after_migrate, dispatch_uid="analytics-alert-rules")
