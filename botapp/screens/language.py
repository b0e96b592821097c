"""A person's own settings: the language he is spoken to in."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import Answer, Button, Context, Done, Screen, View, menu_item
from staff.services import set_language


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
        set_language(employee_id=employee_id, language=value, actor=ctx.actor, command=ctx.command)
        translation.activate(value)  # the rest of this step is drawn in it; the step restores
        return Done(_("The language is saved."))


def _native(code: str) -> str:
    return str(translation.get_language_info(code)["name_local"]).capitalize()


menu_item(gettext_lazy("🌐 Language"), Language.id, place=90, more=True)
