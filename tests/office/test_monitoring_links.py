"""Every number of monitoring leads to a list of exactly what it counts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import time_machine
from django.test import Client

from analytics.models import AlertRule, Snapshot
from analytics.monitoring import alert_words, catalogue
from analytics.monitoring.catalogue import Unit
from analytics.monitoring.status import status
from analytics.services.alert_rules import add_rule
from analytics.services.snapshots import take
from analytics.tests.load_world import AT, make_pools, make_world
from analytics.tests.test_monitoring_numbers import _apart
from botapp.models import InboundUpdate, PersonReach
from history.models import Job
from integrations.models import ApiClient
from receipts.models import Operation, OperationType, QualityCheck, Receipt, ReturnCase
from staff import roles
from staff.models import Employee
from tests.cast import make_cast
from tests.office.conftest import make_user, signed_in
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)

# Pages of people, events or settings that a list is not narrowed to; their counts are of the last
# hours, or leave out what was settled, which the list shows with its moment.
WIDER: Final = frozenset(
    {
        "quality_drops",
        "backups_failed",
        "inbound_failed",
        "outgoing_queue",
        "outgoing_dead",
        "reminders_failed",
        "webhook_waiting",
        "webhook_dead",
        "webhook_paused",
        "api_clients_seen",
        "data_jobs_waiting",
    }
)


@pytest.fixture
def snapshot(settings: Any) -> Iterator[Snapshot]:
    """A workshop with watches everywhere, works of today, some of them void, on a fixed day."""
    settings.WORKSHOP_SELF_SERVICE = True
    with time_machine.travel(AT, tick=False):
        make_cast()
        pools = make_pools(list(Employee.objects.order_by("pk")[:4]))
        for seed in range(3):
            make_world(random.Random(seed), pools, receipts=25)
            _apart(seed)
        _today(pools.people[0])
        _machinery()
        yield take(slot=AT, at=AT)


def _today(person: Employee) -> None:
    ids = list(Receipt.objects.filter(voided_at=None).order_by("pk").values_list("pk", flat=True))
    Receipt.objects.filter(pk__in=ids[:3]).update(received_at=AT - HOUR)
    void = Receipt.objects.exclude(voided_at=None)
    void.update(received_at=AT - HOUR)
    for number, pk in enumerate(ids[:6]):
        voided = AT if number % 3 == 0 else None
        at = AT - HOUR * (1 if number < 4 else 30)
        for decision in ("passed", "returned"):
            check = QualityCheck.objects.create(
                receipt_id=pk, opened_at=at, decision=decision, decided_at=at, voided_at=voided
            )
        ReturnCase.objects.create(
            receipt_id=pk, quality_check=check, returned_at=at, voided_at=voided
        )
        for kind in OperationType.objects.order_by("pk")[:2]:
            Operation.objects.create(
                receipt_id=pk, type=kind, employee=person, performed_at=at, voided_at=voided
            )


def _machinery() -> None:
    for number, state in enumerate(("new", "new", "done", "failed")):
        InboundUpdate.objects.create(
            bot_id=1, update_id=number, chat_id=1, raw="{}", state=state, received_at=AT
        )
    gone = Employee.objects.order_by("-pk")[0]
    gone.active = False
    gone.save(update_fields=["active"])
    for person in (*Employee.objects.order_by("pk")[:2], gone):
        PersonReach.objects.create(employee=person, reason="Forbidden")
    Job.objects.filter(name__in=["history.clean_up", "analytics.tell_outside"]).update(failures=2)
    for number in range(3):
        ApiClient.objects.create(name=f"client {number}", active=number != 1)


@pytest.fixture
def manager(snapshot: Snapshot) -> Client:
    return signed_in(make_user("anna", roles.GROUPS[roles.MANAGER]))


def listed(client: Client, address: str) -> int:
    """How many rows the list has, on all of its pages."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    context = answer.context
    if "cl" in context:
        return int(context["cl"].queryset.count())
    return int(context["page"].paginator.count if "page" in context else context["count"])


def test_the_list_behind_every_number_has_so_many_rows(manager: Client, snapshot: Snapshot) -> None:
    wrong, seen = {}, Counter[str]()
    for key, number in snapshot.numbers.items():
        metric, _label = catalogue.parted(key)
        address = alert_words.link(key)
        if not address or metric.unit != Unit.COUNT or metric.code in WIDER:
            continue
        count = listed(manager, address)
        seen[metric.code] += number or 0
        if count != number:
            wrong[key] = (number, count, address)
    assert wrong == {}
    assert [code for code, total in seen.items() if not total] == [], "nothing is proved of these"
    assert len(seen) >= 19


def test_a_length_leads_to_a_list_that_holds_what_it_measures(
    manager: Client, snapshot: Snapshot
) -> None:
    counts: dict[str, Callable[[str], str]] = {
        "oldest_in_status": lambda label: f"open_by_status:{label}",
        "polishing_oldest": lambda label: "polishing_open",
    }
    for key in snapshot.numbers:
        metric, label = catalogue.parted(key)
        if metric.code in counts:
            number = snapshot.numbers[counts[metric.code](label)]
            assert listed(manager, alert_words.link(key)) == number, key


def test_every_cause_leads_to_what_it_counts(manager: Client, snapshot: Snapshot) -> None:
    AlertRule.objects.all().update(active=False)
    for metric in catalogue.metrics().values():
        if metric.alert and metric.unit == Unit.COUNT and metric.code not in WIDER:
            values = {
                "name": metric.code,
                "metric": metric.code,
                "comparison": "above",
                "threshold": 0,
                "roles": [roles.MANAGER],
            }
            add_rule(values=values, actor=system_actor("tests"))
    causes = [one for one in status(at=AT).causes if one.link]
    assert len(causes) > 15
    for one in causes:
        assert listed(manager, one.link) == one.value, one.key
