"""Changes of a person, each with its consequences and a confirm: name, access, skills, door."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Screen,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    tick,
    ticked,
    toggle,
)
from botapp.screens import words
from botapp.screens.staff import MANAGERS, StaffCard, load_person, open_lines
from botapp.screens.staff_add import grantable
from history.commands import Outcome
from receipts.models import OperationType
from receipts.services.skills import change_skills
from staff import roles, services
from staff.events import role_names
from staff.models import Employee
from staff.names import FULL_LENGTH
from workshop.lib.text import require_text


class StaffConfirm(Screen):
    """The last step of a change: the person, old → new, and what follows from it."""

    roles = MANAGERS

    @abstractmethod
    def told(self, ctx: Context, person: Employee) -> list[Any]:
        """Old → new and the consequences."""

    @abstractmethod
    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        """Call the one service."""

    @abstractmethod
    def done(self, ctx: Context, person: Employee) -> Any:
        """The line on the card afterwards."""

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        text = lines(b(person.full_name), *self.told(ctx, person))
        return View(text, [[confirm_button(), cancel_button()]])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        person = load_person(ctx.params["employee_id"])
        outcome = self.run(ctx, person)
        text = self.done(ctx, outcome.object)
        return Done(words.done(outcome, text), StaffCard, employee_id=person.pk)


class Rename(Screen):
    """The new full name."""

    id = "staff.rename"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        return View(fmt(_("%(name)s: type the new full name."), name=b(person.full_name)))

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def on_text(self, ctx: Context, text: str) -> Answer:
        name = require_text(text, field="full_name", limit=FULL_LENGTH)
        return Go(ConfirmRename, **ctx.params, name=name)


class ConfirmRename(StaffConfirm):
    id = "staff.rename_confirm"

    def told(self, ctx: Context, person: Employee) -> list[Any]:
        new = ctx.params["name"]
        return [
            fmt(_("Name: %(old)s → %(new)s"), old=person.full_name, new=b(new)),
            _("What was recorded before keeps the name of that time."),
        ]

    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        return services.rename_employee(
            employee_id=person.pk,
            full_name=ctx.params["name"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def done(self, ctx: Context, person: Employee) -> Any:
        return fmt(_("The name is now: %(name)s"), name=b(person.full_name))


class Roles(Screen):
    """Access with check marks."""

    id = "staff.roles"
    roles = MANAGERS

    def enter(self, ctx: Context) -> None:
        held = load_person(ctx.params["employee_id"]).roles
        ctx.data["roles"] = [name for name in roles.ALL if name in held]

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        chosen = ticked(ctx, "roles")
        ticks = [
            [tick(roles.LABELS[name], "mark", name, on=name in chosen)] for name in grantable(ctx)
        ]
        text = fmt(_("%(name)s: what may he do in the system?"), name=b(person.full_name))
        return View(text, [*ticks, [Button(_("Next"), "next")]])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "roles", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        held = load_person(ctx.params["employee_id"]).roles
        old = [name for name in roles.ALL if name in held]
        return Go(ConfirmRoles, **ctx.params, old=old, new=ticked(ctx, "roles"))


class ConfirmRoles(StaffConfirm):
    id = "staff.roles_confirm"

    def told(self, ctx: Context, person: Employee) -> list[Any]:
        old, new = _in_order(ctx.params["old"]), _in_order(ctx.params["new"])
        return [
            fmt(_("Access: %(old)s → %(new)s"), old=role_names(old), new=b(role_names(new))),
            _("It works at once, on old screens too."),
            *open_lines(person),
        ]

    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        return services.change_roles(
            employee_id=person.pk,
            roles=ctx.params["new"],
            expected_roles=ctx.params["old"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def done(self, ctx: Context, person: Employee) -> Any:
        return fmt(_("Access is now: %(roles)s"), roles=b(role_names(_in_order(person.roles))))


class Skills(Screen):
    """Kinds of work with check marks."""

    id = "staff.skills"
    roles = MANAGERS

    def enter(self, ctx: Context) -> None:
        person = load_person(ctx.params["employee_id"])
        ctx.data["skills"] = [str(kind.pk) for kind in person.skills.all()]

    def view(self, ctx: Context) -> View:
        person = load_person(ctx.params["employee_id"])
        chosen = ticked(ctx, "skills")
        ticks = [
            [tick(kind, "mark", kind.pk, on=str(kind.pk) in chosen)]
            for kind in OperationType.objects.active()
        ]
        text = fmt(_("%(name)s: what can he work on?"), name=b(person.full_name))
        return View(text, [*ticks, [Button(_("Next"), "next")]])

    def subject(self, ctx: Context) -> str:
        return load_person(ctx.params["employee_id"]).short_name

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "skills", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(ConfirmSkills, **ctx.params, skills=[int(one) for one in ticked(ctx, "skills")])


class ConfirmSkills(StaffConfirm):
    id = "staff.skills_confirm"

    def told(self, ctx: Context, person: Employee) -> list[Any]:
        new = OperationType.objects.filter(pk__in=ctx.params["skills"])
        text = _("Kinds of work: %(old)s → %(new)s")
        return [
            fmt(text, old=_kinds(person.skills.all()), new=b(_kinds(new))),
            _("Pickers offer him for these kinds of work from now on."),
        ]

    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        return change_skills(
            employee_id=person.pk,
            type_ids=ctx.params["skills"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def done(self, ctx: Context, person: Employee) -> Any:
        return fmt(_("Kinds of work: %(skills)s"), skills=b(_kinds(person.skills.all())))


class Active(StaffConfirm):
    """Off: the doors close at once, the watches stay with him. On: the other way round."""

    id = "staff.active"

    def enter(self, ctx: Context) -> None:
        ctx.data["active"] = not load_person(ctx.params["employee_id"]).active

    def told(self, ctx: Context, person: Employee) -> list[Any]:
        if ctx.data["active"]:
            return [b(_("Activate?")), _("The bot lets him in again, pickers offer him.")]
        left = open_lines(person)
        return [
            b(_("Deactivate?")),
            _("The bot and the office refuse him at once. His records stay."),
            *left,
            _("They stay with him until somebody hands them on.") if left else None,
        ]

    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        return services.set_active(
            employee_id=person.pk,
            active=ctx.data["active"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def done(self, ctx: Context, person: Employee) -> Any:
        text = _("Activated: %(name)s") if person.active else _("Deactivated: %(name)s")
        return fmt(text, name=b(person.short_name))


class Unlink(StaffConfirm):
    """The Telegram account goes; an invite binds another."""

    id = "staff.unlink"

    def told(self, ctx: Context, person: Employee) -> list[Any]:
        return [
            b(_("Unlink Telegram?")),
            _("The bot refuses this account at once. An invite link binds a new one."),
        ]

    def run(self, ctx: Context, person: Employee) -> Outcome[Employee]:
        return services.unbind_telegram(employee_id=person.pk, actor=ctx.actor, command=ctx.command)

    def done(self, ctx: Context, person: Employee) -> Any:
        return fmt(_("Telegram is unlinked: %(name)s"), name=b(person.short_name))


def _in_order(names: Any) -> list[str]:
    return [name for name in roles.ALL if name in names]


def _kinds(kinds: Any) -> str:
    return ", ".join(str(kind) for kind in kinds) or "–"
