"""Sending e-mails about alerts, outside of any transaction: they leave when the bot is silent."""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail import get_connection as mail_connection
from django.utils import translation
from django.utils.translation import gettext as _

from analytics.models import Alert, AlertMail
from analytics.monitoring.alert_words import cause, link, title
from analytics.reports.mailing import is_final, reason
from analytics.services.alert_mail import claim_mail, note_sent, note_unsent
from workshop.lib import clock

MOST: Final = 20  # of one run: the job has 50 seconds

logger = logging.getLogger(__name__)


def send_due(*, at: datetime) -> int:
    """Send what is due, one after the other; how many left."""
    count = 0
    for _turn in range(MOST):
        row = claim_mail(at=at)
        if row is None:
            break
        count += _send(row)
    return count


def _send(row: AlertMail) -> bool:
    try:
        message_of(row).send()
    except (OSError, smtplib.SMTPException) as error:
        told = reason(error)
        logger.warning("an alert was not mailed", extra={"mail_id": row.pk, "error": told})
        note_unsent(row, told, final=is_final(error), at=clock.now())
        return False
    note_sent(row, at=clock.now())
    return True


def message_of(row: AlertMail) -> EmailMessage:
    """In the language of the installation. Its id is that of the row: a repeat is known."""
    with translation.override(settings.LANGUAGE_CODE):
        alert = Alert.objects.select_related("rule").get(pk=row.event.payload["alert_id"])
        return EmailMessage(
            subject(alert, row.event.kind),
            "\n".join(body(alert)),
            settings.DEFAULT_FROM_EMAIL,
            [row.address],
            headers={"Message-ID": _message_id(row), "Auto-Submitted": "auto-generated"},
            connection=mail_connection(timeout=settings.EMAIL_TIMEOUT),
        )


def subject(alert: Alert, kind: str) -> str:
    """«Alert: the bot is silent», «Over: …», «Nobody has acknowledged: …»."""
    texts = {
        "alert.over": _("Over: %(name)s"),
        "alert.escalated": _("Nobody has acknowledged: %(name)s"),
    }
    return texts.get(kind, _("Alert: %(name)s")) % {"name": alert.rule.title}


def body(alert: Alert) -> list[str]:
    """The cause in words, since when, until when, and where to look."""
    lines = [
        cause(alert),
        _("Since %(when)s") % {"when": clock.show(alert.fired_at)},
    ]
    if alert.resolved_at is not None:
        lines.append(_("Over since %(when)s") % {"when": clock.show(alert.resolved_at)})
    elif alert.last_value != alert.value:
        lines.append(_("Now: %(cause)s") % {"cause": cause(alert, newest=True)})
    path = link(alert.key)
    if path:
        lines.append(f"{title(alert.key)}: {settings.PUBLIC_URL}{path}")
    return lines


def _message_id(row: AlertMail) -> str:
    host = settings.EMAIL_FROM.rpartition("@")[2] or "localhost"
    return f"<alert-{row.event_id}-{row.pk}@{host}>"
