"""The few pages that belong to no app: health probes and the way to the demonstration chat."""

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = structlog.get_logger(__name__)


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """The site can work; names what is wrong and nothing about its inside."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("the database does not answer", exc_info=True)
        return JsonResponse({"status": "failed", "checks": {"database": "failed"}}, status=503)
    return JsonResponse({"status": "ok", "checks": {"database": "ok"}})


@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """Browsers ask for /favicon.ico by themselves; the picture is a static file."""
    return HttpResponseRedirect(static("workshop/mark.svg"))


@require_safe
def demo_telegram(_request: HttpRequest) -> HttpResponse:
    """The simulator's chat page; it exists in a demonstration only."""
    if not settings.SIMULATOR_URL:
        raise Http404
    return HttpResponseRedirect(f"{settings.SIMULATOR_URL}/")
