"""The menu: two columns, what the person's roles allow, with counters.

Each flow announces its own button with ``menu_item``; ``place`` gives the order of spec 2.2:
10 quality control, 20 hand to a master, 30 polishing, 40 record work, 50 new receipt,
60 hand to the customer, 70 urgent, 80 find, 90 my queue. With ``more=True`` it stands behind
«More»: 10 staff, 20 analytics, 30 my table, 90 settings.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import Answer, Button, Context, Go, Screen, View, b, grid, lines, menu_item
from botapp.dialogs.registry import MenuItem, menu_items
from workshop.lib.errors import NotFound

MORE_PLACE = 1000


def _visible(ctx: Context, *, more: bool) -> list[MenuItem]:
    return [item for item in menu_items(more=more) if not item.roles or ctx.has(*item.roles)]


def _button(ctx: Context, item: MenuItem) -> Button:
    count = item.counter(ctx) if item.counter else 0
    return Button(f"{item.label} ({count})" if count else item.label, "open", item.place)


class Menu(Screen):
    """Where everything begins."""

    id = "menu"
    parkable = False
    more = False

    def title(self, ctx: Context) -> str:
        return ctx.employee.short_name

    def view(self, ctx: Context) -> View:
        items = _visible(ctx, more=self.more)
        if not self.more and not _visible(ctx, more=True):
            items = [item for item in items if item.screen != More.id]
        return View(
            lines(b(self.title(ctx)), _("Choose what to do, or send a receipt number.")),
            grid([_button(ctx, item) for item in items]),
        )

    def do_open(self, ctx: Context, value: str) -> Answer:
        for item in _visible(ctx, more=self.more):
            if str(item.place) == value:
                return Go(item.screen, **dict(item.params))
        raise NotFound("bot.no_such_item", _("This part of the bot is not available."))


class More(Menu):
    """What is needed less often."""

    id = "menu.more"
    more = True

    def title(self, ctx: Context) -> str:
        return _("☰ More")


menu_item(gettext_lazy("☰ More"), More.id, place=MORE_PLACE)
