"""Jobs of the bot's tables. Messages are sent by ``runbot`` alone, never from here."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from botapp import cleanup
from history.jobs import Turn, daily, job


@job(
    "botapp.clean_up",
    _("Clean up the bot"),
    _("Forgets handled messages after 7 days, expired dialogues and notices sent long ago."),
    when=daily("04:00"),
    limit=timedelta(minutes=5),
    counts={
        "updates": _("incoming messages"),
        "chats": _("chats"),
        "dialogs": _("dialogues"),
        "notices": _("notices"),
    },
)
def clean_up(turn: Turn) -> dict[str, int]:
    return cleanup.clean_up()
