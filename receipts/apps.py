from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ReceiptsConfig(AppConfig):
    name = "receipts"
    verbose_name = _("Receipts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import receipts.events
        import receipts.services.undoing
        import receipts.services.undoing_records  # noqa: F401  # registers how events are undone
        from receipts.seeding import seed_after_migrate

        post_migrate.connect(seed_after_migrate, dispatch_uid="receipts-catalogues")
