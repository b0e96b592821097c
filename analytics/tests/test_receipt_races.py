"""Two jobs at the same receipts, while people go on: nothing is lost, nothing stands twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection

from analytics.models import Mark, ReceiptFact, StatusTime
from analytics.receipt_facts.checking import differences
from analytics.receipt_facts.services import heal, refresh
from receipts.services.flow import issue, rework_order
from receipts.services.quality import pass_check
from tests.cast import make_cast, make_worked

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_refreshers_and_healers_at_once() -> None:
    cast = make_cast()
    anna = cast.actor("anna")
    ids = [make_worked(cast, at=AT).pk for _number in range(4)]
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            for _turn in range(12):
                work()
        except BaseException as error:  # a thread tells nobody by itself
            failures.append(error)
        finally:
            connection.close()

    backwards = ids[::-1]
    jobs: list[Callable[[], object]] = [
        lambda: refresh(ids), lambda: refresh(backwards), lambda: heal(most=2),
    ]  # fmt: skip
    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    moment = AT
    for pk in ids:
        for _round in range(2):
            moment += timedelta(hours=1)
            pass_check(receipt_id=pk, actor=anna, at=moment)
            rework_order(receipt_id=pk, master_id=cast.maxim.pk, reason="r", actor=anna, at=moment)
        pass_check(receipt_id=pk, actor=anna, at=moment + timedelta(hours=1))
        issue(receipt_id=pk, as_taken_in=True, actor=anna, at=moment + timedelta(hours=2))
    for thread in threads:
        thread.join(60)
    assert failures == []
    refresh(ids)
    assert ReceiptFact.objects.filter(issued_at__isnull=False).count() == len(ids)
    assert StatusTime.objects.filter(status="in_work").count() == len(ids)
    Mark.objects.all().delete()  # else they are known to be outdated, and not compared
    assert [str(one) for one in differences(ids)] == []
