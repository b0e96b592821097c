"""What people sent, to look at when it is stuck. What they wrote stays out."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from botapp.models import Dialog, GroupCard, InboundChat, InboundUpdate
from staff.models import Employee
from workshop.lib.admin import TechnicalAdmin


@admin.register(InboundUpdate)
class InboundUpdateAdmin(TechnicalAdmin):
    """Which inputs wait or failed, of whom and why; the filter by state finds the failed ones."""

    exclude = ("raw",)
    list_display = ("update_id", "who_column", "received_at", "state", "attempts", "done_at",
                    "why_column")  # fmt: skip
    list_filter = ("state",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = Employee.objects.filter(telegram_id=OuterRef("person_id"))
        name = Subquery(people.values("short_name")[:1])
        return super().get_queryset(request).annotate(who=name)

    @admin.display(description=_("who"))
    def who_column(self, row: Any) -> str:
        return str(row.who or row.person_id or row.chat_id)

    @admin.display(description=_("why"))
    def why_column(self, row: InboundUpdate) -> str:
        if not row.error:
            return "–"
        return _("an error of the program: %(name)s") % {"name": row.error}


@admin.register(InboundChat)
class InboundChatAdmin(TechnicalAdmin):
    exclude = ("token",)
    list_display = ("chat_id", "owner", "lease_until")


admin.site.register(Dialog, TechnicalAdmin)


@admin.register(GroupCard)
class GroupCardAdmin(TechnicalAdmin):
    list_display = ("assignment", "chat_id", "message_id", "closed", "created_at")
    list_select_related = ("assignment",)
    exclude = ("token",)
