"""A deadline typed naturally; the resolved moment is shown before it is saved.

The page asks for the resolution while the person types (``office.js``) and sends it along,
signed. What was shown is what is saved: "tomorrow" is not read a second time after midnight.
Without the script the first press shows the moment and the second one saves it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.conf import settings
from django.core import signing
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from receipts.deadline_input import describe_deadline, parse_deadline, quick_choices
from receipts.services.calendars import current_calendar
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

SALT: Final = "office.deadline"


def told(moment: datetime) -> str:
    """``пт 25.12.2026 18:00`` in the language of the reader."""
    return describe_deadline(moment, clock.zone(), get_language() or settings.LANGUAGE_CODE)


def token(text: str, moment: datetime) -> str:
    """The signed pair of what was typed and what it was said to mean."""
    return signing.dumps([text, clock.iso(moment)], salt=SALT)


def read(text: str) -> datetime:
    """What the text means now. Raises RuleViolation ``receipts.deadline_*``."""
    return parse_deadline(
        text,
        now=clock.now(),
        default_time=settings.WORKSHOP_DEADLINE_TIME,
        zone=clock.zone(),
    ).at


def confirmed(text: str, signed: str) -> datetime | None:
    """The moment that was shown for exactly this text."""
    try:
        shown_text, moment = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return None
    return clock.from_iso(moment) if shown_text == text else None


def buttons() -> list[dict[str, str]]:
    """The quick choices, each with the text and the token it fills in."""
    offered = quick_choices(
        clock.now(),
        settings.WORKSHOP_DEADLINE_TIME,
        clock.zone(),
        current_calendar(),
        max(1, settings.WORKSHOP_DEADLINE_DEFAULT_DAYS),
    )
    found = []
    for offer in offered:
        text = clock.show(offer.at)
        found.append(
            {
                "label": str(offer.label),
                "text": text,
                "told": told(offer.at),
                "token": token(text, offer.at),
            }
        )
    return found


class DeadlineWidget(forms.TextInput):
    """The text, a line for what it means, and the quick buttons."""

    template_name = "office/widgets/deadline.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        try:
            context["buttons"] = buttons()
        except RuleViolation:  # a calendar without working time offers no days
            context["buttons"] = []
        context["preview_url"] = reverse_lazy("admin:receipts_deadline_preview")
        return context

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        # The site's templates; the renderer of forms looks only into the apps' own folders.
        return render_to_string(template_name, context)


def deadline_field(**kwargs: Any) -> forms.CharField:
    """The text of a deadline."""
    kwargs.setdefault("label", _("Deadline"))
    return forms.CharField(required=False, max_length=200, widget=DeadlineWidget, **kwargs)


class WithDeadline(forms.Form):
    """Part of a form: ``deadline`` becomes an aware moment in ``cleaned_data["deadline_at"]``."""

    deadline = deadline_field()
    deadline_token = forms.CharField(required=False, widget=forms.HiddenInput, max_length=1000)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        text = data.get("deadline") or ""
        data["deadline_at"] = self._resolved(text, data.get("deadline_token") or "")
        return data

    def _resolved(self, text: str, signed: str) -> datetime | None:
        if not text:
            return None
        moment = confirmed(text, signed)
        if moment is not None:
            return moment
        try:
            moment = read(text)
        except RuleViolation as error:
            self.add_error("deadline", error.text())
            return None
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("deadline_token")] = token(text, moment)
        self.data = data
        self.add_error(
            "deadline",
            _("This means: %(moment)s. If it is right, press the button again.")
            % {"moment": told(moment)},
        )
        return None
