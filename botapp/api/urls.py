"""Addresses of notices, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from botapp.api import views

urlpatterns = [
    *views.NOTIFICATIONS.paths(),
    path("notifications/<int:pk>/retry/", views.Retry.as_view(), name="notification-retry"),
]
