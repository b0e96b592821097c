"""The parts of the receipt page, from the top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Prefetch, Q
from django.http import HttpRequest

from history.models import Event
from history.render import kind_labels, line
from receipts.admin.verbs.base import RECEIPT
from receipts.models import Reading, Receipt, ReminderAnswer, ReturnItem
from receipts.services.quality import missing_works
from receipts.standing import deadline_words, stay_words
from receipts.stays import stays
from staff.office.registry import page_section
from staff.selectors import start_link
from workshop.lib import clock
from workshop.lib.actor import Actor

LINES_PER_PAGE: Final = 30
EARLIER_SHOWN: Final = 20
REMINDERS_SHOWN: Final = 30


@page_section(RECEIPT, "office/receipt/facts.html", order=10)
def facts(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {"agreed": list(receipt.agreed_works.all()), **_customers_link(receipt)}


def _customers_link(receipt: Receipt) -> dict[str, Any]:
    """What the customer opens to be told in Telegram, and how many have."""
    revoked = receipt.is_void or receipt.public_token_revoked_at is not None
    return {
        "telegram_link": "" if revoked else start_link(f"t_{receipt.public_token}"),
        "subscribed": receipt.subscriptions.live().count(),
    }


@page_section(RECEIPT, "office/receipt/works.html", order=20)
def works(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = receipt.operations.select_related("type", "employee", "rework_of")
    return {
        "works": list(rows.order_by("performed_at", "id")),
        "waivers": list(receipt.waivers.select_related("type", "reason").order_by("id")),
        "missing": [] if receipt.status in ("issued", "refused") else missing_works(receipt),
    }


@page_section(RECEIPT, "office/receipt/checks.html", order=40)
def checks(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    rows = list(
        receipt.checks.select_related("decided_by")
        .prefetch_related(
            Prefetch("readings", Reading.objects.select_related("measured_by")),
            "answers__item",
        )
        .order_by("-id")
    )
    return {"checks": rows} if rows else None


@page_section(RECEIPT, "office/receipt/returns.html", order=50)
def returns(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    items = ReturnItem.objects.select_related("responsible", "operation__type").order_by("id")
    rows = list(
        receipt.returns.select_related("assembler")
        .prefetch_related(Prefetch("items", items))
        .order_by("-id")
    )
    return {"returns": rows} if rows else None


@page_section(RECEIPT, "office/receipt/photos.html", order=60)
def photos(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    rows = list(receipt.photos.select_related("taken_by").order_by("id"))
    return {"photos": rows} if rows else None


@page_section(RECEIPT, "office/receipt/reminders.html", order=70)
def reminders(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """How near the deadline is, what is too long, and what became of every reminder."""
    at = clock.now()
    rows = list(receipt.reminders.order_by("-due_at")[:REMINDERS_SHOWN])
    told = {row.event_id for row in rows if row.event_id}
    noted: dict[int, list[ReminderAnswer]] = defaultdict(list)
    answers = ReminderAnswer.objects.filter(event__in=told).filter(
        Q(receipt=receipt) | Q(receipt__isnull=True)
    )
    for answer in answers.select_related("employee").order_by("answered_at"):
        noted[answer.event_id].append(answer)
    here = stays(Receipt.objects.filter(pk=receipt.pk), at)
    reasons = [(stay_words(stay), stay.is_over) for stay in here]
    if (words := deadline_words(receipt, at)) is not None:
        reasons.insert(0, words)
    if not rows and not reasons:
        return None
    return {
        "reasons": reasons,
        "reminders": [(row, noted[row.event_id] if row.event_id else []) for row in rows],
    }


@page_section(RECEIPT, "office/receipt/earlier.html", order=80)
def earlier(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """Earlier visits of this watch, and the other receipts of the customer."""
    same = Q()
    if receipt.watch_id:
        same |= Q(watch_id=receipt.watch_id)
    if receipt.customer_id:
        same |= Q(customer_id=receipt.customer_id)
    if not same:
        return None
    rows = Receipt.objects.valid().filter(same).exclude(pk=receipt.pk).select_related("watch")
    found = list(rows.order_by("-id")[:EARLIER_SHOWN])
    return {"visits": found} if found else None


@page_section(RECEIPT, "office/receipt/timeline.html", order=100)
def timeline(receipt: Receipt, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    """The whole history in words, newest first, by pages that know where they ended."""
    return read_timeline(receipt.stream, request)


def read_timeline(stream: str, request: HttpRequest) -> dict[str, Any]:
    """A page of a stream in words: ``?kind=`` filters, ``?before=`` goes on below a number."""
    events = Event.objects.filter(stream=stream)
    kinds = set(events.values_list("kind", flat=True).distinct())
    chosen = request.GET.get("kind", "")
    if chosen in kinds:
        events = events.filter(kind=chosen)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 10:
        events = events.filter(sequence__lt=int(before))
    page = list(events.order_by("-sequence")[: LINES_PER_PAGE + 1])
    lines = [line(event) for event in page[:LINES_PER_PAGE]]
    labels = kind_labels()
    return {
        "lines": lines,
        "kinds": sorted(((kind, labels[kind]) for kind in kinds), key=lambda pair: pair[1]),
        "kind": chosen if chosen in kinds else "",
        "next_before": lines[-1].sequence if len(page) > LINES_PER_PAGE else None,
        "is_first_page": not before,
    }
