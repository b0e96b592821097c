"""The counter in the evening: watches leave, questions of customers, what burns."""

from __future__ import annotations

from tests.day.stage import Day


def watches_leave(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("📤 Hand to the customer")
    day.picture(igor, "issue-ready")
    igor.type("4511")
    igor.reads("Is it all there?")
    day.picture(igor, "issue-check")
    igor.press("✅ All there, hand out", times=2)
    igor.reads("Handed to the customer: %(number)s", number="🔥 №4511")
    igor.press("↩ Undo")
    igor.reads("Taken back.")
    igor.type("4511")
    igor.press("✅ All there, hand out")
    # The next customer: by his name.
    igor.type("Петров")
    igor.reads("№4513")
    igor.press("There is a difference")
    igor.type("без коробки: забрал раньше")
    igor.type("Петрова Анна, дочь")
    igor.reads_all("без коробки: забрал раньше", "Петрова Анна, дочь")
    day.picture(igor, "issue-confirm")
    igor.press("✅ Confirm")
    igor.type("Сидоров")
    igor.reads("Nothing that waits for its customer fits: %(text)s", text="Сидоров")


def a_customer_refuses(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4520")
    igor.press("Create №%(number)s", number="4520")
    igor.presses("☰ More", "🚫 Refuse the repair")
    igor.press("Клиент передумал")
    igor.press("✅ Confirm")
    igor.reads("The repair is refused.")
    igor.press("Reopen the repair")
    igor.type("клиент передумал")
    igor.press("✅ Confirm")
    igor.reads("The repair is reopened.")
    igor.presses("☰ More", "🚫 Refuse the repair")
    igor.press("Клиент передумал")
    igor.press("✅ Confirm")
    igor.press("📤")
    igor.press("✅ All there, hand out")
    igor.reads("Handed out unrepaired: %(number)s", number="№4520")


def what_burns_is_seen(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("🔥 Urgent")
    igor.reads("4512")
    day.picture(igor, "urgent")
    igor.press("№4512")
    igor.press("🕒 Change the deadline")
    igor.press("+3")
    igor.press("⏭ Skip")
    igor.reads("Deadline saved: %(when)s", when="")


def a_question_on_the_phone(day: Day) -> None:
    """A customer asks: by phone, by brand, by a piece of the number; then the whole history."""
    igor, boris = day.igor, day.boris
    igor.type("/menu")
    igor.press("🔎 Find")
    igor.type("8-916-123-45-67")
    igor.reads("Found: %(count)s", count=2)
    day.picture(igor, "find")
    igor.type("speedmaster")
    igor.reads("Found: %(count)s", count=2)
    igor.type("451")
    igor.press("№4511")
    igor.press("🗂 History")
    igor.press("▶")
    day.picture(igor, "history")
    igor.press("Filter")
    igor.press("QC passed")
    igor.reads_all("№4511", "QC passed")
    igor.does_not_read("Receipt created: №%(number)s", number="4511")
    boris.type("/menu")
    boris.press("🔎 Find")
    boris.type("4512")
    boris.sees_no_button("🕒 Change the deadline")
    boris.press("🗂 History")


SCENES = (watches_leave, a_customer_refuses, what_burns_is_seen, a_question_on_the_phone)
