"""What is generated in the documentation says what the models and the locks say."""

from __future__ import annotations

import re

from django.apps import apps

from tests.architecture.source import APPS
from tests.docs import er, licences


def test_the_diagrams_show_the_tables_of_today() -> None:
    text = er.PAGE.read_text(encoding="utf-8")
    assert er.page(text) == text, "the models have changed; run: make er"


def test_every_table_and_every_foreign_key_is_drawn() -> None:
    drawn = er.PAGE.read_text(encoding="utf-8")
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if model._meta.proxy:
                continue
            assert f"\n  {model.__name__} {{\n" in drawn
            for field in model._meta.concrete_fields:
                if field.remote_field is not None:
                    there = field.related_model.__name__
                    line = rf"  {model.__name__} (?:}}o|\|o)--(?:\|\||o\|) {there} : {field.name}\n"
                    assert re.search(line, drawn), line


def test_the_licences_are_those_of_the_lock() -> None:
    text = licences.PAGE.read_text(encoding="utf-8")
    assert licences.page(text) == text, "the dependencies have changed; run: make licences"


def test_every_direct_dependency_is_in_the_table() -> None:
    asked = (licences.pages.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("==")[0].split("[")[0].lower() for line in asked if "==" in line]
    listed = licences.PAGE.read_text(encoding="utf-8")
    assert len(names) > 20
    assert [name for name in names if f"| {name} |" not in listed.lower()] == []
