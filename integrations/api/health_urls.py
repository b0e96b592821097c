"""The address of the detailed health page, below /health/."""

from __future__ import annotations

from django.urls import path

from integrations.api import health

urlpatterns = [path("detail", health.detail, name="health-detail")]
