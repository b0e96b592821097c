"""Addresses of the pages of monitoring, below /admin/analytics/monitoring/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from analytics.admin.monitoring import pages

urlpatterns = [
    path("state/", admin.site.admin_view(pages.overview_page), name="monitoring"),
    path("capture/", admin.site.admin_view(pages.capture_page), name="monitoring-capture"),
    path("programs/", admin.site.admin_view(pages.programs_page), name="monitoring-programs"),
    path("risks/", admin.site.admin_view(pages.risks_page), name="monitoring-risks"),
    path("series/<str:code>/", admin.site.admin_view(pages.series_page), name="monitoring-series"),
]
