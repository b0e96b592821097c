"""At the benches: works are recorded, parts go to the polisher and come back."""

from __future__ import annotations

from tests.day.stage import Day


def works_are_recorded(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("🔧 Record work")
    igor.type("4511")
    igor.press("Сборка: Максим М.")
    igor.press("Ремонт механизма: Максим М.")
    day.picture(igor, "work")
    igor.press("🔧 Record (%(count)s)", count=2)
    igor.reads("4511")
    igor.press("↩ Undo")
    igor.reads("Taken back.")
    # The ticks of the last watch stay for the next one.
    igor.type("4511")
    igor.press("✅ Ремонт механизма")
    igor.press("✏ Who", beside="Сборка")
    igor.press("Марк С.")
    igor.press("🔧 Record (%(count)s)", count=1)
    igor.type("4513")
    igor.press("🔧 Record (%(count)s)", count=1)
    igor.reads("4513")


def parts_go_to_the_polisher(day: Day) -> None:
    igor, pavel = day.igor, day.pavel
    igor.type("/menu")
    igor.press("🪙 Polishing")
    igor.reads("Nothing is at a polisher.")
    igor.press("🪙 Send to polishing")
    igor.press("Павел П. (0)")
    igor.type("4511 4512")
    igor.press("bracelet")
    igor.press("difficult")
    igor.press("Metal")
    igor.press("Сталь")
    igor.type("глубокая царапина на ушке")
    day.picture(igor, "polish-watch")
    igor.press("Next")
    igor.press("Next")
    igor.reads("This watch must not be polished. Who allowed it?")
    igor.type("Петров по телефону")
    igor.press("Next")
    igor.reads_all("глубокая царапина на ушке", "Петров по телефону")
    # Back keeps every answer.
    igor.press("⬅ Back")
    igor.press("⬅ Back")
    igor.reads("глубокая царапина на ушке")
    igor.press("Next")
    igor.press("Next")
    day.picture(igor, "polish-confirm")
    igor.press("✅ Confirm", times=2)
    igor.reads("Sent to polishing: %(name)s", name="Павел П.")
    igor.press("🖨 Hand-over list")
    igor.has_file(".html")
    pavel.is_told("глубокая царапина на ушке")
    pavel.type("/menu")
    pavel.counts("My queue", 2)


def parts_come_back(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.counts("🪙 Polishing", 2)
    igor.press("🪙 Polishing")
    day.picture(igor, "polish-menu")
    igor.press("🪙 Take back from polishing")
    igor.type("4511")
    igor.press("🪙 Take back (%(count)s)", count=1)
    igor.reads("Taken back from polishing")
    # The list stays for the next one.
    igor.press("№4512")
    igor.press("Next (%(count)s chosen)", count=1)
    igor.press("no work done")
    igor.press("Cannot be polished")
    day.picture(igor, "polish-back")
    igor.press("🪙 Take back (%(count)s)", count=1)
    igor.reads("Nothing is at a polisher.")


def a_polishing_order_is_corrected(day: Day) -> None:
    """The polisher says that the metal was written down wrongly."""
    igor = day.igor
    igor.type("/menu")
    igor.type("4511")
    igor.presses("☰ More", "Correct polishing", "№4511", "Metal")
    igor.press("Титан")
    igor.reads("Сталь → Титан")
    igor.type("перепутали металл")
    igor.press("✅ Confirm")
    igor.reads_all("№4511", "Сталь → Титан (перепутали металл)")


def a_watch_has_to_wait(day: Day) -> None:
    igor = day.igor
    igor.type("4514")
    igor.press("⏸ Put on hold")
    igor.press("Ждём запчасти")
    igor.type("через 3 дня")
    igor.reads("Ждём запчасти")
    igor.press("✅ Confirm")
    igor.reads_all("Put on hold", "On hold", "Ждём запчасти")
    igor.press("▶ Resume work")
    igor.reads("Work resumed")
    # His own press, a moment ago: taken back without a question.
    igor.press("↩ Undo")
    igor.reads("Taken back.")
    igor.press("▶ Resume work")


def a_deadline_moves(day: Day) -> None:
    """A colleague moves it; the other inspectors hear of it, the author does not."""
    igor, ivan = day.igor, day.ivan
    ivan.type("4513")
    ivan.press("🕒 Set the deadline")
    ivan.press("+7")
    ivan.press("✅ Confirm")
    ivan.reads("Deadline saved: %(when)s", when="")
    ivan.type("4512")
    ivan.press("🕒 Change the deadline")
    ivan.type("через 2 дня")
    day.picture(ivan, "deadline")
    ivan.press("⏭ Skip")
    ivan.reads("Deadline saved: %(when)s", when="")
    igor.is_told("\nИван В., ")
    ivan.is_not_told("\nИван В., ")


SCENES = (
    works_are_recorded,
    parts_go_to_the_polisher,
    parts_come_back,
    a_polishing_order_is_corrected,
    a_watch_has_to_wait,
    a_deadline_moves,
)
