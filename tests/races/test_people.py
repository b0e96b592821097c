"""Customers, the work group and comments under two presses at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from history.commands import Outcome
from receipts.models import Customer, ReturnItem, Subscription
from receipts.services.customers import create_customer, erase_customer
from receipts.services.facts import edit_facts
from receipts.services.returns import ItemInput, comment_return, return_watch
from receipts.services.subscriptions import subscribe, unsubscribe
from staff.actors import customer_actor
from staff.models import WorkGroup
from staff.services import link_work_group
from tests.cast import Cast, make_cast, make_receipt, make_submitted, reason_id
from tests.races.pairs import Press, Scene, Verdict, run
from workshop.lib.actor import BOT, Channel
from workshop.lib.errors import NotFound, RuleViolation

ROUNDS = 3
OLGA = 7700


def subscribe_twice(cast: Cast) -> Scene:
    token = make_receipt(cast).public_token
    presses: list[Press] = [lambda: _begin(token), lambda: _begin(token)]
    return Scene(presses, Subscription.objects.live().filter(receipt__public_token=token).count)


def comment_twice(cast: Cast) -> Scene:
    """One person with two phones: two reasons name him, one comment is his."""
    row = make_submitted(cast)
    named = [
        ItemInput(reason_id(code), "person", cast.maxim.pk)
        for code in ("dirt_inside", "dirt_outside")
    ]
    return_watch(receipt_id=row.pk, items=named, actor=cast.actor("igor"))
    items = ReturnItem.objects.filter(return_case__receipt=row)

    def press(item_id: int) -> Press:
        maxim = cast.actor("maxim")
        return lambda: comment_return(receipt_id=row.pk, item_id=item_id, text="x", actor=maxim)

    said = items.exclude(person_comment="")
    presses = [press(pk) for pk in items.values_list("pk", flat=True)]
    return Scene(presses, said.count, row.pk, (RuleViolation,))


def link_twice(cast: Cast) -> Scene:
    """Also the row is made once."""
    chat = -(WorkGroup.objects.count() + make_receipt(cast).pk)
    presses: list[Press] = [
        lambda: link_work_group(chat_id=chat, title="x", actor=cast.actor("igor")),
        lambda: link_work_group(chat_id=chat, title="x", actor=cast.actor("ivan")),
    ]
    return Scene(presses, WorkGroup.objects.filter(chat_id=chat).count)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("race", [subscribe_twice, comment_twice, link_twice])
def test_one_effect(race: Callable[[Cast], Scene]) -> None:
    cast = make_cast()
    for seed in range(ROUNDS):
        verdict = run(race, cast, seed)
        assert verdict.is_good, verdict


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("against", ["subscribe", "unsubscribe"])
def test_an_erased_customer_is_never_subscribed(against: str) -> None:
    """Whoever comes first: no account is left, and nobody waits for the other for ever."""
    cast = make_cast()
    for seed in range(ROUNDS * 2):
        verdict = run(lambda cast: _erase(cast, against), cast, seed)
        assert verdict.lost == 0, verdict
        assert verdict.double == 0, verdict
        assert not any("Operational" in text for text in verdict.broken), verdict
        assert not _odd(verdict), verdict


def _erase(cast: Cast, against: str) -> Scene:
    igor = cast.actor("igor")
    customer = create_customer(name="Ольга", actor=igor).object
    row = make_receipt(cast)
    edit_facts(receipt_id=row.pk, facts={"customer": customer.pk}, actor=igor)
    token = row.public_token

    presses: list[Press] = [
        lambda: erase_customer(customer_id=customer.pk, actor=cast.actor("anna")),
    ]
    if against == "subscribe":
        presses.append(lambda: _begin(token))
    else:
        pk = _begin(token).object.pk
        presses.append(
            lambda: unsubscribe(
                subscription_id=pk, telegram_id=OLGA, actor=customer_actor(Channel(BOT))
            )
        )

    def left() -> int:
        live = Subscription.objects.live().filter(receipt=row)
        kept = Customer.objects.filter(pk=customer.pk, telegram_id__isnull=False)
        return 1 + live.count() + kept.count()

    return Scene(presses, left, row.pk, (NotFound,))


def _begin(token: str) -> Outcome[Subscription]:
    return subscribe(token=token, telegram_id=OLGA, actor=customer_actor(Channel(BOT)))


def _odd(verdict: Verdict) -> list[str]:
    """Both may well have done something here; anything else is a fault."""
    return [text for text in verdict.broken if "were told that they did it" not in text]
