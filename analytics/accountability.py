"""What could hide a mistake: works waived, records voided, undone and moved, items undecided.

Counted from the history, which nobody can edit: who has waived a work and voided the waiver
later stands here twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat, TruncDate
from django.utils.translation import gettext_lazy as _

from analytics.facts import UNDECIDED, items_of_returns
from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from history.models import Event
from polishing.events import PolishingReopened, PolishingVoided
from receipts.events import (
    CheckVoided,
    CommentVoided,
    DecisionVoided,
    PhotoVoided,
    ReadingVoided,
    ReceiptVoided,
    RecordMoved,
    Returned,
    ReturnRecorded,
    WaiverVoided,
    WorkVoided,
    WorkWaived,
)
from receipts.models import ReturnItem
from receipts.services.undoing import VERB as UNDO
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import (
    KIND_CLIENT,
    KIND_EMPLOYEE,
    KIND_STRANGER,
    KIND_SYSTEM,
    KIND_USER,
)


class Deed(TextChoices):
    """What stands in the columns, each row behind them in exactly one."""

    WAIVED = "waived", _("Waived")
    VOIDED = "voided", _("Voided")
    UNDONE = "undone", _("Undone at once")
    MOVED = "moved", _("Moved")
    UNDECIDED = "undecided", _("Undecided")


VOIDING: Final = (
    WorkVoided.kind,
    WaiverVoided.kind,
    CheckVoided.kind,
    ReadingVoided.kind,
    CommentVoided.kind,
    PhotoVoided.kind,
    ReceiptVoided.kind,
    DecisionVoided.kind,
    PolishingVoided.kind,
    PolishingReopened.kind,
)
ACTING: Final = (KIND_EMPLOYEE, KIND_USER, KIND_CLIENT, KIND_SYSTEM, KIND_STRANGER)
KINDS: Final = (WorkWaived.kind, RecordMoved.kind, *VOIDING)


@dataclass(frozen=True)
class Answerable:
    """One who did it: ``key`` finds his rows again; ``counts`` has every deed."""

    key: str
    name: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Accountability:
    """People in alphabetical order, what was voided by kind, and how it went in time."""

    at: datetime
    people: list[Answerable]
    kinds: dict[str, int]
    per_bucket: dict[date, dict[str, int]]
    waiting: int
    waiting_since: datetime | None

    @property
    def counts(self) -> dict[str, int]:
        """Every deed with the sum over the people."""
        return {deed.value: sum(one.counts[deed] for one in self.people) for deed in Deed}


def accountability(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> Accountability:
    """What was waived, voided, undone and moved in the period, and what is undecided of it.

    By who did it, through whatever door; a person's office account counts as the person. Waived:
    required works declared not needed. Voided: records and decisions taken back with a reason; the
    work of a polishing round goes with the round. Undone: the same within 15 minutes by its author.
    Moved: records put on another receipt, each once. Undecided: items of returns registered in the
    period that name nobody at ``at``, by who registered the return. ``waiting`` are those of all
    times, the oldest since ``waiting_since``. Only people narrow it. Six queries.
    """
    accounts = _accounts()
    rows, items = deeds(asked, filters, accounts), undecided(asked, filters, accounts)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    kinds: Counter[str] = Counter()
    found = [*_counted(rows, "deed", "kind"), *_counted(items, "deed", "kind")]
    for deed, kind, who, pk, anonymous, number, label in found:
        key = accounts.key(who, pk, anonymous)
        counts[key][deed] += number
        names[key] = accounts.names.get(key) or label or ""
        if deed == Deed.VOIDED:
            kinds[kind] += number
    people = [
        Answerable(key, names[key], {deed.value: cell[deed.value] for deed in Deed})
        for key, cell in counts.items()
    ]
    waiting = ReturnItem.objects.filter(UNDECIDED, return_case__voided_at__isnull=True).aggregate(
        number=Count("pk"), oldest=Min("return_case__returned_at")
    )
    return Accountability(
        at,
        sorted(people, key=lambda one: (one.name.casefold(), one.key)),
        dict(kinds),
        _in_time(asked, rows, items),
        waiting["number"],
        waiting["oldest"],
    )


def deeds(asked: Period, filters: Filters = EVERYTHING, accounts: Accounts | None = None) -> Any:
    """Events of the period that waive, void, undo or move: the list behind these numbers.

    A move is told on both receipts and counted once; what it voids on the wrong one is part of it,
    as the work of a polishing round is part of the round.
    """
    same = Event.objects.filter(command=OuterRef("command"))
    moved, rounds = (
        same.filter(kind=RecordMoved.kind),
        (PolishingVoided.kind, PolishingReopened.kind),
    )
    told = Q(kind=RecordMoved.kind) & Q(Exists(moved.filter(ordinal__lt=OuterRef("ordinal"))))
    told |= Q(kind__in=VOIDING) & Q(Exists(moved))
    told |= Q(kind=WorkVoided.kind) & Q(Exists(same.filter(kind__in=rounds)))
    rows = Event.objects.filter(
        ~told, kind__in=KINDS, occurred_at__gte=asked.start, occurred_at__lt=asked.end
    ).annotate(
        deed=Case(
            When(kind=WorkWaived.kind, then=Value(Deed.WAIVED.value)),
            When(kind=RecordMoved.kind, then=Value(Deed.MOVED.value)),
            When(command__verb=UNDO, then=Value(Deed.UNDONE.value)),
            default=Value(Deed.VOIDED.value),
            output_field=CharField(),
        ),
        moment=F("occurred_at"),
        anonymous=_anonymous(),
    )
    return _by(rows, filters, accounts)


def undecided(
    asked: Period, filters: Filters = EVERYTHING, accounts: Accounts | None = None
) -> Any:
    """Items of returns of the period that name nobody still, with who registered the return."""
    told = (
        Event.objects.annotate(case=Cast(KeyTextTransform("return_id", "payload"), CharField()))
        .filter(
            kind__in=(Returned.kind, ReturnRecorded.kind),
            stream=Concat(
                Value("receipt:"), Cast(OuterRef("return_case__receipt_id"), CharField())
            ),
            case=Cast(OuterRef("return_case_id"), CharField()),
        )
        .order_by("-sequence")
    )
    rows = (
        items_of_returns(asked.start, asked.end)
        .filter(UNDECIDED)
        .annotate(
            deed=Value(Deed.UNDECIDED.value),
            kind=Value(""),
            moment=F("return_case__returned_at"),
            actor_kind=Subquery(told.values("actor_kind")[:1]),
            actor_id=Subquery(told.values("actor_id")[:1]),
            actor_label=Subquery(told.values("actor_label")[:1]),
        )
    )
    return _by(rows.annotate(anonymous=_anonymous()), filters, accounts)


def of_one(rows: Any, key: str) -> Any:
    """Only the rows of the one whom ``Answerable.key`` names; an unknown key has none."""
    kind, _colon, who = key.partition(":")
    if kind not in ACTING or "\x00" in who:
        return rows.none()
    if not who.isdecimal() or len(who) > 18:
        return rows.filter(Q(actor_kind=kind, actor_id__isnull=True, anonymous=who))
    return rows.filter(_acting(kind, int(who)))


def _acting(kind: str, pk: int) -> Q:
    """A person acts as himself and through his office account."""
    found = Q(actor_kind=kind, actor_id=pk)
    if kind == KIND_EMPLOYEE:
        user = Employee.objects.filter(pk=pk).values_list("user_id", flat=True).first()
        if user is not None:
            found |= Q(actor_kind=KIND_USER, actor_id=user)
    return found


@dataclass(frozen=True)
class Accounts:
    """Office accounts of people: user → employee; and the people's names by key."""

    employee_of: dict[int, int]
    names: dict[str, str]

    def key(self, kind: str | None, pk: int | None, anonymous: str) -> str:
        if pk is None:
            return f"{kind or 'unknown'}:{anonymous}"
        if kind == KIND_USER and pk in self.employee_of:
            kind, pk = KIND_EMPLOYEE, self.employee_of[pk]
        return f"{kind}:{pk}"


