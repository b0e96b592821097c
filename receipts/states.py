"""The one transition table (spec 1.4): what may follow what. Pure data, read by every door.

Admin, bot and API offer a verb exactly when :func:`possible` lists it; services refuse the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import IllegalTransition


class Status(TextChoices):
    RECEIVED = "received", _("Received")
    IN_WORK = "in_work", _("In work")
    ON_HOLD = "on_hold", _("On hold")
    QUALITY_CONTROL = "quality_control", _("Quality control")
    RETURNED = "returned", _("Returned")
    READY = "ready", _("Ready")
    ISSUED = "issued", _("Issued")
    REFUSED = "refused", _("Refused")


S = Status
ALL: Final = frozenset(S)
NOT_ISSUED: Final = ALL - {S.ISSUED}
IN_WORKSHOP: Final = NOT_ISSUED
URGENT_LIST: Final = NOT_ISSUED - {S.READY, S.REFUSED}
BEFORE: Final = "the status before"


@dataclass(frozen=True)
class Verb:
    """A verb: from where, to where (None = status unchanged), its label on buttons.

    ``own_master`` marks verbs that the current master may also do with self-service on.
    """

    code: str
    label: Promise
    sources: frozenset[Status]
    target: Status | str | None
    own_master: bool = False


def _verbs(*rows: Verb) -> dict[str, Verb]:
    return {row.code: row for row in rows}


_OPEN: Final = frozenset({S.RECEIVED, S.IN_WORK, S.ON_HOLD, S.RETURNED, S.QUALITY_CONTROL})

# Verbs that change the status.
TRANSITIONS: Final = _verbs(
    Verb("assign", _("👨‍🔧 Hand to a master"), _OPEN, S.IN_WORK),
    Verb("accept", _("✅ Take into work"), frozenset({S.IN_WORK}), S.IN_WORK, own_master=True),
    Verb("decline", _("Cannot take it"), frozenset({S.IN_WORK}), BEFORE, own_master=True),
    Verb(
        "hold",
        _("⏸ Put on hold"),
        frozenset({S.RECEIVED, S.IN_WORK, S.RETURNED, S.QUALITY_CONTROL}),
        S.ON_HOLD,
    ),
    Verb("resume", _("▶ Resume work"), frozenset({S.ON_HOLD}), BEFORE),
    Verb(
        "submit",
        _("Submit to QC"),
        frozenset({S.RECEIVED, S.IN_WORK, S.RETURNED}),
        S.QUALITY_CONTROL,
        own_master=True,
    ),
    Verb(
        "pass",
        _("✅ The watch is ready"),
        frozenset({S.RECEIVED, S.IN_WORK, S.RETURNED, S.QUALITY_CONTROL}),
        S.READY,
    ),
    Verb(
        "return",
        _("🔁 Return from QC"),
        frozenset({S.RECEIVED, S.IN_WORK, S.QUALITY_CONTROL, S.READY}),
        S.RETURNED,
    ),
    Verb("rework_order", _("🛠 Rework without a return"), frozenset({S.READY}), S.IN_WORK),
    Verb("issue", _("📤 Hand to the customer"), frozenset({S.READY, S.REFUSED}), S.ISSUED),
    Verb("refuse", _("🚫 Refuse the repair"), _OPEN | {S.READY}, S.REFUSED),
    Verb("reopen", _("Reopen the repair"), frozenset({S.REFUSED}), S.IN_WORK),
    Verb("void_decision", _("Void the last decision"), ALL, BEFORE),
)

# Verbs that leave the status alone.
RECORDS: Final = _verbs(
    Verb("record_work", _("🔧 Record work"), NOT_ISSUED, None),
    Verb("void_work", _("Void a work"), NOT_ISSUED, None),
    Verb("waive", _("Work is not required"), NOT_ISSUED, None),
    Verb("reading", _("Add readings"), NOT_ISSUED, None),
    Verb("test_run", _("Start a test run"), NOT_ISSUED, None),
    Verb("photo", _("📷 Photo"), NOT_ISSUED, None),
    Verb("comment", _("💬 Comment"), NOT_ISSUED, None),
    Verb("polishing_send", _("🪙 Send to polishing"), NOT_ISSUED, None),
    Verb("polishing_take_back", _("🪙 Take back from polishing"), ALL, None),
    Verb("polishing_correct", _("Correct a polishing order"), NOT_ISSUED, None),
    Verb("deadline", _("🕒 Change the deadline"), NOT_ISSUED, None),
    Verb("urgent", _("🔥 Mark as urgent"), NOT_ISSUED, None),
    Verb("facts", _("Edit the facts"), NOT_ISSUED, None),
    Verb("renumber", _("Correct the number"), NOT_ISSUED, None),
    Verb("move", _("Move to another receipt"), NOT_ISSUED, None),
    Verb("void_photo", _("Void a photo"), ALL, None),
    Verb("change_responsible", _("Change the responsible"), ALL, None),
    Verb("void_receipt", _("Void the receipt"), frozenset({S.RECEIVED}), None),
)

VERBS: Final = TRANSITIONS | RECORDS


def possible(status: str) -> tuple[str, ...]:
    """Codes of the verbs that ``status`` allows, in the order of the table."""
    return tuple(code for code, verb in VERBS.items() if Status(status) in verb.sources)


def labels(codes: tuple[str, ...]) -> str:
    """Verbs in words for a refusal."""
    return ", ".join(str(VERBS[code].label) for code in codes)


def ensure_possible(code: str, status: str) -> None:
    """Raise IllegalTransition ``receipts.impossible_now`` with what *is* possible."""
    if status in VERBS[code].sources:  # equal to a member, whichever of both it is
        return
    allowed = tuple(c for c in possible(status) if c in TRANSITIONS)
    raise IllegalTransition(
        "receipts.impossible_now",
        _("“%(verb)s” is not possible in the status “%(status)s”. Possible: %(allowed)s"),
        allowed=allowed,
        params={
            "verb": VERBS[code].label,
            "status": Status(status).label,
            "allowed": labels(allowed) or "–",
        },
    )
