"""Row locks of the bot."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from botapp.models import OutgoingMessage
from workshop.lib.errors import NotFound


def notice(notice_id: int) -> OutgoingMessage:
    """The locked notice; NotFound ``notices.no_such_notice``."""
    rows = OutgoingMessage.objects.select_for_update(of=("self",))
    row: OutgoingMessage | None = rows.filter(pk=notice_id).first()
    if row is None:
        raise NotFound("notices.no_such_notice", _("There is no such notice."))
    return row
