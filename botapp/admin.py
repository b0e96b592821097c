"""The bot's queues in the office, to look at when one is stuck. What people wrote stays out."""

from django.contrib import admin

from botapp.models import Dialog, InboundChat, InboundUpdate, OutgoingMessage, PersonReach
from workshop.lib.admin import TechnicalAdmin


@admin.register(InboundUpdate)
class InboundUpdateAdmin(TechnicalAdmin):
    exclude = ("raw",)
    list_display = ("update_id", "chat_id", "received_at", "state", "attempts", "done_at", "error")
    list_filter = ("state",)
    ordering = ("-id",)


@admin.register(InboundChat)
class InboundChatAdmin(TechnicalAdmin):
    exclude = ("token",)
    list_display = ("chat_id", "owner", "lease_until")


admin.site.register((Dialog, OutgoingMessage, PersonReach), TechnicalAdmin)
