"""Events of catalogues and business settings."""

from __future__ import annotations

from attrs import frozen
from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind


def _catalogue_label(model: str) -> str:
    return str(apps.get_model(model)._meta.verbose_name)


@event_kind("catalogue.row_added", lazy("Catalogue row added"))
@frozen(slots=False)
class CatalogueRowAdded(Payload):
    model: str
    row_id: int
    name: str

    def words(self) -> str:
        return _("Added: %(catalogue)s “%(name)s”") % {
            "catalogue": _catalogue_label(self.model),
            "name": self.name,
        }


@event_kind("catalogue.row_changed", lazy("Catalogue row changed"))
@frozen(slots=False)
class CatalogueRowChanged(Payload):
    """``changes`` is field → [old, new]."""

    model: str
    row_id: int
    name: str
    changes: dict[str, list[str]]

    def words(self) -> str:
        meta = apps.get_model(self.model)._meta
        parts = []
        for field, (old, new) in self.changes.items():
            label = meta.get_field(field).verbose_name
            parts.append(f"{label}: {old or '–'} → {new or '–'}")
        return _("%(catalogue)s “%(name)s”: %(changes)s") % {
            "catalogue": _catalogue_label(self.model),
            "name": self.name,
            "changes": "; ".join(parts),
        }


@event_kind("settings.calendar_changed", lazy("Work calendar changed"))
@frozen(slots=False)
class CalendarChanged(Payload):
    calendar_id: int
    changes: list[str]

    def words(self) -> str:
        return _("Work calendar: %(changes)s") % {"changes": "; ".join(self.changes)}
