"""The work group in the office: seen by all who see the staff, ended by a manager."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from staff import selectors, services
from staff.models import WorkGroup
from tests.cast import Cast
from tests.office.forms import press

GROUP = -1001


@pytest.fixture
def linked(cast: Cast) -> WorkGroup:
    services.link_work_group(chat_id=GROUP, title="Мастерская", actor=cast.actor("igor"))
    return WorkGroup.objects.get()


def test_a_manager_ends_it(manager: Client, linked: WorkGroup) -> None:
    page = reverse("admin:staff_workgroup_change", args=[linked.pk])
    assert "Мастерская" in manager.get(page).content.decode()
    assert "Мастерская" in manager.get(reverse("admin:staff_workgroup_changelist")).content.decode()
    unlink = reverse("admin:staff_workgroup_verb", args=[linked.pk, "unlink"])
    press(manager, unlink)
    assert selectors.work_group_chat() is None
    after = manager.get(page).content.decode()
    assert "группа не подключена" in after
    assert "Рабочая группа отключена: Мастерская" in after  # its history, with who did it


def test_an_owner_only_looks(owner: Client, linked: WorkGroup) -> None:
    page = reverse("admin:staff_workgroup_change", args=[linked.pk])
    text = owner.get(page).content.decode()
    assert "Мастерская" in text
    assert "/do/unlink/" not in text
    answer = owner.post(reverse("admin:staff_workgroup_verb", args=[linked.pk, "unlink"]), {})
    assert answer.status_code in {403, 302}
    assert selectors.work_group_chat() == GROUP
