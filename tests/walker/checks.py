"""What must hold on every screen (spec 2.1): Back, Home, /cancel, odd input, foreign keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botapp.dialogs import registry
from botapp.dialogs.screen import Screen
from botapp.testing import MemoryPerson
from botapp.transport.memory import Stored
from staff.models import Employee
from tests.cast import OLGA_TELEGRAM_ID
from tests.walker.walker import Node, Walker, live, live_text, state_of, written

ANOTHER_TELEGRAM_ID = 1003  # Ivan, an inspector like Igor
FORGED = "1:zzzzzzz:confirm:"


def look(walker: Walker, node: Node, thoroughly: bool) -> None:
    """The cheap checks on every visit, all of them on the first one."""
    checks: list[Callable[[Walker, Node], None]] = [back]
    if thoroughly:
        checks += [home, cancel, odd_input, too_long, markup, old_keys, foreign_keys, in_english]
    for check in checks:
        with walker.at(node):
            try:
                check(walker, node)
            except Exception as error:  # a bug of a screen: named with the way to it
                walker.fault(node.trail, f"{check.__name__}: {type(error).__name__}: {error}")


def press(walker: Walker, node: Node, action: str) -> bool:
    """Press the engine's own button; False when the screen does not offer it."""
    for found, data, _label in walker.keys(node):
        if found.action == action:
            node.person.press_payload(data, live(node.chat).id)
            return True
    return False


def back(walker: Walker, node: Node) -> None:
    """Back leads to the screen before, with what was entered there; a sub-step to its screen."""
    stack = state_of(node.person)["stack"]
    if len(stack) < 2:
        return
    if not press(walker, node, "_back"):
        walker.fault(node.trail, "there is no Back")
        return
    now = state_of(node.person)["stack"]
    own = registry.find_screen(node.screen)
    sub_step = own is not None and own.on_back is not Screen.on_back
    if len(now) == len(stack) and sub_step and now[-1]["screen"] == node.screen:
        return
    if [one["screen"] for one in now] != [one["screen"] for one in stack[:-1]]:
        walker.fault(node.trail, f"Back leads to {now[-1]['screen']}, not {stack[-2]['screen']}")
    lost = {name for name in stack[-2]["data"] if name not in now[-1]["data"]}
    if lost:
        walker.fault(node.trail, f"Back loses {sorted(lost)}")
    elif not sub_step and stack[-2]["data"] != now[-1]["data"]:
        walker.fault(node.trail, "Back changes what was entered")


def home(walker: Walker, node: Node) -> None:
    if node.screen != "menu" and not press(walker, node, "_home"):
        walker.fault(node.trail, "there is no Home")
        return
    _expect_menu(walker, node, "Home")


def cancel(walker: Walker, node: Node) -> None:
    node.person.text("/cancel")
    _expect_menu(walker, node, "/cancel")


def _expect_menu(walker: Walker, node: Node, what: str) -> None:
    stack = state_of(node.person)["stack"]
    if [one["screen"] for one in stack] != ["menu"]:
        walker.fault(node.trail, f"{what} leads to {stack[-1]['screen']}")


def odd_input(walker: Walker, node: Node) -> None:
    """A sticker, an empty text, a NUL, a forward: a hint, and everything is as before."""
    person = node.person
    acts: dict[str, Callable[[], object]] = {
        "a sticker": person.sticker,
        "an empty text": lambda: person.text("  "),
        "a NUL": lambda: person.text("ab\x00cd"),
        "a forward": lambda: person.forward("W-1"),
    }
    for name, act in acts.items():
        with _nothing_changes(walker, node, name):
            act()
        if "⚠" not in live_text(_chat(walker, person)):
            walker.fault(node.trail, f"{name} is not answered")


def too_long(walker: Walker, node: Node) -> None:
    with _nothing_changes(walker, node, "5 000 characters"):
        node.person.text("ы" * 5_000)
    if "⚠" not in live_text(_chat(walker, node.person)):
        walker.fault(node.trail, "5 000 characters are not answered")


def markup(walker: Walker, node: Node) -> None:
    """Characters of markup are only characters; where no text is expected they change nothing."""
    screen = registry.find_screen(node.screen)
    before = written()
    node.person.text("<b>& </i>")
    shown = live_text(_chat(walker, node.person))
    if not shown:
        walker.fault(node.trail, "<b>& is not answered")
    if screen is not None and not screen.expects_text() and written() != before:
        walker.fault(node.trail, "<b>& changes something")


def old_keys(walker: Walker, node: Node) -> None:
    """A keyboard of another visit, on this message and on an old one: answered, without effect."""
    person = node.person
    for message_id in (live(node.chat).id, 1):
        before, answers = written(), len(person.toasts)
        person.press_payload(FORGED, message_id)
        if written() != before:
            walker.fault(node.trail, "an old keyboard changes something")
        if len(person.toasts) != answers + 1 or not person.toasts[-1]:
            walker.fault(node.trail, "an old keyboard is not answered")


def foreign_keys(walker: Walker, node: Node) -> None:
    """This keyboard pressed by a stranger and by a colleague in their own chats."""
    for who in (OLGA_TELEGRAM_ID, ANOTHER_TELEGRAM_ID):
        other = MemoryPerson(walker.bot, who)
        if who == node.person.id:
            continue
        for _press, data, label in walker.keys(node)[:1]:
            before, state = written(), state_of(node.person)
            answers = len(other.toasts)
            other.press_payload(data, live(node.chat).id)
            if len(other.toasts) != answers + 1 or not other.toasts[-1]:
                walker.fault(node.trail, f"{label}: the press of {who} is not answered")
            # The refusal of a stranger is an event itself; it has no command of his.
            grown = written()[0] - before[0]
            if grown > (1 if who == OLGA_TELEGRAM_ID else 0) or state_of(node.person) != state:
                walker.fault(node.trail, f"{label}: the press of {who} changes something")


def in_english(walker: Walker, node: Node) -> None:
    """The same screen in the other language, within the same limits."""
    Employee.objects.filter(telegram_id=node.person.id).update(language="en")
    node.person.sticker()
    chat = _chat(walker, node.person)
    walker.limits(chat, node.trail)
    message = live(chat).message
    labels = [key.label for row in message.keys for key in row] if message else []
    if node.screen != "menu" and "🏠 Home" not in labels:
        walker.fault(node.trail, f"no English buttons: {labels}")


def _chat(walker: Walker, person: MemoryPerson) -> dict[int, Stored]:
    return walker.bot.transport.chats[person.id]


@contextmanager
def _nothing_changes(walker: Walker, node: Node, what: str) -> Iterator[None]:
    """The same screen, the same entries, nothing written."""
    before, stack = written(), _standing(node.person)
    yield
    if written() != before:
        walker.fault(node.trail, f"{what} changes something")
    if _standing(node.person) != stack:
        walker.fault(node.trail, f"{what} moves the dialogue")


def _standing(person: MemoryPerson) -> list[tuple[str, object, object]]:
    return [(one["screen"], one["params"], one["data"]) for one in state_of(person)["stack"]]
