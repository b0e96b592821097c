"""Addresses of people and periodic jobs, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from staff.api import jobs, verbs
from staff.api.views import EMPLOYEES

urlpatterns = [
    *EMPLOYEES.paths(add=verbs.AddEmployee),
    *[
        path(f"employees/<int:pk>/{name}/", verb.as_view(), name=f"employee-{name}")
        for name, verb in verbs.VERBS.items()
    ],
    *jobs.JOBS.paths(),
    *jobs.RUNS.paths(),
    path("jobs/<int:pk>/run/", jobs.RunNow.as_view(), name="job-run"),
    path("jobs/<int:pk>/switch/", jobs.Switch.as_view(), name="job-switch"),
]
