"""Morning: the language, watches come in, masters get them."""

from __future__ import annotations

from tests.day.stage import Day


def everybody_chooses_the_language(day: Day) -> None:
    for phone in day.phones:
        phone.type("/start")
        phone.reads("Choose what to do, or send a receipt number.")
    if day.code == "ru":
        return
    for phone in day.phones:
        phone.press("☰ More")
        phone.press("⚙ Settings")
        phone.press("🌐 Language")
        phone.language = day.reader[day.code]  # what is pressed now answers in it
        phone.press("English")
        phone.reads("The language is saved.")


def a_watch_comes_in(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    day.picture(igor, "menu")
    igor.press("📥 New receipt")
    igor.type("4511")
    igor.reads("New receipt: %(number)s", number="№4511")
    day.picture(igor, "new-number")
    igor.press("Create №%(number)s", number="4511", times=2)
    igor.reads("Receipt created: №%(number)s", number="4511")
    # The number of a watch that is here already opens it; a similar one is shown first.
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("№ 4511")
    igor.reads("Receipt №%(number)s exists already.", number="4511")
    igor.press("⬅ Back")
    igor.type("004511")
    igor.reads("Similar numbers are open. Is it one of them?")
    igor.press("№4511")
    igor.reads_all("№4511", "Received")


def a_watch_comes_in_with_everything(day: Day) -> None:
    igor = day.igor
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4512")
    igor.press("Create and fill in")
    igor.type(
        "Omega Speedmaster\nсерийный 12345678\n8 (916) 123-45-67 Петров Сергей\n"
        "через 5 дней\nостанавливается ночью\nзвенья 12"
    )
    igor.reads("Will be saved:")
    igor.reads_all("+79161234567", "Петров Сергей", "останавливается ночью")
    day.picture(igor, "fill-in")
    igor.type("комплект: коробка и паспорт")
    igor.send_photos(3)
    igor.reads("коробка и паспорт")
    igor.press("⛔ Do not polish")
    igor.press("✅ Save", times=2)
    igor.reads("Saved.")
    igor.reads("⛔ Do not polish")
    day.picture(igor, "card")
    igor.press("☰ More")
    igor.reads("Петров Сергей")
    # His second watch, and then the first one under a new number: recognised by its serial.
    igor.press("📥 One more of this customer")
    igor.type("4513")
    igor.press("Create and fill in")
    igor.reads("Петров Сергей")
    igor.type("Rolex Datejust\nцарапина на стекле")
    igor.press("✅ Save")
    igor.reads("Rolex Datejust")
    igor.type("/menu")
    igor.press("📥 New receipt")
    igor.type("4514")
    igor.press("Create and fill in")
    igor.type("12345678")
    igor.reads("№4512")
    igor.press("⌚")
    day.picture(igor, "known-watch")
    igor.press("✅ Save")
    igor.reads("Omega Speedmaster 12345678")


def masters_get_them(day: Day) -> None:
    igor, maxim = day.igor, day.maxim
    igor.type("/menu")
    igor.counts("👨‍🔧 Hand to a master", 4)
    igor.press("👨‍🔧 Hand to a master")
    igor.type("4511, 4512, 9999")
    igor.reads("The other numbers are ticked.")
    day.picture(igor, "hand-ticks")
    igor.press("Next (%(count)s chosen)", count=2)
    igor.press("Максим М.")
    igor.press("🔥 Urgent receipt")
    igor.press("🕒 Deadline")
    igor.type("вчера")
    igor.reads("⚠")
    igor.type("завтра 15:00")
    igor.reads("Will be marked 🔥 urgent")
    day.picture(igor, "hand-confirm")
    igor.press("✅ Confirm", times=2)
    igor.reads("Handed to the master: %(name)s", name="Максим М.")
    day.picture(igor, "hand-next")
    igor.type("4513")
    igor.press("✅ Confirm")
    igor.reads("№4513")
    igor.press("↩ Undo")
    igor.reads("Taken back: %(numbers)s", numbers="№4513")
    igor.type("4513 4514")
    igor.press("✅ Confirm")
    maxim.is_told("👨‍🔧 Handed to you: %(number)s", number="🔥 №4511")
    maxim.press("Open %(number)s", number="🔥 №4511")
    maxim.press("✅ Take into work")
    maxim.reads("Taken into work.")


def a_master_looks_at_his_queue(day: Day) -> None:
    maxim, igor = day.maxim, day.igor
    maxim.type("/menu")
    maxim.counts("My queue", 4)
    maxim.press("My queue")
    maxim.reads("🔥 №4512 · Omega Speedmaster")
    day.picture(maxim, "my-queue")
    maxim.press("№4513")
    maxim.press("Cannot take it")
    maxim.type("нет запчасти на складе")
    maxim.press("✅ Confirm")
    maxim.reads("Declined.")
    maxim.type("4513")
    maxim.reads("№%(number)s does not lie at you.", number="4513")
    igor.type("/menu")
    igor.type("4513")
    igor.reads("нет запчасти на складе")
    igor.press("👨‍🔧 Hand to a master")
    igor.press("Марк С.")
    igor.press("✅ Confirm")


SCENES = (
    everybody_chooses_the_language,
    a_watch_comes_in,
    a_watch_comes_in_with_everything,
    masters_get_them,
    a_master_looks_at_his_queue,
)
