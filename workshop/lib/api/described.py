"""The description of the API and its two pages: open to the world, counted like other requests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.request import Request

from workshop.lib.api.views import ApiView

# They have no form in which to answer OPTIONS.
READ = ["get", "head"]


class Description(ApiView, SpectacularAPIView):
    http_method_names = READ

    def _get_version_parameter(self, request: Request) -> Any:
        """There is one version; what a stranger writes does not enter a header of the answer."""
        return None


class SwaggerPage(SpectacularSwaggerSplitView):
    http_method_names = READ


class RedocPage(SpectacularRedocView):
    http_method_names = READ
