"""The receipt page gives the office the link that a customer opens in Telegram."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from receipts.services.facts import revoke_public_link
from receipts.services.subscriptions import subscribe
from staff import services
from staff.actors import customer_actor
from tests.cast import Cast, make_receipt
from workshop.lib.actor import BOT, Channel


def test_the_link_is_there_until_it_is_revoked(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    page = reverse("admin:receipts_receipt_change", args=[receipt.pk])
    link = f"start=t_{receipt.public_token}"
    assert link not in manager.get(page).content.decode()  # the bot has no name yet
    services.remember_bot("workshop_bot")
    assert f"https://t.me/workshop_bot?{link}" in manager.get(page).content.decode()

    actor = customer_actor(Channel(BOT))
    subscribe(token=receipt.public_token, telegram_id=77, actor=actor)
    shown = manager.get(page).content.decode()
    assert "Подписаны в Telegram" in shown
    revoke_public_link(receipt_id=receipt.pk, actor=cast.actor("igor"))
    shown = manager.get(page).content.decode()
    assert link not in shown
    assert "Подписаны в Telegram" not in shown
