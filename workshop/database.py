"""Steps that belong to the database as a whole and to no app."""

from typing import Any

from django.conf import settings
from django.core.management import call_command


def create_cache_table(using: str, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`: without Redis the cache is a table, made here once."""
    if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        call_command("createcachetable", database=using, verbosity=0)
