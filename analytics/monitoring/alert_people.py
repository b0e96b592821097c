"""Who is told of alerts, and the alerts that are open: reads."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Case, IntegerField, Value, When

from analytics.models import Alert, AlertRule
from analytics.models.alerts import AlertQuerySet
from analytics.monitoring.judging import Severity
from staff import selectors
from staff.models import Employee


def told_by(rule: AlertRule, *, higher_up: bool = False) -> list[Employee]:
    """Active people whom the rule names, by access or by name; with ``higher_up`` also those whom
    it names for alerts that nobody acknowledged. Each once.
    """
    names = [*rule.roles, *(rule.escalate_roles if higher_up else ())]
    people = selectors.active_with_role(*names) if names else []
    named = Employee.objects.active().filter(pk__in=rule.employees.values("pk"))
    return list(dict.fromkeys([*people, *named.order_by("full_name", "pk")]))


def addresses(rule: AlertRule) -> tuple[str, ...]:
    """Where its messages go by e-mail; nowhere while mail is not configured."""
    return tuple(settings.ALERT_EMAILS) if rule.by_mail and settings.MAIL_CONFIGURED else ()


def open_alerts() -> AlertQuerySet:
    """Open alerts, critical ones first, the newest first among equals."""
    worst = Case(
        When(severity=Severity.CRITICAL, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    found: AlertQuerySet = Alert.objects.open().select_related("rule").order_by(worst, "-pk")
    return found
