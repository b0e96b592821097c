"""Customers who let the bot tell them when the watch is ready: begun by a secret link, ended by
one press, by blocking the bot, by revoking the link, by erasing the customer's data.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from receipts import locks
from receipts.events.facts import CustomerChanged
from receipts.events.subscriptions import Subscribed, Unsubscribed
from receipts.models import Customer, Receipt, Subscription
from receipts.selectors import by_public_link
from receipts.states import Status
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation


@verb("subscription.begin", "receipts.Subscription", secret=("token", "telegram_id"))
def subscribe(
    *,
    token: str,
    telegram_id: int,
    language: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Subscription]:
    """Tell this account when the watch is ready; the link itself is the permission.

    Again is "already done". Raises NotFound ``receipts.no_such_link`` (unknown, revoked, void),
    RuleViolation ``receipts.nothing_to_tell`` when the watch has been handed out.
    """
    run = Run.of(actor, command, at)
    receipt = _opened(token)
    if receipt.status == Status.ISSUED:
        raise RuleViolation(
            "receipts.nothing_to_tell",
            _("The watch has been handed out: there is nothing more to tell."),
            field="token",
        )
    row = Subscription.objects.live().filter(receipt=receipt, telegram_id=telegram_id).first()
    if row is not None:
        return Outcome(row, already=Already(actor.label, row.created_at))
    customer = locks.customer(receipt.customer_id) if receipt.customer_id else None
    if customer is not None and customer.erased_at is not None:
        raise no_such_link()
    row = Subscription.objects.create(
        receipt=receipt,
        telegram_id=telegram_id,
        language=_spoken(language),
        created_at=run.at,
    )
    run.record(row.stream, Subscribed(subscription_id=row.pk, receipt_id=receipt.pk))
    if customer is not None and actor.employee_id is None:
        _link(run, customer, telegram_id)
    return Outcome(row)


@verb("subscription.end", "receipts.Subscription", secret=("telegram_id",))
def unsubscribe(
    *,
    subscription_id: int,
    telegram_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Subscription]:
    """One press ends it; only the account that subscribed may. Ended before changes nothing.

    Raises NotFound ``receipts.no_such_link``, NotAllowed.
    """
    run = Run.of(actor, command, at)
    row = _locked(subscription_id)
    if row.ended_at is not None:
        return Outcome(row, already=Already(actor.label, row.ended_at))
    if row.telegram_id != telegram_id:
        raise NotAllowed()
    _end(run, row, "asked")
    return Outcome(row)


@verb("subscription.end_blocked", "receipts.Subscription", secret=("telegram_id",))
def end_blocked(
    *,
    subscription_id: int,
    telegram_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Subscription]:
    """The account has blocked the bot: it wants to hear nothing more.

    Raises NotFound ``receipts.no_such_link``.
    """
    run = Run.of(actor, command, at)
    row = _locked(subscription_id)
    if row.ended_at is None and row.telegram_id == telegram_id:
        _end(run, row, "blocked")
    return Outcome(row)


def end_all(run: Run, receipts: QuerySet[Receipt], cause: str) -> None:
    """Inside a service that holds the locks of these receipts: nobody is told of them any more."""
    live = Subscription.objects.live().filter(receipt__in=receipts)
    for row in live.select_related("receipt").order_by("pk"):
        _end(run, row, cause)


def _opened(token: str) -> Receipt:
    """The locked receipt of a live link."""
    found = by_public_link(token)
    receipt = locks.any_receipt(found.pk) if found else None
    # Asked again under the lock: the link may have been revoked this very moment.
    if receipt is None or receipt.is_void or receipt.public_token != token:
        raise no_such_link()
    if receipt.public_token_revoked_at is not None:
        raise no_such_link()
    return receipt


def no_such_link() -> NotFound:
    """Whatever is wrong with a link, the answer is the same."""
    return NotFound("receipts.no_such_link", _("This link is not valid any more."), field="token")


def _locked(subscription_id: int) -> Subscription:
    """The subscription as it is under the lock of its receipt."""
    rows = Subscription.objects.filter(pk=subscription_id)
    receipt_id = rows.values_list("receipt_id", flat=True).first()
    if receipt_id is None:
        raise no_such_link()
    locks.any_receipt(receipt_id)
    row: Subscription = rows.select_related("receipt").get()
    return row


def _end(run: Run, row: Subscription, cause: str) -> None:
    account = row.telegram_id
    row.ended_at, row.telegram_id = run.at, None
    row.save(update_fields=["ended_at", "telegram_id"])
    payload = Unsubscribed(subscription_id=row.pk, receipt_id=row.receipt_id, cause=cause)
    run.record(row.stream, payload)
    if account is not None:
        _unlink(run, row.receipt, account)


def _link(run: Run, customer: Customer, telegram_id: int) -> None:
    """The first account that used his link is the customer's, with his consent."""
    if customer.telegram_id is None:
        customer.telegram_id, customer.consent_at = telegram_id, run.at
        _write_link(run, customer)


def _unlink(run: Run, receipt: Receipt, telegram_id: int) -> None:
    """With his last subscription the consent is withdrawn."""
    if receipt.customer_id is None:
        return
    customer = locks.customer(receipt.customer_id)
    others = Subscription.objects.live().filter(receipt__customer=customer, telegram_id=telegram_id)
    if customer.telegram_id != telegram_id or others.exists():
        return
    customer.telegram_id = customer.consent_at = None
    _write_link(run, customer)


def _write_link(run: Run, customer: Customer) -> None:
    fields = ["telegram_id", "consent_at"]
    customer.save(update_fields=fields)
    run.record(customer.stream, CustomerChanged(customer_id=customer.pk, fields=fields))


def _spoken(language: str) -> str:
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
