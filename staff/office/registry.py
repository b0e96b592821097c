"""The registry of admin page sections: verbs and parts of an object's page, by model label.

Upper apps add theirs to the pages of lower ones (skills to a person, polishing to a receipt).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest

from staff.office.forms import OfficeVerb
from workshop.lib.actor import Actor

V = TypeVar("V", bound=type[OfficeVerb])
Reader = Callable[[Any, Actor, HttpRequest], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Section:
    """A part of an object's page: a template and who reads its context (None = leave it out)."""

    name: str
    template: str
    order: int
    read: Reader


_verbs: dict[str, dict[str, type[OfficeVerb]]] = {}
_sections: dict[str, dict[str, Section]] = {}


def office_verb(model: str) -> Callable[[V], V]:
    """Class decorator: offer the verb on the pages of ``model`` ("receipts.Receipt").

    TypeError for one without a ``call`` of its own, ValueError for a slug that is taken.
    """

    def register(verb: V) -> V:
        known = _verbs.setdefault(model, {})
        if verb.slug in known:
            raise ValueError(f"the verb {verb.slug} of {model} is registered twice")
        if verb.call is OfficeVerb.call:
            raise TypeError(f"the verb {verb.slug} of {model} calls no service")
        known[verb.slug] = verb
        return verb

    return register


def page_section(model: str, template: str, *, order: int) -> Callable[[Reader], Reader]:
    """Decorator: a part of the pages of ``model``; ``order`` says where it stands."""

    def register(read: Reader) -> Reader:
        known = _sections.setdefault(model, {})
        known[read.__name__] = Section(read.__name__, template, order, read)
        return read

    return register


def verbs_of(model: str) -> dict[str, type[OfficeVerb]]:
    """Every verb of the model by its slug, in the order of registration."""
    return dict(_verbs.get(model, {}))


def sections_of(model: str) -> list[Section]:
    """The parts of the model's pages, from the top."""
    return sorted(_sections.get(model, {}).values(), key=lambda section: section.order)
