"""Addresses of the pages of numbers, below /admin/analytics/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from analytics.admin import lists, pages

urlpatterns = [
    path("quality/", admin.site.admin_view(pages.quality_page), name="numbers-quality"),
    path("returns/", admin.site.admin_view(pages.returns_page), name="numbers-returns"),
    path("output/", admin.site.admin_view(pages.output_page), name="numbers-output"),
    path("works/", admin.site.admin_view(lists.works_page), name="numbers-works"),
    path("items/", admin.site.admin_view(lists.items_page), name="numbers-items"),
]
