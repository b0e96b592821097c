"""What was told and what people answered: rows that only the program writes."""

from __future__ import annotations

from django.contrib import admin

from receipts.models import Overstay, ReminderAnswer, Subscription
from workshop.lib.admin import TechnicalAdmin


@admin.register(ReminderAnswer)
class ReminderAnswerAdmin(TechnicalAdmin):
    list_display = ("employee", "receipt", "kind", "answered_at", "until", "told_at")
    list_select_related = ("employee", "receipt")


@admin.register(Overstay)
class OverstayAdmin(TechnicalAdmin):
    list_display = ("receipt", "limit", "since", "told_at")
    list_select_related = ("receipt",)


@admin.register(Subscription)
class SubscriptionAdmin(TechnicalAdmin):
    """A customer's account is personal: the list shows that there is one, not which."""

    list_display = ("receipt", "language", "created_at", "ended_at")
    list_select_related = ("receipt",)
    exclude = ("telegram_id",)