def _accounts() -> Accounts:
    rows = list(Employee.objects.values_list("pk", "user_id", "short_name"))
    return Accounts(
        {user: pk for pk, user, _name in rows if user is not None},
        {f"{KIND_EMPLOYEE}:{pk}": name for pk, _user, name in rows},
    )


def _by(rows: Any, filters: Filters, accounts: Accounts | None) -> Any:
    if not filters.employees:
        return rows
    accounts = accounts or _accounts()
    users = [user for user, pk in accounts.employee_of.items() if pk in filters.employees]
    return rows.filter(
        Q(actor_kind=KIND_EMPLOYEE, actor_id__in=filters.employees)
        | Q(actor_kind=KIND_USER, actor_id__in=users)
    )


def _anonymous() -> Case:
    """The name of who has no number: the program itself, an import."""
    return Case(
        When(actor_id__isnull=True, then=F("actor_label")),
        default=Value(""),
        output_field=CharField(),
    )


def _counted(rows: Any, *what: str) -> list[tuple[Any, ...]]:
    """(…what, kind of actor, id, name without an id, number, name as told last)."""
    who = ("actor_kind", "actor_id", "anonymous")
    grouped = rows.order_by().values_list(*what, *who)
    return list(grouped.annotate(number=Count("pk"), label=Max("actor_label")))


def _in_time(asked: Period, rows: Any, items: Any) -> dict[date, dict[str, int]]:
    buckets = list(asked.buckets())
    found = {first: dict.fromkeys(Deed.values, 0) for first, _after in buckets}
    starts = [first for first, _after in buckets]
    day = TruncDate("moment", tzinfo=clock.zone())
    for part in (rows, items):
        grouped = part.order_by().annotate(day=day).values_list("day", "deed")
        for at, deed, number in grouped.annotate(number=Count("pk")):
            found[starts[bisect_right(starts, at) - 1]][deed] += number
    return found
