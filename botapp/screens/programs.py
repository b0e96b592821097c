"""How the workshop's programs are: who is alive, what waits, the state and its causes."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.monitoring import program_words
from analytics.monitoring.alert_people import open_alerts
from analytics.monitoring.status import Cause, State, Status, status
from analytics.system_state import system_state
from botapp.dialogs import Context, Markup, Screen, View, b, fmt, i, lines, menu_item
from botapp.models import OutgoingMessage
from staff import roles
from workshop.lib import clock

KEEPERS: Final = (roles.MANAGER, roles.OWNER, roles.ADMINISTRATOR)
SIGNS: Final = {State.OK: "🟢", State.WARNING: "🟠", State.CRITICAL: "🔴"}
PROGRAM_SIGNS: Final = {"success": "🟢", "danger": "🔴"}
MOST: Final = 10
"""Causes that are told; the office has all."""

WAITING: Final = (OutgoingMessage.WAITING, OutgoingMessage.CLAIMED)


class Programs(Screen):
    """A short look for those who keep the workshop running; drawn anew by the menu."""

    id = "programs"
    roles = KEEPERS
    parkable = False

    def view(self, ctx: Context) -> View:
        found = status(at=ctx.now)
        state = system_state(at=ctx.now)
        waiting = OutgoingMessage.objects.filter(state__in=WAITING).count()
        facts = [
            *((label, text) for label, text, _tone in program_words.facts(state, _open())),
            (_("Notices to be sent"), str(waiting)),
        ]
        return View(
            lines(
                b(_("🩺 State of the workshop")),
                *self._state(found),
                "",
                *(
                    fmt(
                        "%(sign)s %(name)s: %(state)s",
                        sign=PROGRAM_SIGNS.get(one.tone, "⚪"),
                        name=one.label,
                        state=f"{one.state}, {one.ago}" if one.ago else one.state,
                    )
                    for one in program_words.told(state)
                ),
                "",
                *(fmt("%(label)s: %(value)s", label=label, value=b(text)) for label, text in facts),
            )
        )

    def _state(self, found: Status) -> list[Markup]:
        if found.data is None or found.age is None:
            return [fmt("⚪ %(text)s", text=_("Nothing has been measured yet."))]
        when = _("Numbers of %(when)s, %(age)s old") % {
            "when": clock.show(found.data.taken_at),
            "age": program_words.length(found.age),
        }
        told = [fmt("%(sign)s %(state)s", sign=SIGNS[found.state], state=b(found.state.label))]
        told += [fmt("– %(why)s", why=_why(one)) for one in found.causes[:MOST]]
        if len(found.causes) > MOST:
            told.append(fmt(_("and %(count)s more"), count=len(found.causes) - MOST))
        return [*told, i(f"{when} · {_('outdated')}" if found.stale else when)]


def _why(cause: Cause) -> str:
    return f"{cause.words} · {cause.when}" if cause.when else cause.words


def _open() -> int:
    return open_alerts().count()


menu_item(lazy("🩺 State of the workshop"), Programs.id, place=25, roles=KEEPERS, more=True)
