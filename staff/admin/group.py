"""The work group: which it is, since when, and what ends it. It is linked in Telegram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from staff import roles
from staff.models import WorkGroup
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin
from staff.office.registry import office_verb, page_section
from staff.services import unlink_work_group
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns

GROUP = "staff.WorkGroup"


@office_verb(GROUP)
class Unlink(OfficeVerb):
    slug = "unlink"
    label = _("Unlink the group")
    roles = frozenset({roles.MANAGER, roles.INSPECTOR})
    danger = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.chat_id is not None

    def intro(self) -> list[str]:
        return [_now("It gets no more cards, and the buttons of those it has go.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return unlink_work_group(chat_id=self.target.chat_id or 0, **common)


@admin.register(WorkGroup)
class WorkGroupAdmin(OfficeAdmin):
    page_template = "office/object.html"
    list_display = ("title_column", "linked_column")
    show_full_result_count = False

    @columns(label=_("Work group"))
    def title_column(self, row: WorkGroup) -> str:
        return title(row)

    @columns(label=_("linked at"))
    def linked_column(self, row: WorkGroup) -> str:
        return clock.show(row.linked_at) if row.linked_at else "—"


def title(row: WorkGroup) -> str:
    """What the group is called in Telegram."""
    return row.title or _now("no group is linked")


@page_section(GROUP, "office/object/facts.html", order=10)
def group(target: WorkGroup, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = [
        (_now("Work group"), title(target)),
        (_now("linked at"), clock.show(target.linked_at) if target.linked_at else "—"),
        (_now("How to link"), _now("Add the bot to a group in Telegram and write /link there.")),
    ]
    return {"title": _now("Work group"), "facts": rows}
