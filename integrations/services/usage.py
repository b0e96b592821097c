"""Technical marks on keys: when one was last used, under which pepper its digest was made."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q

from integrations import keys
from integrations.models import ApiKey
from workshop.lib import clock

NOTED_EVERY: Final = timedelta(minutes=1)


def note_use(row: ApiKey, secret: str) -> None:
    """When the key was last used, to the minute; a digest under a former pepper is renewed."""
    now = clock.now()
    before = now - NOTED_EVERY
    if row.last_used_at is None or row.last_used_at < before:
        # The condition: of parallel requests one writes.
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
    if not keys.is_current(secret, row.digest):
        renewed = ApiKey.objects.filter(pk=row.pk, digest=row.digest)
        renewed.update(digest=keys.digest(secret))
