from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class HistoryConfig(AppConfig):
    name = "history"
    verbose_name = _("History")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history import checks  # noqa: F401  # registers the check
        from history.backups import events as backup_events  # noqa: F401  # registers the kinds
        from history.jobs import events  # noqa: F401
        from history.jobs.rows import seed_after_migrate
        from history.nudge import on_new_events
        from history.tasks import wake_relay
        from history.triggers import install_after_migrate

        post_migrate.connect(install_after_migrate, sender=self, dispatch_uid="history-triggers")
        post_migrate.connect(seed_after_migrate, sender=self, dispatch_uid="history-jobs")
        if not settings.CELERY_BROKER_URL.startswith("memory:"):  # there nobody listens
            on_new_events(wake_relay)
