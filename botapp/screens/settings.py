"""A person's own settings: the language he is spoken to in, and which notices he wants."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
    menu_item,
    tick,
)
from staff.notice_kinds import NoticeKind, is_compulsory, kinds_for, wants
from staff.services import mute_notices, set_language


class Settings(Screen):
    """What can be set, with what it is now."""

    id = "settings"
    parkable = False

    def view(self, ctx: Context) -> View:
        off = [kind for kind in kinds_for(ctx.employee) if not wants(ctx.employee, kind)]
        text = lines(
            b(_("⚙ Settings")),
            fmt(_("Language: %(language)s"), language=_native(ctx.employee.language)),
            fmt(_("Notices switched off: %(count)s"), count=len(off)) if off else None,
        )
        rows = [
            [Button(_("🌐 Language"), "open", Language.id)],
            [Button(_("🔔 Notices"), "open", Notices.id)],
        ]
        return View(text, rows)

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(value)


class Language(Screen):
    """Each language in its own name."""

    id = "settings.language"
    parkable = False

    def view(self, ctx: Context) -> View:
        codes = [code for code, _name in settings.LANGUAGES]
        return View(_("Language of the bot"), [[self._button(ctx, code)] for code in codes])

    def _button(self, ctx: Context, code: str) -> Button:
        mark = "✅" if code == ctx.employee.language else "▫️"
        return Button(f"{mark} {_native(code)}", "to", code)

    def do_to(self, ctx: Context, value: str) -> Answer:
        employee_id = ctx.employee.pk
        outcome = set_language(
            employee_id=employee_id, language=value, actor=ctx.actor, command=ctx.command
        )
        ctx.sign_in(outcome.object)
        return Done(_("The language is saved."))


class Notices(Screen):
    """Ticks for what can reach this person; what belongs to his work has none."""

    id = "settings.notices"
    parkable = False

    def view(self, ctx: Context) -> View:
        kinds = kinds_for(ctx.employee)
        fixed = [kind for kind in kinds if is_compulsory(ctx.employee, kind)]
        free = [kind for kind in kinds if kind not in fixed]
        text = lines(
            b(_("🔔 Notices")),
            _("Ticked ones reach you.") if free else None,
            _("These always do, they belong to the work:") if fixed else None,
            *(f"🔒 {kind.label}" for kind in fixed),
            None if kinds else _("No notices belong to your access."),
        )
        rows = [
            [tick(kind.label, "mark", kind.value, on=wants(ctx.employee, kind))] for kind in free
        ]
        return View(text, rows)

    def do_mark(self, ctx: Context, value: str) -> Answer:
        kind, _sign, on = value.rpartition("=")
        outcome = mute_notices(
            employee_id=ctx.employee.pk,
            kinds=[NoticeKind(kind)],
            muted=on != "1",
            actor=ctx.actor,
            command=ctx.command,
        )
        ctx.sign_in(outcome.object)
        return Stay()


def _native(code: str) -> str:
    return str(translation.get_language_info(code)["name_local"]).capitalize()


menu_item(gettext_lazy("⚙ Settings"), Settings.id, place=90, more=True)
