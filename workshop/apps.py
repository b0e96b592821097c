from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class WorkshopConfig(AppConfig):
    """The project's own wiring: what every process needs before it does anything."""

    name = "workshop"
    label = "workshop"

    def ready(self) -> None:
        from workshop import checks, database
        from workshop.celery import app, make_folders
        from workshop.lib import lookups, slow
        from workshop.lib.sqlite import teach_cyrillic
        from workshop.reporting import start_reporting

        start_reporting()
        checks.register()
        lookups.register()
        connection_created.connect(teach_cyrillic, dispatch_uid="workshop.cyrillic")
        connection_created.connect(slow.watch_statements, dispatch_uid="workshop.slow")
        post_migrate.connect(database.create_cache_table, dispatch_uid="workshop.cache_table")
        # shared_task of every app must find this broker, also in a web process and in threads.
        app.set_default()
        make_folders()
