"""Events of reports. People by name, never an address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind


def names(people: Iterable[dict[str, Any]]) -> str:
    return ", ".join(str(one["name"]) for one in people) or "–"


@event_kind("report.schedule_added", lazy("Report schedule added"))
@frozen(slots=False)
class ScheduleAdded(Payload):
    """``channels`` is person → how he gets it."""

    every: str
    form: str
    recipients: list[dict[str, Any]]

    def words(self) -> str:
        return _("Report %(every)s (%(form)s) to: %(people)s") % {
            "every": _every(self.every),
            "form": _form(self.form),
            "people": recipients_words(self.recipients),
        }


@event_kind("report.schedule_changed", lazy("Report schedule changed"))
@frozen(slots=False)
class ScheduleChanged(Payload):
    """Old and new of what a schedule says."""

    every: str
    form: list[str]
    before: list[dict[str, Any]]
    now: list[dict[str, Any]]

    def words(self) -> str:
        told = [_("Report %(every)s") % {"every": _every(self.every)}]
        old, new = self.form
        if old != new:
            told.append(f"{_form(old)} → {_form(new)}")
        if self.before != self.now:
            told.append(f"{recipients_words(self.before)} → {recipients_words(self.now)}")
        elif old == new:
            told.append(_("another e-mail address"))
        return "; ".join(told)


@event_kind("report.schedule_switched", lazy("Report schedule switched on or off"))
@frozen(slots=False)
class ScheduleSwitched(Payload):
    every: str
    active: bool

    def words(self) -> str:
        text = (
            _("Report %(every)s switched on") if self.active else _("Report %(every)s switched off")
        )
        return text % {"every": _every(self.every)}


@event_kind("report.asked", lazy("Report asked for"))
@frozen(slots=False)
class ReportAsked(Payload):
    report_id: int
    days: str

    def words(self) -> str:
        return _("Report asked for: %(days)s") % {"days": self.days}


@event_kind("report.ready", lazy("Report made"))
@frozen(slots=False)
class ReportReady(Payload):
    """``telegram`` are those whom the bot tells, ``mail`` those who get it by e-mail."""

    report_id: int
    days: str
    form: str
    telegram: list[dict[str, Any]] = field(factory=list)
    mail: list[dict[str, Any]] = field(factory=list)

    def words(self) -> str:
        told = _("Report made: %(days)s") % {"days": self.days}
        if self.telegram:
            told += "; Telegram: " + names(self.telegram)
        if self.mail:
            told += "; " + _("e-mail") + ": " + names(self.mail)
        return told


@event_kind("report.sent_again", lazy("Report sent again"))
@frozen(slots=False)
class ReportSentAgain(ReportReady):
    def words(self) -> str:
        told = _("Report sent again: %(days)s") % {"days": self.days}
        return f"{told}; {names(self.telegram + self.mail)}"


@event_kind("report.failed", lazy("Report not made"))
@frozen(slots=False)
class ReportFailed(Payload):
    """``error`` is the kind of the failure, without values."""

    report_id: int
    days: str
    error: str

    def words(self) -> str:
        values = {"days": self.days, "error": self.error}
        return _("The report %(days)s could not be made: %(error)s") % values


@event_kind("report.mail_failed", lazy("E-mail with a report not sent"))
@frozen(slots=False)
class MailFailed(Payload):
    report_id: int
    days: str
    person: dict[str, Any]
    error: str

    def words(self) -> str:
        return _("The report %(days)s could not be sent to %(person)s by e-mail: %(error)s") % {
            "days": self.days,
            "person": self.person["name"],
            "error": self.error,
        }


def recipients_words(people: Iterable[dict[str, Any]]) -> str:
    """Each with how he gets it."""
    return ", ".join(f"{one['name']} ({_channels(one)})" for one in people) or "–"


def _channels(one: dict[str, Any]) -> str:
    found = ["Telegram"] if one.get("telegram") else []
    return ", ".join([*found, _("e-mail")] if one.get("mail") else found)


def _every(code: str) -> str:
    from analytics.models import ReportSchedule  # the labels live on the model

    return str(dict(ReportSchedule.Every.choices).get(code, code))


def _form(code: str) -> str:
    from analytics.models.reports import Form

    return str(dict(Form.choices).get(code, code))
