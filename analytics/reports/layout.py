"""How a document of numbers begins: the workshop, the period, and what is to be known about it."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from analytics.reports.question import Question
from workshop.lib import clock
from workshop.lib.documents import Document, Facts, Table
from workshop.lib.drawing import Drawing

Part = Facts | Table | Drawing


def document(title: str, asked: Question, *parts: Part | None) -> Document:
    """On each page the workshop and the period; parts that are None are left out."""
    kept = [part for part in parts if part is not None]
    return Document(title, asked.subtitle, kept, asked.notes, asked.head(title))


def present(title: str, asked: Question, *parts: Part | None) -> Document:
    """Of the present moment: it has no period, and nothing of it is partial."""
    kept = [part for part in parts if part is not None]
    when = _("as of %(when)s") % {"when": clock.show(asked.at)}
    told = " · ".join(filter(None, [when, asked.narrowed]))
    return Document(title, told, kept, (), " · ".join([settings.WORKSHOP_NAME, title, told]))
