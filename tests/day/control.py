"""The inspector's table: the queue, the protocol, passed, returned, decided later."""

from __future__ import annotations

from tests.day.stage import Day


def the_protocol_is_filled_in(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.type("4511")
    igor.press("Submit to QC", times=2)
    igor.type("/menu")
    igor.press("QC")
    day.picture(igor, "qc-queue")
    igor.press("№4511")
    igor.reads("⚠ Numbers not written down: %(numbers)s", numbers="")
    igor.press("Readings")
    igor.type("+4 285 0,2")
    igor.type("-3.5 270\nГП 12")
    day.picture(igor, "readings")
    igor.press("after 24 h")
    igor.type("быстро идут")
    igor.reads(
        "This is not understood. Type rate, amplitude and beat error, for example: +4 285 0.2"
    )
    igor.press("⬅ Back")
    igor.press("Water resistance")
    igor.type("5 бар")
    igor.press("✅ Test passed")
    igor.press("Power reserve")
    igor.type("42")
    igor.press("Checklist")
    igor.press("Номера выписаны")
    igor.press("✅ The rest is in order")
    igor.press("💾 Save")
    igor.send_photos()
    igor.press("Start a test run")
    igor.press("24")
    igor.reads("4511")


def a_night_later_the_run_has_ended(day: Day) -> None:
    igor = day.igor
    day.later(hours=23)
    igor.is_told("🔔 Deadlines")
    day.picture(igor, "digest")
    igor.press("⏰ Later")
    igor.press("In an hour: %(when)s", when="")
    igor.reads("⏰ I will remind you: %(when)s", when="")
    day.later(hours=1, minutes=5)
    igor.is_told("🔔 Deadlines")
    igor.press("✅ Noted")
    igor.type("/menu")
    igor.press("☰ More")
    igor.press("📋 QC table")
    day.picture(igor, "qc-table")
    igor.press("⏱ 🔥 №4511")
    day.picture(igor, "qc-card")
    igor.press("✅ The watch is ready")
    igor.reads("QC passed: %(number)s", number="🔥 №4511")
    igor.press("↩ Undo")
    igor.reads("Taken back.")
    igor.type("4511")
    igor.press("✅ The watch is ready", times=2)


def a_missing_work_is_said_right_there(day: Day) -> None:
    igor = day.igor
    igor.type("4513")
    igor.press("✅ The watch is ready")
    igor.reads("QC passed: %(number)s", number="№4513")
    igor.type("4514")
    igor.press("✅ The watch is ready")
    igor.reads("Record it, or mark it as not required.")
    day.picture(igor, "qc-missing")
    igor.press("%(work)s: not required", work="Сборка")
    igor.press("Корпус не вскрывался")
    igor.press("✅ The watch is ready")
    igor.reads("QC passed: %(number)s", number="№4514")


def a_watch_goes_back(day: Day) -> None:
    """Two reasons: one has its person, the other is left open. The forgotten work comes along."""
    igor, maxim = day.igor, day.maxim
    igor.type("4512")
    igor.press("🔁 Return from QC")
    igor.press("Грязь внутри")
    igor.press("Полировка")
    day.picture(igor, "return-reasons")
    igor.press("Next (%(count)s chosen)", count=2)
    igor.press("✅ Confirm")
    igor.reads("⚠")
    igor.press("Грязь внутри")
    igor.press("Максим М.")
    igor.press("Полировка:")
    igor.press("Decide later")
    igor.type("под стеклом ворсинка")
    igor.reads_all("под стеклом ворсинка", "Грязь внутри: Максим М.")
    day.picture(igor, "return-who")
    igor.press("✅ Confirm", times=2)
    igor.reads("4512")
    maxim.is_told("🔁 Return from QC: %(number)s", number="🔥 №4512")
    maxim.is_told("под стеклом ворсинка")
    maxim.is_not_told("Полировка")
    # His own word on it: once, for everybody who opens the receipt.
    maxim.press("💬 Comment on it")
    maxim.type("стекло ставил при пылесосе")
    maxim.press("✅ Confirm", times=2)
    igor.type("4512")
    igor.press("Receipt")
    igor.reads("стекло ставил при пылесосе")


def what_was_left_open_is_decided(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("☰ More")
    igor.press("📋 QC table")
    igor.press("❓ 🔥 №4512 · Полировка")
    igor.press("Responsible?")
    igor.press("Павел П.")
    igor.type("посмотрели вместе")
    igor.press("✅ Confirm")
    igor.reads("Павел П.")
    # Found out later: it was somebody else. Old → new, with a reason.
    igor.type("/menu")
    igor.type("4512")
    igor.presses("☰ More", "Change the responsible", "Грязь внутри")
    igor.press("Responsible?")
    igor.press("Not our fault")
    igor.press("⏭ Skip")
    igor.type("ворсинка была под стеклом до нас")
    igor.press("✅ Confirm")
    igor.reads("Not our fault")


SCENES = (
    the_protocol_is_filled_in,
    a_night_later_the_run_has_ended,
    a_missing_work_is_said_right_there,
    a_watch_goes_back,
    what_was_left_open_is_decided,
)
