"""A new employee: name, access, kinds of work, and the invite link."""

from __future__ import annotations

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
    fmt,
    lines,
    quote,
    tick,
    ticked,
    toggle,
)
from botapp.screens.staff import MANAGERS, StaffCard, invite_words
from receipts.models import OperationType
from receipts.services.skills import change_skills
from staff import roles
from staff.events import role_names
from staff.names import FULL_LENGTH
from staff.services import add_employee, issue_invite
from workshop.lib.text import require_text


class NewName(Screen):
    """The full name, family name first."""

    id = "staff.add_name"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        name = ctx.data.get("name")
        text = lines(
            _("New employee: type the full name, family name first."),
            quote(name) if name else None,
        )
        return View(text, [[Button(_("Next"), "next")]] if name else [])

    def subject(self, ctx: Context) -> str:
        return str(ctx.data.get("name", ""))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["name"] = require_text(text, field="full_name", limit=FULL_LENGTH)
        return self.do_next(ctx, "")

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(NewRoles, name=ctx.data["name"])


class NewRoles(Screen):
    """What he may do in the system."""

    id = "staff.add_roles"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        held = ticked(ctx, "roles")
        ticks = [
            [tick(roles.LABELS[name], "mark", name, on=name in held)] for name in grantable(ctx)
        ]
        text = fmt(_("%(name)s: what may he do in the system?"), name=b(ctx.params["name"]))
        return View(text, [*ticks, [Button(_("Next"), "next")]] if held else ticks)

    def subject(self, ctx: Context) -> str:
        return str(ctx.params["name"])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "roles", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(NewSkills, name=ctx.params["name"], roles=ticked(ctx, "roles"))


class NewSkills(Screen):
    """What he can work on; then everything is done in one step, the invite included."""

    id = "staff.add_skills"
    roles = MANAGERS

    def view(self, ctx: Context) -> View:
        chosen = ticked(ctx, "skills")
        ticks = [
            [tick(kind, "mark", kind.pk, on=str(kind.pk) in chosen)]
            for kind in OperationType.objects.active()
        ]
        text = lines(
            fmt(_("%(name)s: what can he work on?"), name=b(ctx.params["name"])),
            fmt(_("Access: %(roles)s"), roles=role_names(ctx.params["roles"])),
            None if chosen else _("Nothing ticked means: no kind of work."),
        )
        return View(text, [*ticks, [Button(_("✅ Add the employee"), "add")]])

    def subject(self, ctx: Context) -> str:
        return str(ctx.params["name"])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "skills", value)
        return Stay()

    def do_add(self, ctx: Context, value: str) -> Answer:
        added = add_employee(
            full_name=ctx.params["name"],
            roles=ctx.params["roles"],
            actor=ctx.actor,
            command=ctx.command_for("add"),
        ).object
        change_skills(
            employee_id=added.pk,
            type_ids=[int(one) for one in ticked(ctx, "skills")],
            actor=ctx.actor,
            command=ctx.command_for("skills"),
        )
        invite = issue_invite(
            employee_id=added.pk, actor=ctx.actor, command=ctx.command_for("invite")
        )
        head = fmt(_("Employee added: %(name)s"), name=b(added.short_name))
        return Done(lines(head, invite_words(invite)), StaffCard, employee_id=added.pk)


def grantable(ctx: Context) -> list[str]:
    """The kinds of access this actor may give."""
    if ctx.has(roles.MANAGER):
        return list(roles.ALL)
    return [name for name in roles.ALL if name not in roles.GRANTED_BY_MANAGERS_ONLY]
