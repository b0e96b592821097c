from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PolishingConfig(AppConfig):
    name = "polishing"
    verbose_name = _("Polishing")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import polishing.events
        import polishing.services.undoing  # noqa: F401  # registers how events are undone
