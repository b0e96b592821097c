"""What became of the backups. No path and no key: only name, size and the reason in words."""

from __future__ import annotations

from typing import Final

from attrs import frozen
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind

STREAM: Final = "backups"


@event_kind("backup.made", lazy("Backup made"))
@frozen(slots=False)
class BackupMade(Payload):
    """``size`` in bytes, ``rows`` of all tables, ``seconds`` it took."""

    name: str
    size: int
    rows: int
    photos: int
    seconds: int
    encrypted: bool

    def words(self) -> str:
        return _("Backup made: %(name)s, %(size)s, %(rows)s rows, %(photos)s photos") % {
            "name": self.name,
            "size": filesizeformat(self.size),
            "rows": self.rows,
            "photos": self.photos,
        }


@event_kind("backup.checked", lazy("Backup restored on trial"))
@frozen(slots=False)
class BackupChecked(Payload):
    name: str
    seconds: int

    def words(self) -> str:
        return _("Backup restored on trial, all checks passed: %(name)s") % {"name": self.name}


@event_kind("backup.failed", lazy("Backup failed"))
@frozen(slots=False)
class BackupFailed(Payload):
    """``trial``: making it went well, bringing it back did not."""

    reason: str
    trial: bool = False

    def words(self) -> str:
        text = (
            _("The backup cannot be restored: %(reason)s")
            if self.trial
            else _("The backup failed: %(reason)s")
        )
        return text % {"reason": self.reason}
