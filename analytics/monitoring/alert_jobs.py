"""Jobs of the alerts: the numbers are judged every minute, and the outside is told that we live."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from analytics.monitoring import checking, outside
from analytics.services.alert_mail import forget_mail
from history.jobs import Turn, daily, every, job


@job(
    checking.JOB,
    _("Judge the numbers by the alert rules"),
    _(
        "Fires alerts, sees when they are over, and tells people; each snapshot, and the numbers of"
        " delivery and programs every minute."
    ),
    when=every(minutes=1),
    limit=timedelta(seconds=50),
    counts={
        "fired": _("alerts fired"),
        "resolved": _("alerts over"),
        "told": _("messages"),
        "mailed": _("e-mails sent"),
    },
)
def check_alerts(turn: Turn) -> dict[str, int]:
    return checking.check(actor=turn.actor, at=turn.at)


@job(
    "analytics.tell_outside",
    _("Give a sign of life outside"),
    _("Calls HEARTBEAT_URL while all programs are alive; without that setting it does nothing."),
    when=every(minutes=1),
    limit=timedelta(seconds=30),
    late=timedelta(minutes=1),
    counts={"told": _("signs of life")},
)
def tell_outside(turn: Turn) -> dict[str, int]:
    return {"told": int(outside.tell_outside())}


@job(
    "analytics.forget_alert_mail",
    _("Forget old e-mails about alerts"),
    _("Rows of e-mails about alerts, with their addresses, are kept for 30 days."),
    when=daily("04:45"),
    limit=timedelta(minutes=1),
    counts={"count": _("e-mails")},
)
def forget_alert_mail(turn: Turn) -> int:
    return forget_mail(at=turn.at)
