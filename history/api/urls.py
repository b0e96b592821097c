"""Addresses of the history, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from history.api import views

urlpatterns = [
    path("events/", views.Events.as_view(), name="events"),
    path("events/<int:pk>/", views.OneEvent.as_view(), name="event"),
    path("receipts/<int:pk>/events/", views.ReceiptEvents.as_view(), name="receipt-events"),
]
