"""Slips: wrong records, wrong presses, two people at once, things nobody asked for."""

from __future__ import annotations

from tests.day.stage import Day


def wrong_records_are_put_right(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4531")
    igor.press("Create №%(number)s", number="4531")
    igor.press("🔧 Record work")
    igor.press("Сборка")
    igor.press("✏ Who", beside="Сборка")
    igor.press("Марк С.")
    igor.press("🔧 Record (%(count)s)", count=1)
    # A work on the wrong receipt: moved to the right one.
    igor.type("/menu")
    igor.type("4531")
    igor.presses("☰ More", "Move to another receipt", "Сборка")
    igor.type("4514")
    igor.type("не та квитанция")
    igor.reads("№4531 → №4514")
    day.picture(igor, "move")
    igor.press("✅ Confirm")
    igor.reads("The record is moved: %(number)s", number="№4514")
    # There it turns out that it was nobody's: voided.
    igor.type("/menu")
    igor.type("4514")
    igor.presses("☰ More", "Void a work", "Сборка, Марк С.")
    igor.type("записали дважды")
    igor.press("✅ Confirm")
    igor.reads("The work is voided.")
    # The number was read wrongly: corrected.
    igor.type("4531")
    igor.presses("☰ More", "Correct the number")
    igor.type("4513")
    igor.reads("Receipt №%(number)s exists already.", number="4513")
    igor.type("4532")
    igor.type("неразборчиво")
    igor.press("✅ Confirm")
    igor.reads("The number is corrected. The label must be printed again.")


def a_decision_is_taken_back_later(day: Day) -> None:
    """More than 15 minutes ago: no Undo any more, but a correction with a reason."""
    igor = day.igor
    igor.type("4514")
    igor.reads("Ready")
    day.later(minutes=20)
    igor.type("/menu")
    igor.type("4514")
    igor.sees_no_button("↩ Undo")
    igor.presses("☰ More", "Void the last decision")
    igor.type("не та кнопка")
    igor.press("✅ Confirm")
    igor.reads("In work")


def a_receipt_nobody_needed(day: Day) -> None:
    igor, anna = day.igor, day.anna
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4539")
    igor.press("Create №%(number)s", number="4539")
    anna.type("4539")
    anna.presses("☰ More", "Void the receipt")
    anna.type("создана по ошибке")
    anna.press("✅ Confirm")
    anna.reads("The receipt is voided.")
    igor.type("/menu")
    igor.type("4539")
    igor.reads("Nothing found.")


def photos_and_remarks(day: Day) -> None:
    """A photo sent on a card is attached to it; a wrong one is taken away with a reason."""
    igor = day.igor
    igor.type(day.scan("4514"))
    igor.reads("№4514")
    igor.send_photos(2, "царапина на безеле")
    igor.press("💬 Comment")
    igor.type("Клиент просил позвонить <до обеда> & сразу")
    igor.reads_all("The comment is saved.", "<до обеда> & сразу")
    igor.press("📷 Photo")
    igor.press("▶")
    day.picture(igor, "photos")
    igor.press("Void this photo")
    igor.type("чужие часы")
    igor.press("✅ Confirm")
    igor.reads("The photo is voided.")


def a_work_is_not_needed(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.type("4532")
    igor.presses("☰ More", "Work is not required")
    igor.press("%(work)s: not required", work="Сборка")
    igor.press("Корпус не вскрывался")
    igor.reads("Not required: %(work)s", work="Сборка")
    igor.presses("☰ More", "🔥 Mark urgent")
    igor.reads("Marked urgent")


def two_inspectors_at_one_watch(day: Day) -> None:
    igor, ivan = day.igor, day.ivan
    for phone in (igor, ivan):
        phone.type("/menu")
        phone.type("4514")
    igor.press("✅ The watch is ready")
    ivan.press("✅ The watch is ready")
    ivan.reads("Игорь К.")


def things_that_nobody_asked_for(day: Day) -> None:
    """A hint each, and what was begun stays as it was."""
    igor = day.igor
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4541")
    igor.press("Create and fill in")
    igor.type("Omega Seamaster")
    igor.reads("Seamaster")
    for act in (igor.send_sticker, igor.send_voice):
        act()
        igor.reads("⚠")
        igor.reads("Seamaster")
    igor.send_forwarded("4512")
    igor.reads("Forwarded messages are not read. Please type it yourself.")
    igor.type("/unknown")
    igor.reads("There is no such command. /menu opens the menu.")
    igor.press("🔥 Urgent receipt")
    # A notice comes in between: it opens its receipt and the form waits.
    day.ivan.type("/menu")
    day.ivan.type("4512")
    day.ivan.press("🕒 Change the deadline")
    day.ivan.press("+7")
    day.ivan.press("⏭ Skip")
    igor.press("Open %(number)s", number="🔥 №4512")
    igor.reads("4512")
    igor.press("▶ Continue %(subject)s", subject="№4541")
    igor.reads("Seamaster")
    day.picture(igor, "continue")
    igor.press("✅ Save")
    igor.press("💬 Comment")
    igor.type("/cancel")
    igor.reads("Choose what to do, or send a receipt number.")


SCENES = (
    wrong_records_are_put_right,
    a_decision_is_taken_back_later,
    photos_and_remarks,
    a_work_is_not_needed,
    two_inspectors_at_one_watch,
    a_receipt_nobody_needed,
    things_that_nobody_asked_for,
)
