"""How a card of the work group looks: in neutral words, since everybody there reads it."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, fmt, i, lines, payload
from botapp.models import GroupCard
from botapp.screens import words
from botapp.transport.port import Key, Message
from receipts.models import Assignment
from receipts.states import Status
from staff import selectors
from workshop.lib import clock


def render(card: GroupCard, *, repeated: bool = False) -> tuple[Message, bool]:
    """The card as it should look now, and whether it is over: then it has no buttons.

    ``repeated`` says that it may be the second one; the next edit takes that away.
    """
    row = Assignment.objects.select_related("receipt__watch", "master", "purpose").get(
        pk=card.assignment_id
    )
    closed = not _is_open(row) or selectors.work_group_chat() != card.chat_id
    with translation.override(settings.LANGUAGE_CODE):
        keys = () if closed else tuple((key,) for key in _keys(row))
        again = i(_("Possibly a repeat: there was an interruption while this was sent."))
        return Message(lines(_text(row), again if repeated else None), keys), closed


def _is_open(row: Assignment) -> bool:
    return row.ended_at is None and not row.is_void and not row.receipt.is_void


def _text(row: Assignment) -> Markup:
    receipt = row.receipt
    is_open = _is_open(row)
    return lines(
        fmt(
            "👨‍🔧 %(number)s → %(name)s",
            number=b(words.number(receipt)),
            name=b(row.master.short_name),
        ),
        words.make(receipt) or None,
        fmt(_("Work: %(work)s"), work=row.purpose) if row.purpose else None,
        words.deadline(receipt, clock.now()) if is_open and receipt.deadline else None,
        b(_("⛔ Do not polish")) if is_open and receipt.do_not_polish else None,
        _state(row),
    )


def _state(row: Assignment) -> str:
    """Where it stands, in neutral words: whose watch came back from QC is not the group's."""
    if not _is_open(row):
        return _over(row)
    if row.receipt.status in {Status.QUALITY_CONTROL, Status.ON_HOLD}:
        return str(Status(row.receipt.status).label)
    if row.accepted_at is None:
        return _("⏳ Waits for the master's answer")
    return str(Status.IN_WORK.label)


def _over(row: Assignment) -> str:
    if row.is_void or row.receipt.is_void:
        return _("✖ Taken back")
    if row.declined_at is not None:
        return _("✖ The master cannot take it")
    if row.receipt.status in {Status.READY, Status.ISSUED, Status.REFUSED}:
        return _("✅ Finished")
    return _("➡ Handed on")


def _keys(row: Assignment) -> list[Key]:
    found = []
    if settings.WORKSHOP_SELF_SERVICE:
        if row.accepted_at is None and row.receipt.status == Status.IN_WORK:
            found.append(_key(row, _("✅ Take into work"), "group_accept"))
        elif row.accepted_at is not None and row.receipt.status in {
            Status.IN_WORK,
            Status.RETURNED,
        }:
            found.append(_key(row, _("Submit to QC"), "group_submit"))
    link = selectors.start_link(f"r_{row.receipt.label_token}")
    if link:
        found.append(Key(_("Open in private"), url=link))
    return found


def _key(row: Assignment, label: str, action: str) -> Key:
    """Since when it stands so makes a press after a return another operation."""
    value = f"{row.pk}-{int(row.receipt.status_since.timestamp() * 1000) % 10**9}"
    return Key(label, payload.build(payload.STATELESS, action, value))
