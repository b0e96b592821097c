"""What happens to alerts and their rules, as events. Numbers as text: a hash knows no floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.monitoring import alert_words
from history.registry import Payload, event_kind
from staff import roles
from workshop.lib import clock


@frozen(slots=False)
class AlertPayload(Payload):
    """``rule`` is the name of the rule, ``number`` the key of what it judged."""

    alert_id: int
    rule: str
    number: str
    value: str
    threshold: str
    comparison: str
    severity: str

    def cause(self) -> str:
        """The number and its threshold in words."""
        value, threshold = Decimal(self.value), Decimal(self.threshold)
        return alert_words.judged(self.number, value, self.comparison, threshold)


@event_kind("alert.fired", lazy("Alert fired"))
@frozen(slots=False)
class AlertFired(AlertPayload):
    def words(self) -> str:
        return _("Alert fired: %(cause)s") % {"cause": self.cause()}


@event_kind("alert.told", lazy("People told of an alert"))
@frozen(slots=False)
class AlertTold(AlertPayload):
    """``times``: the first message of this alert is 1."""

    times: int = 1

    def words(self) -> str:
        return _("Told of the alert: %(cause)s") % {"cause": self.cause()}


@event_kind("alert.escalated", lazy("Alert told higher up"))
@frozen(slots=False)
class AlertEscalated(AlertPayload):
    def words(self) -> str:
        return _("Nobody has acknowledged it, told higher up: %(cause)s") % {"cause": self.cause()}


@event_kind("alert.over", lazy("People told that an alert is over"))
@frozen(slots=False)
class AlertToldOver(AlertPayload):
    def words(self) -> str:
        return _("Told that it is over: %(name)s") % {"name": alert_words.title(self.number)}


@event_kind("alert.acknowledged", lazy("Alert acknowledged"))
@frozen(slots=False)
class AlertAcknowledged(AlertPayload):
    def words(self) -> str:
        return _("Alert acknowledged: %(cause)s") % {"cause": self.cause()}


@event_kind("alert.snoozed", lazy("Alert snoozed"))
@frozen(slots=False)
class AlertSnoozed(AlertPayload):
    """``until``: canonical instant."""

    until: str = ""

    def words(self) -> str:
        return _("Alert snoozed until %(until)s: %(cause)s") % {
            "until": clock.show(clock.from_iso(self.until)),
            "cause": self.cause(),
        }


@event_kind("alert.resolved", lazy("Alert over"))
@frozen(slots=False)
class AlertResolved(AlertPayload):
    """``why`` as in ``Alert.Why``; ``comment`` is what a person said who closed it."""

    why: str = ""
    comment: str = ""

    def words(self) -> str:
        texts = {
            "back": _("Alert over: %(name)s is back at %(value)s"),
            "gone": _("Alert over: there is no “%(name)s” any more"),
            "rule": _("Alert over, its rule was changed or switched off: %(name)s"),
            "person": _("Alert closed by hand: %(name)s"),
        }
        value = alert_words.amount(Decimal(self.value), alert_words.unit_of(self.number))
        told = texts.get(self.why, "%(name)s") % {
            "name": alert_words.title(self.number),
            "value": value,
        }
        return f"{told}. {self.comment}" if self.comment else told


# --- rules ----------------------------------------------------------------------------------------


@event_kind("alert_rule.added", lazy("Alert rule added"))
@frozen(slots=False)
class RuleAdded(Payload):
    """``terms``: every column of the rule as text or list."""

    name: str
    terms: dict[str, Any]

    def words(self) -> str:
        return _("Alert rule added: %(name)s") % {"name": self.name}


@event_kind("alert_rule.changed", lazy("Alert rule changed"))
@frozen(slots=False)
class RuleChanged(Payload):
    """``changes``: column → old and new."""

    name: str
    changes: dict[str, list[Any]]

    def words(self) -> str:
        from analytics.models import AlertRule  # the words of the columns live on the model

        told = []
        for column, (old, new) in self.changes.items():
            label = getattr(AlertRule._meta.get_field(column), "verbose_name", column)
            told.append(f"{label}: {_told(old)} → {_told(new)}")
        return _("Alert rule “%(name)s”: %(changes)s") % {
            "name": self.name,
            "changes": "; ".join(told),
        }


@event_kind("alert_rule.switched", lazy("Alert rule switched on or off"))
@frozen(slots=False)
class RuleSwitched(Payload):
    name: str
    active: bool

    def words(self) -> str:
        text = (
            _("Alert rule switched on: %(name)s")
            if self.active
            else _("Alert rule switched off: %(name)s")
        )
        return text % {"name": self.name}


@event_kind("alert_rule.tested", lazy("Alert rule tried out"))
@frozen(slots=False)
class RuleTested(Payload):
    """A message to the person who asked for it: what the rule would say now."""

    rule_id: int
    name: str
    says: str
    employee: dict[str, Any] | None

    def words(self) -> str:
        return _("Alert rule tried out: %(name)s") % {"name": self.name}


def _told(value: Any) -> str:
    if isinstance(value, list):
        shown = [
            str(roles.LABELS.get(one, one)) if isinstance(one, str) else one["name"]
            for one in value
        ]
        return ", ".join(shown) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value in (None, "") else str(value)
