"""Addresses of the pages of the present and of the lists behind their numbers."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from analytics.admin.home import page
from analytics.admin.loads import answering, lists, pages

urlpatterns = [
    path("burning/", admin.site.admin_view(page.burning_page), name="numbers-burning"),
    path("workshop/", admin.site.admin_view(pages.now_page), name="numbers-workshop"),
    path("masters/", admin.site.admin_view(pages.masters_page), name="numbers-masters"),
    path("polishing/", admin.site.admin_view(pages.polishing_page), name="numbers-polishing"),
    path(
        "accountability/",
        admin.site.admin_view(answering.accountability_page),
        name="numbers-accountability",
    ),
    path("here/", admin.site.admin_view(lists.here_page), name="numbers-here"),
    path("handed/", admin.site.admin_view(lists.handed_page), name="numbers-handed"),
    path("rounds/", admin.site.admin_view(lists.rounds_page), name="numbers-rounds"),
    path("deeds/", admin.site.admin_view(lists.deeds_page), name="numbers-deeds"),
]
