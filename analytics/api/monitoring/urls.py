"""Addresses of monitoring, below /api/v1/monitoring/."""

from __future__ import annotations

from django.urls import path

from analytics.api.monitoring import alerts, views

QUESTIONS = {
    "bootstrap": views.Bootstrap,
    "dashboard": views.Dashboard,
    "history": views.History,
    "layout": views.Layout,
    "metrics": views.Metrics,
    "risk-focus": views.RiskNow,
    "snapshot": views.Latest,
    "status": views.StatusNow,
    "timeseries": views.TimeSeries,
}

urlpatterns = [
    *[
        path(f"{name}/", view.as_view(), name=f"monitoring-{name}")
        for name, view in QUESTIONS.items()
    ],
    path("snapshot/capture/", views.Capture.as_view(), name="monitoring-capture"),
    path("alerts/", alerts.AlertList.as_view(), name="alerts"),
    path("alerts/<int:pk>/", alerts.AlertRow.as_view(), name="alerts-row"),
    *[
        path(f"alerts/<int:pk>/{name}/", verb.as_view(), name=f"alert-{name}")
        for name, verb in alerts.VERBS.items()
    ],
    path("alert-rules/", alerts.RuleList.as_view(), name="alert-rules"),
    path("alert-rules/seed/", alerts.SeedRules.as_view(), name="alert-rules-seed"),
    path("alert-rules/<int:pk>/", alerts.RuleRow.as_view(), name="alert-rules-row"),
    *[
        path(f"alert-rules/<int:pk>/{name}/", verb.as_view(), name=f"alert-rule-{name}")
        for name, verb in alerts.RULE_VERBS.items()
    ],
    path("alert-rules/<int:pk>/test/", views.TryRule.as_view(), name="alert-rule-test"),
]
