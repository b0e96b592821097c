"""The few pages that belong to no app: health probes and the way to the demonstration chat."""

import sys
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workshop.lib import health
from workshop.lib.api.envelope import concerns, plain_refusal
from workshop.lib.asked_list import WrongFilter
from workshop.refusals import refused, wrong_filter

AGAIN_AFTER: Final = 5  # seconds


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """The site can work; names what is wrong and nothing about its inside."""
    checks = health.look()
    failed = "failed" in checks.values()
    body = {"status": "failed" if failed else "ok", "checks": checks}
    return JsonResponse(body, status=503 if failed else 200)


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


# --- unknown addresses and bugs: the API answers in its envelope, pages in words


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if concerns(request):
        return plain_refusal(400, "request.unreadable", _("The request cannot be read."))
    if isinstance(exception, WrongFilter):
        return wrong_filter(request, exception)
    told = _("Something in the address or in the form is wrong. Nothing was changed.")
    return refused(request, 400, _("The request cannot be read"), told)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    told = _(
        "Your account may not open this page or do this. Nothing was changed. "
        "If you need it, ask an office manager or an administrator."
    )
    if concerns(request):
        return plain_refusal(403, "access.not_allowed", told)
    return refused(request, 403, _("Not for this account"), told)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form does not prove that it was ours (``CSRF_FAILURE_VIEW``)."""
    told = _(
        "The page was open for too long, somebody signed in meanwhile, or the browser keeps no "
        "cookies. Nothing was changed. Open the page again and send the form once more."
    )
    if concerns(request):
        return plain_refusal(403, "access.not_allowed", told)
    return refused(request, 403, _("This form does not count any more"), told)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if concerns(request):
        return plain_refusal(404, "request.not_found", _("There is no such address."))
    told = _("The address is wrong, or it names something that does not exist.")
    return refused(request, 404, _("There is no such page"), told)


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _without_database(request)
    if concerns(request):
        return plain_refusal(500, "server.error", _("Something went wrong on our side."))
    return defaults.server_error(request)


def _without_database(request: HttpRequest) -> HttpResponse:
    """Not a bug of ours, and over soon: whoever asks again may succeed."""
    told = _("The database does not answer. Try again shortly.")
    if concerns(request):
        answer = plain_refusal(503, "server.unavailable", told)
    else:
        # Rendered without the request: its processors would ask the database who is signed in.
        answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(AGAIN_AFTER)
    return answer
