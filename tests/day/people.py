"""People come and go: invites, absence, access, and who may not come in."""

from __future__ import annotations

from tests.day.stage import Day


def a_master_begins(day: Day) -> None:
    """Added by the office, let in by a link that works once."""
    anna = day.anna
    anna.type("/menu")
    anna.presses("☰ More", "👥 Staff", "➕ Add an employee")
    anna.type("Новиков Пётр Ильич")
    anna.press("Master")
    anna.press("Next")
    anna.press("Сборка")
    day.picture(anna, "staff-add")
    anna.press("✅ Add the employee", times=2)
    anna.reads("Employee added: %(name)s", name="Новиков П.")
    invite = anna.finds(r"(/start \S+)")
    pyotr = day.pyotr = day.newcomer(1111, "Новиков Пётр Ильич", "Новиков П.")
    pyotr.type(invite)
    pyotr.reads("Новиков П.")
    pyotr.sees_button("My queue")
    stranger = day.newcomer(1112, "Чужой Человек")
    stranger.type(invite)
    stranger.reads("1112")
    stranger.type("4541")
    stranger.does_not_read("Omega")
    day.igor.type("/menu")
    day.igor.press("👨‍🔧 Hand to a master")
    day.igor.type("4541 4514")
    day.igor.press("Новиков П.")
    day.igor.press("✅ Confirm")
    pyotr.is_told("№4541")
    pyotr.press("№4541")
    pyotr.press("Submit to QC")
    # What an inspector may not do, he is not offered.
    day.igor.type("/menu")
    day.igor.presses("☰ More", "👥 Staff", "Анна М.")
    day.igor.sees_no_button("⛔ Deactivate")


def a_master_is_absent(day: Day) -> None:
    """His watches are handed on; whoever picks a master sees him last, and why."""
    anna, mark = day.anna, day.mark
    anna.type("/menu")
    anna.presses("☰ More", "👥 Staff", "Максим М.", "🏖 Absent")
    anna.type("завтра")
    anna.reads("Pickers show him last while he is away.")
    anna.press("✅ Confirm")
    anna.reads("%(name)s: what is handed on?", name="Максим Мастер")
    anna.press("Tick all")
    day.picture(anna, "absent")
    anna.press("To a master (%(count)s)", count=1)
    anna.press("Марк С.")
    anna.press("✅ Confirm", times=2)
    anna.reads("Handed on: %(name)s", name="Марк С.")
    mark.is_told("№4512")
    anna.type("/menu")
    anna.presses("👨‍🔧 Hand to a master")
    anna.type("4514")
    anna.sees_button(f"Максим М. (0) · {anna.language.say('absent')}")


def names_access_and_work_change(day: Day) -> None:
    """Old → new on every confirm; what is taken away works at once, on old keyboards too."""
    anna, pyotr = day.anna, day.pyotr
    anna.type("/menu")
    anna.presses("☰ More", "👥 Staff", "Новиков П.", "✏ Rename")
    anna.type("Новиков-Старший Пётр Ильич")
    anna.reads("Новиков Пётр Ильич → Новиков-Старший Пётр Ильич")
    anna.press("✅ Confirm")
    anna.presses("🔧 Kinds of work", "Ремонт механизма", "Next")
    anna.reads("Сборка → Сборка, Ремонт механизма")
    anna.press("✅ Confirm")
    anna.presses("🔑 Access", "Inspector (QC)", "Next")
    anna.reads("It works at once, on old screens too.")
    anna.press("✅ Confirm")
    pyotr.type("/menu")
    pyotr.sees_button("🪙 Polishing")
    anna.press("⛔ Deactivate")
    anna.reads("They stay with him until somebody hands them on.")
    anna.press("✅ Confirm")
    pyotr.press("My queue")
    pyotr.reads("1111")
    pyotr.sees_no_button("My queue")


def a_customer_asks_to_be_told(day: Day) -> None:
    """By the code on his paper: a screen, a message when the watch is ready, a press ends it."""
    petrova = day.newcomer(1113, "Петрова Анна")
    petrova.type(day.paper("4541"))
    # That we are in a hurry with it is our own affair.
    petrova.reads("You are subscribed: receipt %(number)s", number="№4541")
    petrova.does_not_read("🔥")
    petrova.does_not_read("Seamaster")
    petrova.type("4511")
    petrova.does_not_read("№4511")
    igor = day.igor
    igor.type("/menu")
    igor.type("4541")
    igor.press("✅ The watch is ready")
    igor.reads("Not ready yet: look at what is marked ⚠.")
    igor.press("✅ The watch is ready")
    igor.press("%(work)s: not required", work="Сборка")
    igor.press("Корпус не вскрывался")
    igor.press("✅ The watch is ready")
    igor.reads("QC passed: %(number)s", number="🔥 №4541")
    # Not before the inspector can have taken it back.
    day.later(minutes=20)
    petrova.is_told("✅ The watch is ready and can be collected.")
    petrova.press("🔕 Do not tell me any more")
    petrova.reads("No more messages about receipt %(number)s.", number="№4541")


def a_person_switches_notices_off(day: Day) -> None:
    """What belongs to the work cannot be switched off; the rest can."""
    mark = day.mark
    mark.type("/menu")
    mark.presses("☰ More", "⚙ Settings", "🔔 Notices")
    mark.press("Returns from QC that name me")
    mark.sees_button(f"▫️ {mark.language.say('Returns from QC that name me')}")


def the_work_group_sees_its_cards(day: Day) -> None:
    """A card for each assignment, edited as the watch goes on; only the master may press."""
    igor, anna, mark = day.igor, day.in_the_group(1001, day.code), day.in_the_group(1005)
    anna.type("/link")
    anna.reads("This group is linked: each watch handed to a master gets a card here.")
    igor.type("/menu")
    igor.press("👨‍🔧 Hand to a master")
    igor.type("4532")
    igor.press("Марк С.")
    igor.press("✅ Confirm")
    mark.reads("№4532")
    day.in_the_group(1006).press("✅ Take into work")  # Pavel, who polishes
    mark.sees_button("✅ Take into work")
    mark.press("✅ Take into work", times=2)
    mark.reads("№4532")
    mark.sees_no_button("✅ Take into work")
    mark.press("Submit to QC")
    mark.sees_no_button("Submit to QC")
    anna.type("/unlink")
    anna.reads("This group is not linked any more.")


SCENES = (
    a_master_begins,
    a_master_is_absent,
    names_access_and_work_change,
    a_customer_asks_to_be_told,
    a_person_switches_notices_off,
    the_work_group_sees_its_cards,
)
