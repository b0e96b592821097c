"""The API's own addresses, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from integrations.api import exports, imports, views, webhook_verbs, webhooks

urlpatterns = [
    path("auth/register/", views.Register.as_view(), name="register"),
    path("auth/register", views.RegisterWithoutSlash.as_view()),
    path("exports/", exports.Exports.as_view(), name="exports"),
    path("exports/<int:pk>/", exports.OneExport.as_view(), name="export"),
    path("exports/<int:pk>/cancel/", exports.CancelExport.as_view(), name="export-cancel"),
    path("exports/<int:pk>/file/", exports.ExportFile.as_view(), name="export-file"),
    path("me/", views.Myself.as_view(), name="me"),
    path("imports/", imports.ImportList.as_view(), name="imports"),
    path("imports/<int:pk>/", imports.ImportRow.as_view(), name="imports-row"),
    *[
        path(f"imports/<int:pk>/{name}/", verb.as_view(), name=f"import-{name}")
        for name, verb in imports.VERBS.items()
    ],
    path("imports/<int:pk>/result/", imports.ImportResult.as_view(), name="import-result"),
    path(
        "imports/templates/<slug:subject>/",
        imports.ImportTemplate.as_view(),
        name="import-template",
    ),
    path("webhooks/", webhook_verbs.WebhookList.as_view(), name="webhooks"),
    path("webhooks/kinds/", webhooks.Kinds.as_view(), name="webhook-kinds"),
    path("webhooks/<int:pk>/", webhooks.WebhookRow.as_view(), name="webhooks-row"),
    *[
        path(f"webhooks/<int:pk>/{name}/", verb.as_view(), name=f"webhook-{name}")
        for name, verb in webhook_verbs.VERBS.items()
    ],
    path("webhooks/deliveries/", webhooks.DeliveryList.as_view(), name="webhook-deliveries"),
    path(
        "webhooks/deliveries/<int:pk>/",
        webhooks.DeliveryRow.as_view(),
        name="webhook-deliveries-row",
    ),
    *[
        path(
            f"webhooks/deliveries/<int:pk>/{name}/",
            verb.as_view(),
            name=f"webhook-delivery-{name}",
        )
        for name, verb in webhook_verbs.DELIVERY_VERBS.items()
    ],
]
