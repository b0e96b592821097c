"""Customers who let the bot tell them: begun by a link, ended in every way there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from history.models import Command, Event
from receipts.models import Customer, Receipt, Subscription
from receipts.services.customers import create_customer, erase_customer
from receipts.services.facts import edit_facts, revoke_public_link
from receipts.services.flow import issue
from receipts.services.subscriptions import end_blocked, subscribe, unsubscribe
from staff.actors import customer_actor
from tests.cast import Cast, make_cast, make_ready, make_receipt
from tests.domain.snapshot import refused, writes
from workshop.lib.actor import BOT, Channel
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OLGA = 7_700_123_456_789  # too long to stand in a hash by chance
HER_SON = 7_700_456


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def begin(receipt: Receipt, telegram_id: int = OLGA, **more: Any) -> Any:
    values: dict[str, Any] = {"actor": customer_actor(Channel(BOT)), "language": "ru", "at": AT}
    token = receipt.public_token
    return subscribe(token=token, telegram_id=telegram_id, **values | more)


def with_customer(cast: Cast) -> Receipt:
    """A receipt of Olga's."""
    igor = cast.actor("igor")
    customer = create_customer(name="Ольга", phone="+79161234567", actor=igor).object
    receipt = make_receipt(cast)
    edit_facts(receipt_id=receipt.pk, facts={"customer": customer.pk}, actor=igor)
    return Receipt.objects.get(pk=receipt.pk)


def test_a_link_subscribes_once_for_each_account(cast: Cast) -> None:
    receipt = make_receipt(cast)
    with writes("subscription.begun") as events:
        row = begin(receipt).object
    assert (row.receipt, row.telegram_id, row.language, row.created_at) == (receipt, OLGA, "ru", AT)
    assert events[0].payload == {"subscription_id": row.pk, "receipt_id": receipt.pk}
    assert events[0].stream == f"subscription:{row.pk}"
    with writes():
        again = begin(receipt)
    assert (again.object, again.already.when) == (row, AT)
    begin(receipt, HER_SON, language="xx")
    assert Subscription.objects.live().count() == 2
    receipt.refresh_from_db()
    assert receipt.version == 1  # nothing came between the staff and its Undo


def test_nothing_of_the_account_enters_what_is_kept_for_ever(cast: Cast) -> None:
    receipt = with_customer(cast)
    row = begin(receipt).object
    unsubscribe(subscription_id=row.pk, telegram_id=OLGA, actor=customer_actor(Channel(BOT)))
    kept = [*Event.objects.values(), *Command.objects.values()]
    assert str(OLGA) not in str(kept)
    last = Event.objects.filter(kind="subscription.ended").get()
    assert (last.actor_id, last.actor_telegram_id, last.actor_username) == (None, None, "")
    assert last.actor_label == "Клиент (по своей ссылке)"


def test_the_first_account_is_the_customers_until_its_last_subscription(cast: Cast) -> None:
    receipt = with_customer(cast)
    with writes("subscription.begun", "customer.changed"):
        row = begin(receipt).object
    with writes("subscription.begun"):
        begin(receipt, HER_SON)
    customer = Customer.objects.get()
    assert (customer.telegram_id, customer.consent_at) == (OLGA, AT)
    with writes("subscription.ended", "customer.changed"):
        unsubscribe(subscription_id=row.pk, telegram_id=OLGA, actor=customer_actor(Channel(BOT)))
    customer.refresh_from_db()
    assert (customer.telegram_id, customer.consent_at) == (None, None)


def test_an_employee_who_tries_the_link_is_not_the_customer(cast: Cast) -> None:
    receipt = with_customer(cast)
    with writes("subscription.begun"):
        begin(receipt, actor=cast.actor("igor"))
    assert Customer.objects.get().telegram_id is None


def test_a_bad_link_is_refused_in_one_way(cast: Cast) -> None:
    receipt = make_receipt(cast)
    for token in ("", "nothing", receipt.label_token, receipt.public_token + "x"):
        with refused(NotFound, "receipts.no_such_link", "token"):
            subscribe(token=token, telegram_id=OLGA, actor=customer_actor(Channel(BOT)))
    revoke_public_link(receipt_id=receipt.pk, actor=cast.actor("igor"))
    with refused(NotFound, "receipts.no_such_link", "token"):
        begin(receipt)


def test_a_watch_that_was_handed_out_has_nothing_to_tell(cast: Cast) -> None:
    receipt = make_ready(cast)
    issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("igor"))
    with refused(RuleViolation, "receipts.nothing_to_tell", "token"):
        begin(receipt)


def test_one_press_ends_it_and_only_ones_own(cast: Cast) -> None:
    row = begin(make_receipt(cast)).object
    nobody = customer_actor(Channel(BOT))
    with refused(NotAllowed, "access.not_allowed"):
        unsubscribe(subscription_id=row.pk, telegram_id=HER_SON, actor=nobody)
    with refused(NotFound, "receipts.no_such_link", "token"):
        unsubscribe(subscription_id=row.pk + 1, telegram_id=OLGA, actor=nobody)
    with writes("subscription.ended") as events:
        unsubscribe(subscription_id=row.pk, telegram_id=OLGA, actor=nobody, at=AT)
    assert events[0].payload["cause"] == "asked"
    with writes():
        done = unsubscribe(subscription_id=row.pk, telegram_id=OLGA, actor=nobody)
    assert done.already.when == AT
    row.refresh_from_db()
    assert (row.telegram_id, row.ended_at) == (None, AT)


def test_blocking_revoking_and_erasing_end_it(cast: Cast) -> None:
    receipt = with_customer(cast)
    igor, nobody = cast.actor("igor"), customer_actor(Channel(BOT))
    first = begin(receipt).object
    with writes("subscription.ended", "customer.changed"):
        end_blocked(subscription_id=first.pk, telegram_id=OLGA, actor=nobody)
    begin(receipt)
    with writes("receipt.public_link_revoked", "subscription.ended", "customer.changed"):
        revoke_public_link(receipt_id=receipt.pk, renew=True, actor=igor)
    receipt.refresh_from_db()
    begin(receipt)
    with writes("customer.erased", "subscription.ended"):
        erase_customer(customer_id=receipt.customer_id, actor=cast.actor("anna"))
    assert not Subscription.objects.live().exists()
    assert set(Subscription.objects.values_list("telegram_id", flat=True)) == {None}
    with refused(NotFound, "receipts.no_such_link", "token"):
        begin(receipt)
    causes = Event.objects.filter(kind="subscription.ended").order_by("pk")
    assert [one.payload["cause"] for one in causes] == ["blocked", "link_revoked", "erased"]
