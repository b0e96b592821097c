"""The API's own addresses, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from integrations.api import views

urlpatterns = [
    path("auth/register/", views.Register.as_view(), name="register"),
    path("auth/register", views.RegisterWithoutSlash.as_view()),
    path("me/", views.Myself.as_view(), name="me"),
]
