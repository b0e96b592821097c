"""Pages of the office: an object with its verbs as buttons, and the form of one verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from history.commands import Outcome
from history.render import line
from staff.actors import user_actor
from staff.office.forms import OfficeVerb, is_id
from staff.office.registry import sections_of, verbs_of
from workshop.lib import clock
from workshop.lib.actor import ADMIN, Actor, Channel
from workshop.lib.admin import KeptAdmin
from workshop.lib.errors import WorkshopError

_ATTRIBUTE = "_office_actor"


def actor_of(request: HttpRequest) -> Actor:
    """Who acts, resolved once per request."""
    known = getattr(request, _ATTRIBUTE, None)
    if known is None:
        known = user_actor(request.user, Channel(ADMIN))  # type: ignore[arg-type]
        setattr(request, _ATTRIBUTE, known)
    return known


def tell(request: HttpRequest, outcome: Outcome[Any]) -> None:
    """What happened, in the words of the history; who did it before; what to mind."""
    if outcome.already is not None:
        text = _("Already done: %(who)s, %(when)s.") % {
            "who": outcome.already.who,
            "when": clock.show(outcome.already.when),
        }
        messages.info(request, text)
    else:
        events = outcome.command.events.order_by("ordinal") if outcome.command else ()
        words = [line(event).words for event in events]
        messages.success(request, " · ".join(words) if words else _("Nothing has changed."))
    for code in outcome.warnings:
        messages.warning(request, warning_text(code))


def warning_text(code: str) -> str:
    """A warning of a service in words."""
    texts = {
        "master.skill_missing": _("This kind of work is not among the master's skills."),
        "employee.skill_missing": _("This kind of work is not among the person's skills."),
        "duty.separation": _("The inspector of this watch also worked on it."),
    }
    return texts.get(code, code)


class OfficeAdmin(KeptAdmin):
    """Lists and read-only pages of a model, with verbs that call services.

    ``add_verb`` makes a new row, ``change_verb`` is the page of a simple row, ``page_template``
    shows a row with sections and buttons.
    """

    add_verb: ClassVar[type[OfficeVerb] | None] = None
    change_verb: ClassVar[type[OfficeVerb] | None] = None
    page_template: ClassVar[str] = ""

    # --- permissions: the theme's add link, the list's editable fields --------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        verb = self.add_verb
        return verb is not None and verb.permitted(None, actor_of(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        verb = self.change_verb
        return verb is not None and verb.permitted(obj, actor_of(request))

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        if not all(is_id(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("a chosen row has no id")  # Django would ask the database for it
        return super().response_action(request, queryset)

    # --- pages ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:object_id>/do/<slug:slug>/",
            self.admin_site.admin_view(self.verb_view),
            name=f"{self._route()}_verb",
        )
        return [own, *super().get_urls()]

    def _route(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def url(self, page: str, *args: Any) -> str:
        """The address of a page of this model: changelist, add, change, verb."""
        return reverse(f"{self.admin_site.name}:{self._route()}_{page}", args=args)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if self.add_verb is None or not self.has_add_permission(request):
            raise PermissionDenied
        return self.verb_page(request, self.add_verb, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        target = self.get_object(request, object_id)
        if target is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, target):
            raise PermissionDenied
        if self.page_template:
            return self.object_page(request, target)
        if self.change_verb is not None and self.change_verb.permitted(target, actor_of(request)):
            return self.verb_page(request, self.change_verb, target)
        return super().change_view(request, object_id, form_url, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The events of the object instead of Django's own log."""
        target = self.get_object(request, object_id)
        if target is None or not self.has_view_permission(request, target):
            raise PermissionDenied
        query = urlencode({"stream": self.stream_of(target)})
        return HttpResponseRedirect(
            f"{reverse(f'{self.admin_site.name}:history_event_changelist')}?{query}"
        )

    def object_page(self, request: HttpRequest, target: Any) -> HttpResponse:
        """The object with its sections and the verbs that are possible now."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied  # facts change by verbs alone
        actor = actor_of(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": target,
            "target": target,
            "title": str(target),
            "actor": actor,
            "sections": self._sections(target, actor, request),
            "buttons": self.buttons(target, actor),
            "row_urls": self.row_urls(target, actor),
            "has_view_permission": True,
            **self.page_context(request, target),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.page_template, context)

    def page_context(self, request: HttpRequest, target: Any) -> Mapping[str, Any]:
        """What the head of the page shows."""
        return {}

    def _sections(self, target: Any, actor: Actor, request: HttpRequest) -> list[dict[str, Any]]:
        found = []
        for section in sections_of(self.opts.label):
            context = section.read(target, actor, request)
            if context is not None:
                found.append({"name": section.name, "template": section.template, **context})
        return found

    def buttons(self, target: Any, actor: Actor) -> dict[str, list[dict[str, Any]]]:
        """Verbs offered now by their place on the page; those beside rows by their slug."""
        found: dict[str, list[dict[str, Any]]] = {}
        for slug, verb in verbs_of(self.opts.label).items():
            if verb.offered(target, actor):
                found.setdefault(verb.shown_in, []).append(
                    {
                        "label": verb.label_for(target),
                        "url": self.url("verb", target.pk, slug),
                        "slug": slug,
                        "danger": verb.danger,
                    }
                )
        return found

    def row_urls(self, target: Any, actor: Actor) -> dict[str, str]:
        """Addresses of the verbs beside rows that are possible now, by slug."""
        return {
            slug: self.url("verb", target.pk, slug)
            for slug, verb in verbs_of(self.opts.label).items()
            if verb.shown_in == "row" and verb.possible(target, actor)
        }

    # --- one verb ---------------------------------------------------------------------------

    def verb_view(self, request: HttpRequest, object_id: int, slug: str) -> HttpResponse:
        """The form of a verb on an object; nothing happens on GET."""
        target = self.get_object(request, str(object_id))
        verb = verbs_of(self.opts.label).get(slug)
        if target is None or verb is None:
            raise Http404
        if not (
            self.has_view_permission(request, target) and verb.permitted(target, actor_of(request))
        ):
            raise PermissionDenied
        return self.verb_page(request, verb, target)

    def verb_page(self, request: HttpRequest, verb: type[OfficeVerb], target: Any) -> HttpResponse:
        """Show the form, or send it and go on."""
        row = request.POST.get("row") or request.GET.get("row") or ""
        row_id = int(row) if is_id(row) else None
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        try:
            initial = {key: value for key, value in request.GET.items() if key != "row"}
            form = verb(
                *sent, actor=actor_of(request), target=target, row_id=row_id, initial=initial
            )
        except WorkshopError as error:  # the row is not there (any more)
            messages.error(request, error.text())
            return HttpResponseRedirect(self._back(target))
        if request.method == "POST":
            outcome = form.submit()
            if outcome is not None:
                tell(request, outcome)
                return self.verb_done(request, form, outcome)
        return self.verb_form(request, form, target)

    def verb_done(
        self, request: HttpRequest, form: OfficeVerb, outcome: Outcome[Any]
    ) -> HttpResponse:
        """Where to go after success."""
        return HttpResponseRedirect(self._back(form.after(outcome)))

    def _back(self, target: Any) -> str:
        if target is None or not isinstance(target, self.model):
            return self.url("changelist")
        return self.url("change", target.pk)

    def verb_form(self, request: HttpRequest, form: OfficeVerb, target: Any) -> HttpResponse:
        """The page with the form."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": target,
            "target": target,
            "title": form.heading(),
            "subtitle": str(target) if target is not None else None,
            "form": form,
            "back": self._back(target),
            "is_page": form.__class__ in (self.add_verb, self.change_verb),
            "history_url": self.url("history", target.pk) if target is not None else "",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, form.template, context)
