"""Staff: the list and the card of a person, with everything that may be changed there."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    Stay,
    View,
    b,
    code,
    fmt,
    grid,
    lines,
    menu_item,
    paged,
)
from botapp.screens import words
from history.commands import Outcome
from polishing.selectors import open_orders
from receipts.models import Assignment
from staff import policies, roles, selectors
from staff.events import role_names
from staff.models import Employee
from staff.services import issue_invite
from workshop.lib import clock
from workshop.lib.errors import NotAllowed, NotFound

MANAGERS = (roles.INSPECTOR, roles.MANAGER)


class StaffList(Screen):
    """Everybody, active people first."""

    id = "staff.list"
    roles = MANAGERS
    parkable = False

    def view(self, ctx: Context) -> View:
        people = [Button(list_label(one), "open", one.pk) for one in selectors.staff_list()]
        add = [Button(_("➕ Add an employee"), "add")]
        return View(b(_("Staff")), [*paged(ctx, people, size=12, columns=2), add])

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(StaffCard, employee_id=int(value))

    def do_add(self, ctx: Context, value: str) -> Answer:
        return Go("staff.add_name")


class StaffCard(Screen):
    """One person; only what this actor may change has a button."""

    id = "staff.card"
    roles = MANAGERS
    parkable = False

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        return View(lines(*card_lines(person), *open_lines(person)), self._rows(ctx, person))

    def _rows(self, ctx: Context, person: Employee) -> list[list[Button]]:
        if not may_manage(ctx, person):
            return []
        others = ctx.employee.pk != person.pk
        buttons = [Button(_("✏ Rename"), "open", "staff.rename")]
        if others:
            buttons.append(Button(_("🔑 Access"), "open", "staff.roles"))
        buttons.append(Button(_("🔧 Kinds of work"), "open", "staff.skills"))
        if person.active:
            buttons.append(Button(_("🏖 Absent"), "open", "absence.until"))
            buttons.append(_telegram_button(person))
        if any(open_counts(person)):
            buttons.append(Button(_("Hand his watches on"), "open", "staff.hand_on"))
        if others:
            label = _("⛔ Deactivate") if person.active else _("✅ Activate")
            buttons.append(Button(label, "open", "staff.active"))
        return [list(row) for row in grid(buttons)]  # type: ignore[arg-type]  # only buttons

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(value, employee_id=ctx.params["employee_id"])

    def do_invite(self, ctx: Context, value: str) -> Answer:
        outcome = issue_invite(
            employee_id=ctx.params["employee_id"], actor=ctx.actor, command=ctx.command
        )
        return Stay().note(invite_words(outcome))

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name


def load_person(employee_id: int) -> Employee:
    """Anybody of the staff, also a deactivated one."""
    found = Employee.objects.filter(pk=employee_id).first()
    if found is None:
        raise NotFound("staff.no_such_employee", _("There is no such employee."))
    return found


def may_manage(ctx: Context, person: Employee) -> bool:
    """Whether this actor may change that person at all."""
    try:
        policies.ensure_can_manage(ctx.actor, touched=person.roles)
    except NotAllowed:
        return False
    return True


def list_label(person: Employee) -> str:
    """«Иванов И. · Мастер», marked when he is away, deactivated or without Telegram."""
    marks = [
        "⛔" if not person.active else "",
        "🏖" if person.is_absent(clock.today()) else "",
        "✉" if person.active and person.telegram_id is None else "",
    ]
    held = role_names([name for name in roles.ALL if name in person.roles])
    return " ".join(filter(None, [*marks, f"{person.short_name} · {held}"]))


def card_lines(person: Employee) -> list[Any]:
    """Who he is, what he may do and work on, whether he is here."""
    held = role_names([name for name in roles.ALL if name in person.roles])
    skills = ", ".join(str(kind) for kind in person.skills.all()) or "–"
    return [
        b(person.full_name),
        fmt(_("On buttons: %(name)s"), name=person.short_name),
        fmt(_("Access: %(roles)s"), roles=held),
        fmt(_("Kinds of work: %(skills)s"), skills=skills),
        fmt(_("Telegram: %(account)s"), account=_account(person)),
        b(_("Deactivated")) if not person.active else None,
        fmt(_("Absent: %(span)s"), span=b(absence_words(person))) if _is_away(person) else None,
    ]


def _account(person: Employee) -> str:
    if person.telegram_id is None:
        return _("not linked")
    return f"@{person.telegram_username}" if person.telegram_username else _("linked")


def _is_away(person: Employee) -> bool:
    return bool(person.absent_until and person.absent_until >= clock.today())


def absence_words(person: Employee) -> str:
    """«01.12.2026 – 10.12.2026»."""
    return f"{words.day(person.absent_from)} – {words.day(person.absent_until)}"


def open_counts(person: Employee) -> tuple[int, int]:
    """Watches and polishing orders that lie at him."""
    watches = Assignment.objects.valid().filter(master=person, ended_at__isnull=True)
    return watches.count(), open_orders(polisher_id=person.pk).count()


def open_lines(person: Employee) -> list[Markup]:
    """What lies at him: the consequence of everything that takes him away."""
    watches, orders = open_counts(person)
    return [
        *([fmt(_("Watches with him: %(count)s pcs"), count=b(watches))] if watches else []),
        *([fmt(_("At polishing with him: %(count)s pcs"), count=b(orders))] if orders else []),
    ]


def _telegram_button(person: Employee) -> Button:
    if person.telegram_id is None:
        return Button(_("✉ Invite link"), "invite")
    return Button(_("Unlink Telegram"), "open", "staff.unlink")


def invite_words(outcome: Outcome[Any]) -> Markup:
    """The one-time link; shown once, a repetition cannot show it again."""
    token = outcome.shown_once.get("token")
    if not token:
        return fmt(_("The invite link was shown already. Make a new one if it is lost."))
    link = selectors.start_link(token)
    return lines(
        fmt(
            _("Send this link to %(name)s: it works once, for 24 h."),
            name=outcome.object.employee.short_name,
        ),
        link or None,
        fmt(_("Or let him send this to the bot: %(text)s"), text=code(f"/start {token}")),
    )


menu_item(lazy("👥 Staff"), StaffList.id, place=10, roles=MANAGERS, more=True)
