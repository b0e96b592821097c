"""Addresses of people, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from staff.api import views

urlpatterns = [
    path("employees/", views.Employees.as_view(), name="employees"),
    path("employees/<int:pk>/", views.OneEmployee.as_view(), name="employee"),
]
