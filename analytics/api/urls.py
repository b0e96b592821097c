"""Addresses of the numbers, below /api/v1/."""

from __future__ import annotations

from django.urls import include, path

from analytics.api import flows, loads, views
from analytics.api.monitoring.urls import urlpatterns as monitoring
from analytics.api.stats import Stats

NUMBERS = {
    "quality": views.QualityNumbers,
    "returns": views.ReturnsNumbers,
    "output": views.OutputNumbers,
    "polishing-load": loads.PolishingNumbers,
    "master-load": loads.MasterNumbers,
    "lead-time": flows.LeadTimeNumbers,
    "flow": flows.FlowNumbers,
    "first-pass-yield": flows.FirstPassNumbers,
}

urlpatterns = [
    *[
        path(f"analytics/{name}/", view.as_view(), name=f"analytics-{name}")
        for name, view in NUMBERS.items()
    ],
    path("stats/", Stats.as_view(), name="stats"),
    path("monitoring/", include(monitoring)),
    # As they stood in the earlier platform: many programs follow no redirect.
    *[path(f"analytics/{name}", view.as_view(schema=None)) for name, view in NUMBERS.items()],
    path("stats", Stats.as_view(schema=None)),
]
