"""Addresses of the pages of numbers, below /admin/analytics/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from analytics.admin import files, lists, pages, person, receipt_lists, receipt_pages

urlpatterns = [
    path("", include("analytics.admin.loads.urls")),
    path("monitoring/", include("analytics.admin.monitoring.urls")),
    path("quality/", admin.site.admin_view(pages.quality_page), name="numbers-quality"),
    path("returns/", admin.site.admin_view(pages.returns_page), name="numbers-returns"),
    path("output/", admin.site.admin_view(pages.output_page), name="numbers-output"),
    path(
        "lead-time/",
        admin.site.admin_view(receipt_pages.lead_time_page),
        name="numbers-lead-time",
    ),
    path(
        "deadlines/",
        admin.site.admin_view(receipt_pages.deadlines_page),
        name="numbers-deadlines",
    ),
    path(
        "first-pass/",
        admin.site.admin_view(receipt_pages.first_pass_page),
        name="numbers-first-pass",
    ),
    path("flow/", admin.site.admin_view(receipt_pages.flow_page), name="numbers-flow"),
    path(
        "receipts/",
        admin.site.admin_view(receipt_lists.receipts_page),
        name="numbers-receipts",
    ),
    path(
        "<slug:page>/file/<slug:form>/",
        admin.site.admin_view(files.file_page),
        name="numbers-file",
    ),
    path(
        "people/<int:employee_id>/",
        admin.site.admin_view(person.person_page),
        name="numbers-person",
    ),
    path("works/", admin.site.admin_view(lists.works_page), name="numbers-works"),
    path("items/", admin.site.admin_view(lists.items_page), name="numbers-items"),
]
