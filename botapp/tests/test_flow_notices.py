"""What the bot tells people by itself: the one it concerns, in his language, never the author."""

from __future__ import annotations

from datetime import timedelta

import pytest

from botapp import notices
from botapp.models import OutgoingMessage
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import phone
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import DeadlineCause, HoldReason, Receipt
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, rework_order
from receipts.services.returns import ItemInput, return_watch
from staff.services import mute_notices
from tests.cast import Cast, make_cast, make_in_work, make_ready, make_receipt, make_submitted
from tests.cast import reason_id as return_reason
from workshop.lib import clock

# Messages that nobody can switch off: they answer what he asked for himself.
ANSWERS = {"customer.ready", "customer.refused", "alert_test"}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def told(bot: BotDriver, person: MemoryPerson) -> list[str]:
    bot.notify()
    return [notice.text for notice in person.notices]


def reason(code: str) -> int:
    return int(HoldReason.objects.get(code=code).pk)


def test_an_assignment_is_told_to_the_master(bot: BotDriver, cast: Cast) -> None:
    maxim, igor = phone(bot, cast, "maxim", "ru"), phone(bot, cast, "igor")
    receipt = make_in_work(cast)
    assert told(bot, maxim) == [f"👨‍🔧 Вам переданы часы: №{receipt.number}\nСрок: не назначен"]
    assert told(bot, igor) == []
    maxim.press_notice(f"Открыть №{receipt.number}")
    assert f"№{receipt.number}" in maxim.screen


def test_a_watch_that_went_on_is_not_told_any_more(bot: BotDriver, cast: Cast) -> None:
    maxim, mark = phone(bot, cast, "maxim"), phone(bot, cast, "mark")
    receipt = make_in_work(cast)
    assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("igor"))
    assert told(bot, maxim) == []
    assert [text.splitlines()[0] for text in told(bot, mark)] == [
        f"👨‍🔧 Handed to you: №{receipt.number}"
    ]


def test_rework_is_told_to_the_master(bot: BotDriver, cast: Cast) -> None:
    mark = phone(bot, cast, "mark")
    receipt = make_ready(cast)
    actor = cast.actor("igor")
    rework_order(receipt_id=receipt.pk, master_id=cast.mark.pk, reason="ремешок", actor=actor)
    assert f"№{receipt.number}" in told(bot, mark)[0]


def test_each_gets_his_own_reasons_of_a_return(bot: BotDriver, cast: Cast) -> None:
    maxim, mark = phone(bot, cast, "maxim"), phone(bot, cast, "mark")
    receipt = make_submitted(cast)
    bot.notify()
    seen = len(maxim.notices)
    items = [
        ItemInput(return_reason("dirt_inside"), "person", cast.maxim.pk),
        ItemInput(return_reason("mechanism_defect"), "person", cast.mark.pk),
        ItemInput(return_reason("polishing"), "undecided"),
    ]
    return_watch(receipt_id=receipt.pk, items=items, actor=cast.actor("igor"))
    head = f"🔁 Return from QC: №{receipt.number}\n"
    assert told(bot, maxim)[seen:] == [f"{head}Грязь внутри"]
    assert told(bot, mark) == [f"{head}Дефект механизма"]


def test_polishing_is_told_to_the_polisher_while_it_is_out(bot: BotDriver, cast: Cast) -> None:
    pavel = phone(bot, cast, "pavel", "ru")
    first, second = make_receipt(cast), make_receipt(cast)
    actor, comment = cast.actor("igor"), "ушки <мягко>"
    send_to_polishing(
        receipt_id=first.pk, polisher_id=cast.pavel.pk, difficult=True, comment=comment, actor=actor
    )
    back = send_to_polishing(receipt_id=second.pk, polisher_id=cast.pavel.pk, actor=actor).object
    take_back(order_id=back.pk, actor=actor)
    assert told(bot, pavel) == [
        f"🪙 Вам в полировку:\n• №{first.number}: корпус, сложная, ушки <мягко>"
    ]


def test_an_incident_is_told_to_managers_and_owners(bot: BotDriver, cast: Cast) -> None:
    anna, boris, igor = (phone(bot, cast, who) for who in ("anna", "boris", "igor"))
    receipt, waiting = make_receipt(cast), make_receipt(cast)
    actor = cast.actor("igor")
    hold(receipt_id=waiting.pk, reason_id=reason("parts"), actor=actor)
    hold(receipt_id=receipt.pk, reason_id=reason("incident"), comment="Упали", actor=actor)
    for person in (anna, boris):
        (text,) = told(bot, person)
        assert text.startswith(f"⚠ №{receipt.number}\n")
        assert "Упали" in text
        assert "Игорь К." in text
    assert told(bot, igor) == []


def test_a_changed_deadline_is_told_to_the_other_inspectors(bot: BotDriver, cast: Cast) -> None:
    igor, ivan, maxim = (phone(bot, cast, who, "ru") for who in ("igor", "ivan", "maxim"))
    receipt = make_receipt(cast)
    old, new = clock.now() + timedelta(days=2), clock.now() + timedelta(days=5)
    set_to(cast, receipt, old)
    assert told(bot, ivan) == []
    set_to(cast, receipt, new, DeadlineCause.objects.get(code="parts").pk)
    (text,) = told(bot, ivan)
    assert f"{clock.show(old)} → {clock.show(new)}" in text
    assert "Запчасти" in text
    assert "Игорь К." in text
    assert told(bot, igor) == []
    assert told(bot, maxim) == []


def set_to(cast: Cast, receipt: Receipt, when: object, cause_id: int | None = None) -> None:
    change_deadline(
        receipt_id=receipt.pk,
        deadline=when,  # type: ignore[arg-type]  # a moment
        cause_id=cause_id,
        actor=cast.actor("igor"),
    )


def test_a_muted_notice_ends_when_it_is_sent(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast, "maxim")
    make_in_work(cast)  # planned while it is not muted
    mute_notices(
        employee_id=cast.maxim.pk, kinds=["assignment"], muted=True, actor=cast.actor("maxim")
    )
    assert told(bot, maxim) == []
    row = OutgoingMessage.objects.get(template="assignment")
    assert (row.state, row.last_error) == (OutgoingMessage.DEAD, "muted")


def test_every_template_of_an_event_can_be_named_in_the_settings() -> None:
    assert set(notices._templates) - set(notices._kinds) <= ANSWERS
