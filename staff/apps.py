from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Staff")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from staff import events, groups, receivers  # noqa: F401  # events register their kinds

        # No sender: each app's permissions exist only after its own post_migrate.
        post_migrate.connect(groups.grant_after_migrate, dispatch_uid="staff.groups")
        user_logged_in.connect(receivers.signed_in, dispatch_uid="staff.signed_in")
        user_login_failed.connect(receivers.sign_in_refused, dispatch_uid="staff.sign_in_refused")
