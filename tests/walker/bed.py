"""What the walker walks over: people and watches with the names that break things.

Long names, Cyrillic, emoji, markup; a receipt in every status, parts away, reasons open, photos,
readings, waivers, an absent person – so that every button has somewhere to lead.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from analytics.models import Alert, AlertRule
from botapp.testing import PIXEL
from history.jobs import Turn
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing
from receipts.models import (
    HoldReason,
    OperationType,
    RefusalReason,
    ReturnReason,
    WaiverReason,
)
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment, edit_facts, set_urgent
from receipts.services.flow import hold, refuse, submit
from receipts.services.images import re_encode
from receipts.services.intake import take_in
from receipts.services.photos import add_photo
from receipts.services.quality import ReadingInput, add_reading, record_measurements
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import WorkInput, record_work, waive_work
from receipts.tasks import fire_reminders
from staff import roles
from staff.models import Employee
from staff.services.people import add_employee, rename_employee, set_absence
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    reason_id,
    type_id,
)
from workshop.lib import clock
from workshop.lib.actor import system_actor

NASTY = "Жалоба <b>&amp; «тикает» 🔥 & стоит; " * 40
NAMES = {
    "maxim": "Максимилиан-Аристарх <b>Заболоцкий-Преображенский</b> & Ко 🔧",
    "mark": "Ёжиков Марк",
    "pavel": "O'Полировщик <i>Павел",
    "ivan": "Иван </b> Второй",
}


CROWD = 300  # masters, for the pickers
LONG_NUMBER = "W-" + "Ж" * 30  # as long as a number may be
# Another master; a work missing; one waived; nothing missing.
TOPICS = frozenset({"W-15", "W-20", "W-21", "W-22"})


def lay_bed() -> Cast:
    """The cast with nasty names and a receipt for every case; numbers begin with W."""
    cast = make_cast()
    for who, name in NAMES.items():
        employee = getattr(cast, who)
        rename_employee(employee_id=employee.pk, full_name=name, actor=system_actor("tests"))
        employee.refresh_from_db()
    add_employee(
        full_name="Вторая Полировщица 💎",
        roles=[roles.POLISHER],
        telegram_id=1066,
        actor=system_actor("tests"),
    )
    today = clock.today()
    set_absence(
        employee_id=cast.mark.pk,
        absent_from=today,
        absent_until=today + timedelta(days=3),
        actor=system_actor("tests"),
    )
    _at_intake(cast)
    _at_work(cast)
    _at_control(cast)
    _at_the_end(cast)
    _beyond_measure(cast)
    _due_soon(cast)
    _an_alert()
    return cast


def _an_alert() -> None:
    rule = AlertRule.objects.get(key="overdue")
    Alert.objects.create(
        rule=rule,
        key=rule.metric,
        severity=rule.severity,
        comparison=rule.comparison,
        threshold=rule.threshold,
        value=5,
        last_value=5,
        fired_at=clock.now(),
    )


def _at_intake(cast: Cast) -> None:
    igor = cast.actor("igor")
    make_receipt(cast, "W-1")
    full = take_in(
        number="W-2",
        customer={"name": "Клиент <b>& Сын " + "ы" * 100, "phone": "+7 916 123-45-67"},
        watch={"brand": "Omega <i>", "model": "Speedmaster & Co", "serial": "A1234567"},
        facts={"complaint": NASTY[:1000], "completeness": "коробка <&>", "links_count": 12},
        actor=igor,
    ).object
    for _number in range(2):
        add_photo(receipt_id=full.pk, picture=re_encode(PIXEL), actor=igor)
    add_comment(receipt_id=full.pk, text=NASTY[:500], actor=igor)
    never = take_in(number="W-3", facts={"do_not_polish": True}, actor=igor).object
    set_urgent(receipt_id=never.pk, urgent=True, actor=igor)


def _at_work(cast: Cast) -> None:
    igor = cast.actor("igor")
    now = clock.now()
    late = make_in_work(cast, number="W-10", at=now - timedelta(days=9))
    change_deadline(receipt_id=late.pk, deadline=now + timedelta(minutes=90), actor=igor)
    away = make_in_work(cast, number="W-11")
    make_order(cast, away)
    batch = open_batch(polisher_id=cast.pavel.pk, actor=igor).object
    for number in ("W-12", "W-13"):
        watch = make_in_work(cast, number=number)
        send_to_polishing(
            receipt_id=watch.pk, polisher_id=cast.pavel.pk, batch_id=batch.pk, actor=igor
        )
    held = make_in_work(cast, number="W-14")
    reason = HoldReason.objects.active().first()
    hold(receipt_id=held.pk, reason_id=reason.pk if reason else 0, actor=igor)
    make_in_work(cast, master="mark", number="W-15")
    for number in range(12):
        make_receipt(cast, f"W-9{number:02}")


def _at_control(cast: Cast) -> None:
    igor = cast.actor("igor")
    make_submitted(cast)
    measured = make_submitted(cast)
    reading = ReadingInput(position="DU", rate=Decimal("4"), amplitude=285)
    add_reading(receipt_id=measured.pk, reading=reading, actor=igor)
    record_measurements(receipt_id=measured.pk, water_result="failed", actor=igor)
    polished = make_submitted(cast)
    make_polished(cast, polished)
    lacking = make_in_work(cast, number="W-20")
    submit(receipt_id=lacking.pk, actor=igor)
    waived = make_in_work(cast, number="W-21")
    waive_work(
        receipt_id=waived.pk,
        type_id=OperationType.objects.filter(required=True)[0].pk,
        reason_id=WaiverReason.objects.active()[0].pk,
        actor=igor,
    )
    whole = make_in_work(cast, number="W-22")
    record_work(
        receipt_id=whole.pk, works=[WorkInput(type_id("assembly"), cast.maxim.pk)], actor=igor
    )
    submit(receipt_id=whole.pk, actor=igor)
    undecided = make_submitted(cast)
    return_watch(
        receipt_id=undecided.pk,
        items=[
            ItemInput(reason_id("dirt_inside"), "undecided"),
            ItemInput(reason_id("dirt_inside") + 1, "person", cast.maxim.pk),
        ],
        comment=NASTY[:800],
        actor=igor,
    )


def _at_the_end(cast: Cast) -> None:
    make_ready(cast)
    make_ready(cast)
    refused = make_receipt(cast, "W-30")
    reason = RefusalReason.objects.active().first()
    refuse(receipt_id=refused.pk, reason_id=reason.pk if reason else 0, actor=cast.actor("igor"))


def _beyond_measure(cast: Cast) -> None:
    """More of everything than a workshop ever has: 300 masters, a receipt with 200 works."""
    igor = cast.actor("igor")
    people = [
        Employee(
            full_name=f"Однофамильцев-Тёзкин <{number}> & Сын {'ы' * 100}",
            short_name=f"Однофамильцев-Тёзкин {number} " + "&" * 30,
            is_master=True,
        )
        for number in range(CROWD)
    ]
    # Straight into the table: three hundred invitations would only take their time.
    Employee.objects.bulk_create(people)
    kinds = list(OperationType.objects.active())
    for kind in kinds:
        kind.performers.add(*people)
    much = make_in_work(cast, number=LONG_NUMBER)
    works = [WorkInput(kinds[0].pk, people[number].pk) for number in range(200)]
    record_work(receipt_id=much.pk, works=works, actor=igor)
    for number in range(5):
        add_comment(receipt_id=much.pk, text=f"{number} {NASTY[:1900]}", actor=igor)
    submit(receipt_id=much.pk, actor=igor)
    items = [ItemInput(row.pk, "person", people[0].pk) for row in ReturnReason.objects.active()]
    for _time in range(12):
        return_watch(
            receipt_id=much.pk,
            items=items,
            comment=NASTY[:1900],
            hand_to_id=cast.maxim.pk,
            actor=igor,
        )
        submit(receipt_id=much.pk, actor=igor)
    facts = {"complaint": NASTY[:1900], "condition": NASTY[:1900], "completeness": NASTY[:900]}
    edit_facts(receipt_id=much.pk, facts=facts, actor=igor)


def _due_soon(cast: Cast) -> None:
    """Deadlines within the hour, more than a message lists: a digest to answer to."""
    now = clock.now()
    for number in (f"W-4{digit}" for digit in range(9)):
        watch = make_in_work(cast, number=number, at=now - timedelta(hours=3))
        change_deadline(
            receipt_id=watch.pk,
            deadline=now + timedelta(minutes=50),
            actor=cast.actor("anna"),
            at=now - timedelta(hours=2),
        )
    fire_reminders(Turn("receipts.fire_reminders", now, now))
