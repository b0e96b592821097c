"""Events of the bot itself, and what the office did to its notices."""

from __future__ import annotations

from typing import Final

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind

STREAM: Final = "bot"


@event_kind("bot.input_failed", lazy("The bot could not handle an input"))
@frozen(slots=False)
class InputFailed(Payload):
    """``count`` inputs were given up since the last such event; person and error of the newest."""

    person: str
    error: str
    count: int

    def words(self) -> str:
        text = _("The bot could not handle an input of %(person)s (%(error)s), times: %(count)s")
        return text % {"person": self.person, "error": self.error, "count": self.count}


@event_kind("notices.retried", lazy("Notices sent again by the office"))
@frozen(slots=False)
class NoticesRetried(Payload):
    count: int

    def words(self) -> str:
        return _("Put into the sending queue again: %(count)s") % {"count": self.count}


@event_kind("notices.person_retried", lazy("Unreachable person tried again"))
@frozen(slots=False)
class PersonRetried(Payload):
    name: str

    def words(self) -> str:
        return _("Telegram is tried again: %(name)s") % {"name": self.name}
