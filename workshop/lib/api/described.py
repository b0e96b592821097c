"""The description of the API and its two pages: open to the world, counted like other requests."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, override
from drf_spectacular.utils import extend_schema
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
    """What it says depends on the release and the language alone, and making it takes seconds:
    each process makes it once for each of its spellings.
    """

    http_method_names = READ

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        # There is one version; what a stranger writes does not enter a header of the answer.
        name = self._get_filename(request, version=None)
        return HttpResponse(
            _described(_language(request.query_params.get("lang", "")), renderer.media_type),
            content_type=f"{renderer.media_type}; charset=utf-8",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


def _language(asked: str) -> str:
    """One of ours, whatever a stranger asks for: what is made for a language is kept."""
    known = dict(settings.LANGUAGES)
    if asked in known:
        return asked
    present = get_language() or ""
    return present if present in known else settings.LANGUAGE_CODE


@cache
def _described(language: str, media_type: str) -> Any:
    renderers = {one.media_type: one for one in Description.renderer_classes}
    return renderers[media_type]().render(_generated(language), media_type, {})


@cache
def _generated(language: str) -> Any:
    """Of all addresses, as anybody may see it: no request has a part in it."""
    with override(language):
        return Description.generator_class().get_schema(request=None, public=True)


class SwaggerPage(SpectacularSwaggerSplitView):
    http_method_names = READ


class RedocPage(SpectacularRedocView):
    http_method_names = READ
