"""The groups of the office and their permissions."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

OURS = {"history", "staff", "receipts", "polishing", "analytics", "integrations", "botapp"}


def _granted(group: str) -> set[tuple[str, str]]:
    rows = Group.objects.get(name=group).permissions.all()
    return {(row.content_type.app_label, row.codename.split("_")[0]) for row in rows}


def _ours() -> set[str]:
    """Our installed apps that have models."""
    labels = {config.label for config in apps.get_app_configs() if list(config.get_models())}
    return labels & OURS


@pytest.mark.django_db
def test_managers_see_and_change_all_of_ours() -> None:
    assert _granted("Office manager") == {
        (label, action)
        for label in _ours()
        for action in (("view",) if label == "history" else ("view", "add", "change"))
    }


@pytest.mark.django_db
def test_owners_only_look() -> None:
    assert _granted("Owner (read-only)") == {(label, "view") for label in _ours()}


@pytest.mark.django_db
def test_administrators_look_after_accounts_too() -> None:
    extra = _granted("Administrator") - _granted("Office manager")
    assert extra == {
        *(("auth", action) for action in ("view", "add", "change")),
        ("axes", "view"),
        ("django_celery_beat", "view"),
        ("admin", "view"),
    }


@pytest.mark.django_db
def test_nobody_deletes() -> None:
    assert not Permission.objects.filter(
        group__isnull=False, codename__startswith="delete"
    ).exists()


@pytest.mark.django_db
def test_another_migrate_changes_nothing() -> None:
    def rows() -> list[tuple[int, int]]:
        return sorted(Group.permissions.through.objects.values_list("group_id", "permission_id"))

    before = rows()
    call_command("migrate", verbosity=0)
    assert rows() == before
