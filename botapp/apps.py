from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotappConfig(AppConfig):
    name = "botapp"
    verbose_name = _("Telegram bot")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from importlib import import_module

        from botapp import notices, screens

        screens.load_all()
        import_module("botapp.notice_texts")  # announces its templates
        import_module("botapp.digests")
        import_module("botapp.stay_notices")
        import_module("botapp.customer_notices")
        import_module("botapp.webhook_notices")
        import_module("botapp.quality_notices")
        import_module("botapp.backup_notices")
        import_module("botapp.report_notices")
        import_module("botapp.alert_notices")
        import_module("botapp.group_cards").connect()
        notices.connect()
        import_module("botapp.monitoring").register()
