"""Events of API clients and their keys. No secret, no digest: only names and prefixes."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from integrations import scopes


@event_kind("client.added", lazy("API client added"))
@frozen(slots=False)
class ClientAdded(Payload):
    name: str
    scopes: list[str]
    employee: dict[str, object] | None = None

    def words(self) -> str:
        return _("API client added: %(name)s (%(scopes)s)") % {
            "name": self.name,
            "scopes": _scopes(self.scopes) or "–",
        }


@event_kind("client.changed", lazy("API client changed"))
@frozen(slots=False)
class ClientChanged(Payload):
    """``changes`` is field → [old, new]: scopes by their codes, an employee by his name."""

    name: str
    changes: dict[str, list[str]]

    def words(self) -> str:
        from integrations.models import ApiClient  # the labels live on the model

        told = []
        for field, values in self.changes.items():
            label = ApiClient._meta.get_field(field).verbose_name  # type: ignore[union-attr]
            old, new = (
                _scopes(filter(None, one.split(", "))) if field == "scopes" else one
                for one in values
            )
            told.append(f"{label}: {old or '–'} → {new or '–'}")
        return _("API client %(name)s: %(changes)s") % {
            "name": self.name,
            "changes": "; ".join(told),
        }


def _scopes(codes: Iterable[str]) -> str:
    """What they allow, as the office reads it; a code that is gone stays a code."""
    return ", ".join(str(scopes.LABELS.get(code, code)) for code in codes)


@event_kind("client.key_issued", lazy("API key issued"))
@frozen(slots=False)
class KeyIssued(Payload):
    name: str
    prefix: str
    expires_at: str | None

    def words(self) -> str:
        return _("API key issued to %(name)s: %(prefix)s…") % {
            "name": self.name,
            "prefix": self.prefix,
        }


@event_kind("client.key_rotated", lazy("API key replaced"))
@frozen(slots=False)
class KeyRotated(Payload):
    name: str
    old: str
    new: str
    overlap_hours: int

    def words(self) -> str:
        return _("API key of %(name)s: %(old)s… → %(new)s…, the old one for %(hours)s h more") % {
            "name": self.name,
            "old": self.old,
            "new": self.new,
            "hours": self.overlap_hours,
        }


@event_kind("client.key_revoked", lazy("API key revoked"))
@frozen(slots=False)
class KeyRevoked(Payload):
    name: str
    prefix: str
    reason: str

    def words(self) -> str:
        return _("API key of %(name)s revoked: %(prefix)s…, reason: %(reason)s") % {
            "name": self.name,
            "prefix": self.prefix,
            "reason": self.reason or "–",
        }


@event_kind("access.registration_opened", lazy("Registration token issued"))
@frozen(slots=False)
class RegistrationOpened(Payload):
    token_id: int

    def words(self) -> str:
        return _("Registration token issued: %(id)s") % {"id": self.token_id}


@event_kind("access.registered", lazy("Signed up for the API"))
@frozen(slots=False)
class Registered(Payload):
    token_id: int
    username: str

    def words(self) -> str:
        return _("Signed up for the API: %(name)s") % {"name": self.username}


@event_kind("data.asked", lazy("Import or export started"))
@frozen(slots=False)
class DataAsked(Payload):
    """``data`` is import or export, ``subject`` what it is about; never a file name."""

    job_id: int
    data: str
    subject: str
    dry: bool = False

    def words(self) -> str:
        if self.dry:
            return _("Dry run started: %(what)s") % {"what": _data_subject(self.subject)}
        told = (
            _("Import started: %(what)s")
            if self.data == "import"
            else _("Export started: %(what)s")
        )
        return told % {"what": _data_subject(self.subject)}


@event_kind("data.cancelled", lazy("Import or export cancelled"))
@frozen(slots=False)
class DataCancelled(Payload):
    job_id: int
    data: str
    subject: str

    def words(self) -> str:
        told = (
            _("Import cancelled: %(what)s")
            if self.data == "import"
            else _("Export cancelled: %(what)s")
        )
        return told % {"what": _data_subject(self.subject)}


@event_kind("import.uploaded", lazy("File for import uploaded"))
@frozen(slots=False)
class ImportUploaded(Payload):
    """Never the name of the file: it may be a customer's."""

    import_id: int
    subject: str
    rows: int

    def words(self) -> str:
        return _("File for import uploaded: %(what)s, rows: %(rows)s") % {
            "what": _data_subject(self.subject),
            "rows": self.rows,
        }


@event_kind("import.mapped", lazy("Columns of the import chosen"))
@frozen(slots=False)
class ImportMapped(Payload):
    import_id: int
    subject: str
    columns: list[str]

    def words(self) -> str:
        return _("Columns of the import chosen: %(what)s") % {"what": _data_subject(self.subject)}


def _data_subject(name: str) -> str:
    """What an import or export is about, as the office calls it; a name nobody knows stays."""
    return str(SUBJECTS.get(name, name))


SUBJECTS: dict[str, object] = {}
"""Names of what is imported and exported; filled where these are declared."""
