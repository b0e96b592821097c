"""Every verb of the receipt page, sent as a browser sends it: one service, one door, one event."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from history.models import Event
from polishing.models import PolishingOrder
from receipts.models import (
    HoldReason,
    Operation,
    Photo,
    Reading,
    Receipt,
    RefusalReason,
    ReturnCase,
    ReturnItem,
    ReturnReason,
    Waiver,
    WaiverReason,
)
from receipts.services.flow import hold, refuse
from staff.office.registry import verbs_of
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.office.forms import errors, press, shown, verb_url
from workshop.lib import clock

pytestmark = pytest.mark.django_db


def last_event(receipt: Receipt) -> Event:
    event = Event.objects.filter(stream=receipt.stream).order_by("-sequence").first()
    assert event is not None
    return event


def done(client: Client, receipt: Receipt, slug: str, row: int | None = None, **typed: Any) -> str:
    """Press, and say which kind of event it made."""
    query = {"row": row} if row else {}
    before = last_event(receipt).sequence
    answer = press(client, verb_url(receipt, slug), query, **typed)
    assert answer.status_code == 302, errors(answer)
    event = last_event(receipt)
    assert event.sequence > before
    assert (event.channel, event.actor_kind, event.actor_label) == ("admin", "user", "anna")
    assert client.get(answer["Location"]).status_code == 200
    receipt.refresh_from_db()
    return event.kind.removeprefix("receipt.")


def test_the_main_path(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    assert done(manager, receipt, "assign", master=cast.maxim.pk) == "assigned"
    work = {f"work_{type_id('assembly')}": "on", f"by_{type_id('assembly')}": cast.maxim.pk}
    assert done(manager, receipt, "record_work", **work) == "work_recorded"
    assert done(manager, receipt, "polishing_send", polisher=cast.pavel.pk) == "polishing_sent"
    order = PolishingOrder.objects.get()
    assert done(manager, receipt, "polishing_take_back", order.pk) == "polishing_taken_back"
    assert done(manager, receipt, "submit") == "submitted"
    assert done(manager, receipt, "reading", rate="+4,5", amplitude="285") == "reading_added"
    assert done(manager, receipt, "measure", water_bar="3,0", water_result="passed")
    assert done(manager, receipt, "test_run", hours="48") == "test_run_started"
    assert done(manager, receipt, "pass") == "passed"
    assert done(manager, receipt, "issue", as_taken_in="on", received_by="Пётр") == "issued"
    assert receipt.status == "issued"


def test_hold_resume_refuse_reopen(manager: Client, cast: Cast) -> None:
    receipt = make_in_work(cast)
    why = HoldReason.objects.active().first()
    assert why
    assert done(manager, receipt, "hold", reason=why.pk) == "held"
    assert done(manager, receipt, "resume") == "resumed"
    refusal = RefusalReason.objects.active().first()
    assert refusal
    assert done(manager, receipt, "refuse", reason=refusal.pk) == "refused"
    assert done(manager, receipt, "reopen", reason="передумали") == "reopened"
    assert done(manager, receipt, "void_decision", reason="ошибка") == "decision_voided"


def test_a_return_with_every_sort_of_responsibility(manager: Client, cast: Cast) -> None:
    receipt = make_submitted(cast)
    dirt, polish = reason_id("dirt_inside"), reason_id("polishing")
    wrong = reason_id("wrong_assembly")
    values = shown(manager, verb_url(receipt, "return"))
    assert values[f"who_{dirt}"] == f"person:{cast.maxim.pk}"
    assert f"who_{polish}" not in values, "the rule asks: nothing is chosen beforehand"
    kind = done(
        manager,
        receipt,
        "return",
        **{f"reason_{dirt}": "on", f"reason_{polish}": "on", f"reason_{wrong}": "on"},
        **{f"who_{polish}": "undecided", f"who_{wrong}": "not_ours:wear"},
        **{f"work_{type_id('mechanism')}": "on", f"by_{type_id('mechanism')}": cast.mark.pk},
        hand_to=cast.mark.pk,
    )
    assert kind == "assigned"
    said = dict(ReturnItem.objects.values_list("reason_id", "responsibility"))
    assert said == {dirt: "person", polish: "undecided", wrong: "not_ours"}
    assert Operation.objects.filter(type__code="mechanism", employee=cast.mark).exists()
    item = ReturnItem.objects.get(reason_id=polish)
    answer = {"who": f"person:{cast.pavel.pk}", "reason": "посмотрели"}
    assert done(manager, receipt, "change_responsible", item.pk, **answer) == "responsible_changed"
    case = ReturnCase.objects.get()
    changed = {"assembler": cast.mark.pk, "reason": "сборщик другой"}
    assert done(manager, receipt, "change_assembler", case.pk, **changed) == "assembler_changed"


def test_a_ticked_reason_needs_an_answer(manager: Client, cast: Cast) -> None:
    receipt, polish = make_submitted(cast), reason_id("polishing")
    answer = press(manager, verb_url(receipt, "return"), **{f"reason_{polish}": "on"})
    assert list(errors(answer)) == [f"who_{polish}"]
    assert not ReturnCase.objects.exists()
    assert errors(press(manager, verb_url(receipt, "return")))


def test_works_and_waivers(manager: Client, cast: Cast) -> None:
    receipt = make_worked(cast)
    work = Operation.objects.get()
    assert done(manager, receipt, "void_work", work.pk, reason="не та") == "work_voided"
    waive = {"reason": WaiverReason.objects.active().values_list("pk", flat=True).first()}
    assert done(manager, receipt, "waive", **waive) == "work_waived"
    waiver = Waiver.objects.get()
    assert done(manager, receipt, "void_waiver", waiver.pk, reason="нужна") == "waiver_voided"


def test_passing_settles_what_is_missing(manager: Client, cast: Cast) -> None:
    receipt, kind = make_in_work(cast), type_id("assembly")
    answer = press(manager, verb_url(receipt, "pass"), **{f"settle_{kind}": None})
    assert errors(answer)
    assert done(manager, receipt, "pass", **{f"settle_{kind}": f"by:{cast.mark.pk}"}) == "passed"
    assert Operation.objects.get().employee == cast.mark
    other = make_in_work(cast)
    why = WaiverReason.objects.active().values_list("pk", flat=True).first()
    assert done(manager, other, "pass", **{f"settle_{kind}": f"waive:{why}"}) == "passed"
    assert last_event(other).command.events.count() == 2


def test_rounds_of_polishing(manager: Client, cast: Cast) -> None:
    receipt = make_in_work(cast)
    order = make_polished(cast, receipt)
    reopened = done(manager, receipt, "polishing_reopen", order.pk, reason="ещё там")
    assert reopened == "polishing_reopened"
    typed = {"difficult": "on", "reason": "сложная", "comment": "глубокие риски"}
    assert done(manager, receipt, "polishing_correct", order.pk, **typed) == "polishing_corrected"
    back = {"done": "0", "reason": "нельзя"}
    assert done(manager, receipt, "polishing_take_back", order.pk, **back)
    assert done(manager, receipt, "polishing_void", order.pk, reason="x") == "polishing_voided"


def test_do_not_polish_asks_who_allowed(manager: Client, cast: Cast) -> None:
    receipt = make_in_work(cast)
    assert done(manager, receipt, "facts", do_not_polish="on") == "facts_changed"
    url = verb_url(receipt, "polishing_send")
    assert "allowed_by" in errors(press(manager, url, polisher=cast.pavel.pk))
    typed = {"polisher": cast.pavel.pk, "allowed_by": "Владелец"}
    assert done(manager, receipt, "polishing_send", **typed) == "polishing_sent"


def test_a_deadline_is_shown_before_it_is_saved(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    url = verb_url(receipt, "deadline")
    first = press(manager, url, deadline="через 3 дня")
    assert "deadline" in errors(first)
    token = first.context["form"]["deadline_token"].value()
    values = shown(manager, url) | {"deadline": "через 3 дня", "deadline_token": token}
    assert manager.post(url, values).status_code == 302
    receipt.refresh_from_db()
    assert receipt.deadline
    assert clock.local(receipt.deadline).date() == clock.today() + timedelta(days=3)
    told = manager.get(reverse("admin:receipts_deadline_preview"), {"text": "завтра 12:00"}).json()
    cleared = done(manager, receipt, "deadline", clear="on", deadline=None)
    assert cleared == "deadline_changed"
    typed = {"deadline": "завтра 12:00", "deadline_token": told["token"]}
    assert done(manager, receipt, "deadline", **typed) == "deadline_changed"
    assert (
        "error"
        in manager.get(
            reverse("admin:receipts_deadline_preview"), {"text": "когда-нибудь\x00"}
        ).json()
    )


def test_a_token_speaks_of_its_own_text_only(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    told = manager.get(reverse("admin:receipts_deadline_preview"), {"text": "завтра 12:00"}).json()
    typed = {"deadline": "послезавтра", "deadline_token": told["token"]}
    assert "deadline" in errors(press(manager, verb_url(receipt, "deadline"), **typed))
    typed["deadline_token"] = "forged"
    assert "deadline" in errors(press(manager, verb_url(receipt, "deadline"), **typed))


def test_small_facts(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    assert done(manager, receipt, "urgent") == "urgency_changed"
    assert receipt.urgent
    assert done(manager, receipt, "urgent") == "urgency_changed"
    assert not receipt.urgent
    assert done(manager, receipt, "comment", comment="звонили") == "comment_added"
    assert done(manager, receipt, "facts", agreed_price="12 500,50") == "facts_changed"
    assert str(receipt.agreed_price) == "12500.50"
    typed = {"phone": "8 916 123-45-67", "customer_name": "Пётр"}
    assert done(manager, receipt, "customer", **typed) == "facts_changed"
    assert done(manager, receipt, "watch", brand="Omega", serial="A-1") == "facts_changed"
    assert done(manager, receipt, "revoke_link", renew="on") == "public_link_revoked"
    assert done(manager, receipt, "renumber", number="900-1", reason="опечатка") == "renumbered"
    assert str(receipt.customer) == "Пётр"


def test_photos(manager: Client, cast: Cast, media: Any) -> None:
    receipt = make_receipt(cast)
    url = verb_url(receipt, "photo")
    data = shown(manager, url)
    bad = io.BytesIO(b"no picture")
    bad.name = "x.jpg"
    assert "photo" in errors(manager.post(url, data | {"photo": bad}))
    good = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(good, "PNG")
    good.seek(0)
    good.name = "x.png"
    assert manager.post(url, data | {"photo": good}).status_code == 302
    photo = Photo.objects.get()
    file = reverse("admin:receipts_photo_file", args=[photo.pk])
    assert manager.get(file)["Content-Type"] == "image/jpeg"
    assert Client().get(file).status_code == 302
    assert done(manager, receipt, "void_photo", photo.pk, reason="не те часы") == "photo_voided"
    assert manager.get(file).status_code == 404


def test_readings_and_voiding(manager: Client, cast: Cast) -> None:
    receipt = make_submitted(cast)
    assert errors(press(manager, verb_url(receipt, "reading")))
    assert "amplitude" in errors(press(manager, verb_url(receipt, "reading"), amplitude="999"))
    done(manager, receipt, "reading", rate="−3", position="DU")
    reading = Reading.objects.get()
    assert done(manager, receipt, "void_reading", reading.pk, reason="не те") == "reading_voided"


def test_moving_a_work(manager: Client, cast: Cast) -> None:
    wrong, right = make_worked(cast), make_in_work(cast, number="900")
    work = Operation.objects.get()
    query = {"row": work.pk, "what": "work"}
    typed = {"number": "nowhere-1", "reason": "перепутали"}
    url = verb_url(wrong, "move")
    assert "number" in errors(press(manager, url, query, **typed))
    answer = press(manager, url, query, **(typed | {"number": "900"}))
    # The work may not lie before the receipt it is moved to.
    moved = Operation.objects.valid().get()
    if answer.status_code == 302:
        assert moved.receipt == right
    else:
        assert "number" in errors(answer)


def test_void_receipt_and_rework_order(manager: Client, cast: Cast) -> None:
    fresh = make_receipt(cast)
    assert done(manager, fresh, "void_receipt", reason="пробная") == "voided"
    page = manager.get(reverse("admin:receipts_receipt_change", args=[fresh.pk]))
    assert page.status_code == 200
    assert b"/do/" not in page.content
    ready = make_ready(cast)
    typed = {"master": cast.mark.pk, "reason": "забыли ремешок"}
    assert done(manager, ready, "rework_order", **typed) == "rework_ordered"


def test_accept_and_decline(manager: Client, cast: Cast, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    receipt = make_in_work(cast)
    assert done(manager, receipt, "decline", reason="болею") == "declined"
    receipt = make_in_work(cast)
    assert done(manager, receipt, "accept") == "accepted"


def test_undo_takes_the_last_press_back(manager: Client, cast: Cast) -> None:
    receipt = make_in_work(cast)
    done(manager, receipt, "submit")
    page = manager.get(reverse("admin:receipts_receipt_change", args=[receipt.pk]))
    events = page.context["undo_events"]
    data = {"undo_command": events[0].command_id, "command_key": "k"}
    assert manager.post(verb_url(receipt, "undo"), data).status_code == 302
    receipt.refresh_from_db()
    assert receipt.status == "in_work"


def test_the_page_offers_exactly_what_is_possible(manager: Client, cast: Cast) -> None:
    receipt = make_ready(cast)
    page = manager.get(reverse("admin:receipts_receipt_change", args=[receipt.pk]))
    offered = {row["slug"] for rows in page.context["buttons"].values() for row in rows}
    assert {"issue", "return", "rework_order", "refuse", "void_decision"} <= offered
    assert not {"assign", "pass", "submit", "hold", "reopen", "accept"} & offered


def test_every_verb_has_a_form_and_nothing_happens_on_get(manager: Client, cast: Cast) -> None:
    receipt = make_submitted(cast)
    order = make_order(cast, receipt)
    reading = verb_url(receipt, "reading")
    press(manager, reading, amplitude="280")
    press(manager, verb_url(receipt, "return"), **{f"reason_{reason_id('dirt_inside')}": "on"})
    rows = {
        "change_responsible": ReturnItem.objects.get().pk,
        "polishing_correct": order.pk,
        "polishing_take_back": order.pk,
    }
    before = Event.objects.count()
    for slug in verbs_of("receipts.Receipt"):
        query = {"row": rows.get(slug, 0), "what": "work"}
        page = manager.get(verb_url(receipt, slug), query)
        assert page.status_code == 200, slug
    assert Event.objects.count() == before


# --- twice, together, wrong ----------------------------------------------------------------------


def test_a_double_submit_has_one_effect(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    url = verb_url(receipt, "comment")
    data = shown(manager, url) | {"comment": "раз"}
    before = Event.objects.count()
    assert manager.post(url, data).status_code == 302
    assert manager.post(url, data).status_code == 302
    assert Event.objects.count() == before + 1
    again = manager.post(url, data | {"comment": "два"})
    assert errors(again), "the same form with another text is not silently dropped"
    values = {name: again.context["form"][name].value() for name in data}
    assert values["comment"] == "два"
    assert manager.post(url, values).status_code == 302
    assert Event.objects.count() == before + 2


def test_a_stale_form_says_who_changed_what(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    url = verb_url(receipt, "assign")
    data = shown(manager, url) | {"master": cast.mark.pk}
    hold(
        receipt_id=receipt.pk,
        reason_id=HoldReason.objects.active().values_list("pk", flat=True).first() or 0,
        actor=cast.actor("igor"),
    )
    answer = manager.post(url, data)
    told = " ".join(errors(answer)["__all__"])
    assert cast.igor.short_name in told
    receipt.refresh_from_db()
    assert receipt.status == "on_hold"
    fresh = {name: answer.context["form"][name].value() for name in data}
    assert manager.post(url, fresh).status_code == 302


def test_a_forged_expectation_is_refused(manager: Client, cast: Cast) -> None:
    receipt = make_receipt(cast)
    answer = press(manager, verb_url(receipt, "assign"), master=cast.mark.pk, expected="forged")
    assert errors(answer)
    receipt.refresh_from_db()
    assert receipt.status == "received"


def test_already_done_is_told_with_who(manager: Client, cast: Cast) -> None:
    receipt = make_submitted(cast)
    answer = press(manager, verb_url(receipt, "submit"))
    page = manager.get(answer["Location"])
    told = " ".join(str(message) for message in page.context["messages"])
    assert cast.igor.short_name in told


def test_an_impossible_move_lists_what_is_possible(manager: Client, cast: Cast) -> None:
    receipt = make_ready(cast)
    reason = HoldReason.objects.get(code="parts").pk
    answer = press(manager, verb_url(receipt, "hold"), reason=reason)
    told = " ".join(errors(answer)["__all__"])
    assert "Выдать клиенту" in told


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\x00b", "я" * 5000, "  "])
def test_odd_texts_never_break_a_form(manager: Client, cast: Cast, text: str) -> None:
    receipt = make_receipt(cast)
    answer = press(manager, verb_url(receipt, "comment"), comment=text)
    assert answer.status_code in {200, 302}
    page = manager.get(reverse("admin:receipts_receipt_change", args=[receipt.pk]))
    assert b"<script>alert" not in page.content


@pytest.mark.parametrize("row", ["0", "x", "999999999999999999999", "-1", ""])
def test_rows_that_are_not_there(manager: Client, cast: Cast, row: str) -> None:
    receipt = make_worked(cast)
    for slug, verb in verbs_of("receipts.Receipt").items():
        if verb.shown_in == "row":
            answer = manager.post(verb_url(receipt, slug), {"row": row, "reason": "x"})
            assert answer.status_code in {200, 302}, slug


def test_a_refused_receipt_is_handed_out_unrepaired(manager: Client, cast: Cast) -> None:
    receipt = make_in_work(cast)
    why = RefusalReason.objects.active().values_list("pk", flat=True).first() or 0
    refuse(receipt_id=receipt.pk, reason_id=why, actor=cast.actor("igor"))
    assert errors(press(manager, verb_url(receipt, "issue")))
    assert done(manager, receipt, "issue", difference="нет звена") == "issued"


def test_reasons_are_those_of_the_catalogue(manager: Client, cast: Cast) -> None:
    ReturnReason.objects.filter(code="dirt_outside").update(active=False)
    values = manager.get(verb_url(make_submitted(cast), "return")).context["form"].reasons
    assert "dirt_outside" not in {row.code for row in values}
