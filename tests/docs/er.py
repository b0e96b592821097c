"""`make er`: writes the diagrams of docs/er.md from the models, one for each module of models.

A box has the columns of the table; a line is a foreign key, named after its field. Tables of
another module are boxes without columns. `}o--||` many to one, `}o--o|` the one may be missing,
`|o--||` one to one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
from django.apps import apps
from django.db import models

from tests.architecture.source import APPS
from tests.docs import pages

PAGE = pages.ROOT / "docs" / "er.md"


def tables(app: str) -> list[type[models.Model]]:
    """The app's tables, those of many-to-many fields among them, by name."""
    own = apps.get_app_config(app).get_models(include_auto_created=True)
    return sorted(
        (model for model in own if model._meta.managed and not model._meta.proxy),
        key=lambda model: model.__name__,
    )


def diagrams(app: str) -> str:
    """The app's diagrams: a module of models is as much as one can look at."""
    modules: dict[str, list[type[models.Model]]] = {}
    for model in tables(app):
        # The table of a many-to-many field belongs to the module of its field.
        created = model._meta.auto_created
        owner = created if isinstance(created, type) else model
        modules.setdefault(owner.__module__, []).append(model)
    parts = [(name, diagram(modules[name])) for name in sorted(modules)]
    if len(parts) == 1:
        return parts[0][1]
    return "\n\n".join(f"### {name}\n{drawn}" for name, drawn in parts)


def diagram(shown: list[type[models.Model]]) -> str:
    lines = ["```mermaid", "erDiagram"]
    for model in shown:
        lines.append(f"  {model.__name__} {{")
        lines += [f"    {column}" for column in _columns(model)]
        lines.append("  }")
    for model in shown:
        lines += [f"  {line}" for line in _lines(model)]
    return "\n".join([*lines, "```"])


def _columns(model: type[models.Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        kind = field.get_internal_type().removesuffix("Field").lower()
        if field.remote_field is not None:
            kind = "reference"
        keys = [
            sign
            for sign, holds in (
                ("PK", field.primary_key),
                ("FK", field.remote_field is not None),
                ("UK", field.unique and not field.primary_key),
            )
            if holds
        ]
        yield " ".join([kind, str(field.column), ", ".join(keys)]).rstrip()


def _lines(model: type[models.Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if field.remote_field is None:
            continue
        many = "|o" if field.unique else "}o"
        one = "o|" if field.null else "||"
        there = field.related_model
        assert isinstance(there, type)
        yield f"{model.__name__} {many}--{one} {there.__name__} : {field.name}"


def page(present: str) -> str:
    """The page with the diagrams of the present models."""
    for app in APPS:
        present = pages.with_block(present, app, diagrams(app))
    return present


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workshop.settings.test")
    django.setup()
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
