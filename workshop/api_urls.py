"""The API's addresses: each app brings its own."""

from django.urls import include, path

app_name = "api"
urlpatterns = [
    path("", include("integrations.api.urls")),
    path("", include("receipts.api.urls")),
    path("", include("polishing.api.urls")),
    path("", include("analytics.api.urls")),
    path("", include("staff.api.urls")),
    path("", include("history.api.urls")),
    path("", include("botapp.api.urls")),
]
