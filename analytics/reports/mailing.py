"""Sending reports by e-mail: one message per person, outside of any transaction."""

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

from analytics import policies
from analytics.models import ReportFile, ReportMail
from analytics.reports.files import FORMS
from analytics.reports.telling import lines, subject
from analytics.services import report_mail
from workshop.lib import clock

MOST: Final = 50  # of one run
NOT_CONFIGURED: Final = "mail is not configured"
NO_ACCESS: Final = "the person may not read reports any more"
NO_FILES: Final = "the files are gone"

logger = logging.getLogger(__name__)


def send_due(*, at: datetime) -> int:
    """Send what is due, one after the other; how many left."""
    count = 0
    for _turn in range(MOST):
        row = report_mail.claim(at=at)
        if row is None:
            break
        count += send(row)
    return count


def send(row: ReportMail) -> bool:
    """One claimed e-mail; whether it left. Who may read it is asked now."""
    if not policies.may_receive_reports(row.employee):
        report_mail.unsent(row, NO_ACCESS)
        return False
    if not settings.MAIL_CONFIGURED:
        report_mail.fail(row, NOT_CONFIGURED, at=clock.now())
        return False
    try:
        message = message_of(row)
    except OSError:
        logger.exception("a report has no files", extra={"report_id": row.report_id})
        report_mail.fail(row, NO_FILES, at=clock.now())
        return False
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        _not_sent(row, error)
        return False
    report_mail.sent(row, at=clock.now())
    return True


def _not_sent(row: ReportMail, error: OSError) -> None:
    told = reason(error)
    logger.warning("an e-mail was not sent", extra={"mail_id": row.pk, "error": told})
    now = clock.now()
    if is_final(error) or not report_mail.later(row, told, at=now):
        report_mail.fail(row, told, at=now)


def is_final(error: OSError) -> bool:
    """The server will not take it from us or for this address, however often it is asked."""
    codes = [
        code
        for code, _text in getattr(error, "recipients", {}).values()
        if isinstance(error, smtplib.SMTPRecipientsRefused)
    ]
    if isinstance(error, smtplib.SMTPResponseException) and not isinstance(
        error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError
    ):
        codes.append(error.smtp_code)
    return bool(codes) and all(500 <= code < 600 for code in codes)


def reason(error: OSError) -> str:
    """The kind of failure and the server's code: its text may repeat the address."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _text in error.recipients.values()})
        return f"{name} {', '.join(map(str, codes))}"
    code = getattr(error, "smtp_code", None)
    return f"{name} {code}" if code else name


def message_of(row: ReportMail) -> EmailMessage:
    """In the language of the person. Its id is that of the row: a repeat is known as one."""
    person, report = row.employee, row.report
    files = ReportFile.objects.filter(report=report).exclude(file="")
    own = list(files.filter(language=person.language)) or list(files)
    if not own:
        raise FileNotFoundError
    with translation.override(person.language):
        text = lines(report)
        if row.possible_duplicate:
            text += ["", _("Possibly a repeat: there was an interruption while this was sent.")]
        message = EmailMessage(
            subject(report),
            "\n".join(text),
            settings.DEFAULT_FROM_EMAIL,
            [row.address],
            headers={"Message-ID": _message_id(row), "Auto-Submitted": "auto-generated"},
            connection=mail_connection(timeout=settings.EMAIL_TIMEOUT),
        )
    for one in own:
        with one.file.open("rb") as content:
            message.attach(one.name, content.read(), FORMS[one.form])
    return message


def _message_id(row: ReportMail) -> str:
    host = settings.EMAIL_FROM.rpartition("@")[2] or "localhost"
    return f"<report-{row.report_id}-{row.employee_id}-{row.round}@{host}>"
