"""The receipt page says why the watch wants attention, and what became of every reminder."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from history.models import Event
from receipts.services.deadlines import change_deadline
from receipts.services.reminders import fire_due, note_reminder, snooze_reminder
from tests.cast import Cast, make_in_work
from workshop.lib import clock


def page(client: Client, pk: int) -> str:
    html = client.get(reverse("admin:receipts_receipt_change", args=[pk])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def told(cast: Cast) -> int:
    """A receipt of yesterday that is overdue since an hour, told to everybody."""
    now = clock.now()
    receipt = make_in_work(cast, at=now - timedelta(days=1))
    begin, deadline = now - timedelta(hours=20), now - timedelta(hours=1)
    change_deadline(receipt_id=receipt.pk, deadline=deadline, actor=cast.actor("igor"), at=begin)
    fire_due(at=now)
    return receipt.pk


def test_what_became_of_the_reminders(cast: Cast, manager: Client, told: int) -> None:
    digest = Event.objects.latest("pk").pk
    note_reminder(digest_id=digest, actor=cast.actor("igor"))
    snooze_reminder(digest_id=digest, choice="1h", actor=cast.actor("ivan"))
    text = page(manager, told)
    assert "⚠ Просрочены с " in text
    assert "У мастера: Максим М., 1 раб. дн. при норме 10 раб. дн." in text
    assert re.search(r"срок прошёл · сообщено \d\d\.\d\d\.\d{4}", text), text[-3000:]
    assert "Игорь К.: принято" in text
    assert "Иван В.: позже →" in text
    assert "запланировано" in text
    assert "пропущено" in text


def test_the_owner_reads_it_too(owner: Client, told: int) -> None:
    assert "⚠ Просрочены с " in page(owner, told)
