from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PolishingConfig(AppConfig):
    name = "polishing"
    verbose_name = _("Polishing")
    default_auto_field = "django.db.models.BigAutoField"
