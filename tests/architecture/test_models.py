"""What the models themselves must keep: nothing is deleted, nothing takes another row along."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models.deletion import PROTECT, RESTRICT

from tests.architecture.source import APPS

# Rows without a history of their own, cleaned up by the jobs that made them.
TECHNICAL_APPS = {"botapp"}


def ours() -> list[type[models.Model]]:
    return [model for label in APPS for model in apps.get_app_config(label).get_models()]


def unprotected(model: type[models.Model]) -> list[str]:
    """Foreign keys between the product's own rows that would delete or empty them silently."""
    findings = []
    for field in model._meta.get_fields():
        if not isinstance(field, models.ForeignKey) or field.auto_created:
            continue
        target = field.related_model._meta.app_label
        if target in APPS and field.remote_field.on_delete not in {PROTECT, RESTRICT}:
            findings.append(f"{model._meta.label}.{field.name} is not PROTECT")
    return findings


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_a_row_that_is_used_cannot_vanish(model: type[models.Model]) -> None:
    if model._meta.app_label in TECHNICAL_APPS or model._meta.auto_created:
        pytest.skip("technical rows are cleaned up")
    assert unprotected(model) == []


def test_the_check_sees_a_cascade() -> None:
    class Sample(models.Model):  # noqa: DJ008
        event = models.ForeignKey("history.Event", on_delete=models.CASCADE)

        class Meta:
            app_label = "architecture_sample"

    try:
        assert unprotected(Sample) == ["architecture_sample.Sample.event is not PROTECT"]
    finally:
        _forget(Sample)


def _forget(model: type[models.Model]) -> None:
    apps.all_models[model._meta.app_label].pop(model._meta.model_name)
    apps.clear_cache()


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_a_money_or_measure_field_is_never_a_float(model: type[models.Model]) -> None:
    floats = [f.name for f in model._meta.get_fields() if isinstance(f, models.FloatField)]
    assert floats == []


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_constraints_and_indexes_have_names_of_their_own(model: type[models.Model]) -> None:
    nameless: list[Any] = [c for c in model._meta.constraints if not c.name]
    assert nameless == []
    assert not model._meta.unique_together


def test_the_office_offers_no_deletion() -> None:
    """An admin page of ours that allows deletion is a way around the history."""
    from django.contrib import admin
    from django.contrib.auth import get_user_model
    from django.test import RequestFactory

    request = RequestFactory().get("/admin/")
    request.user = get_user_model()(is_superuser=True, is_active=True, is_staff=True)
    offering = [
        model._meta.label
        for model, page in admin.site._registry.items()
        if model._meta.app_label in APPS and page.has_delete_permission(request)
    ]
    assert offering == []
