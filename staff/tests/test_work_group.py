"""The work group is a setting of the business: who may link it, and what its events say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from staff import selectors, services
from staff.models import WorkGroup
from staff.tests.conftest import AT, Cast, Refused, acting
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import NotAllowed

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]
STREAM = "settings:work_group"
GROUP = -1001


def _link(actor: Actor, chat_id: int = GROUP, title: str = "Мастерская") -> Any:
    return services.link_work_group(chat_id=chat_id, title=title, actor=actor, at=AT)


def test_linked_by_an_inspector_and_replaced(igor: Actor, news: News) -> None:
    assert selectors.work_group_chat() is None
    group = _link(igor, title="  Мастерская\n№1 ").object
    assert (group.chat_id, group.title, group.linked_at) == (GROUP, "Мастерская №1", AT)
    again = _link(igor)
    assert again.already.who == "Igor"
    _link(igor, -1002, "Новая")
    assert selectors.work_group_chat() == -1002
    assert WorkGroup.objects.count() == 1
    linked = "settings.work_group_linked"
    assert news() == [
        (STREAM, linked, {"chat_id": GROUP, "old_title": "", "title": "Мастерская №1"}),
        (STREAM, linked, {"chat_id": -1002, "old_title": "Мастерская №1", "title": "Новая"}),
    ]


@pytest.mark.parametrize("who", ["maxim", "pavel", "boris"])
def test_others_may_not(cast: Cast, igor: Actor, refused: Refused, who: str) -> None:
    _link(igor)
    actor = acting(getattr(cast, who))
    with refused(NotAllowed, "access.not_allowed"):
        _link(actor, -1002)
    with refused(NotAllowed, "access.not_allowed"):
        services.unlink_work_group(chat_id=GROUP, actor=actor, at=AT)
    with refused(NotAllowed, "access.not_allowed"):
        services.move_work_group(old_chat_id=GROUP, new_chat_id=-5, actor=actor, at=AT)


def test_unlinked_once_and_never_another_group(igor: Actor, news: News) -> None:
    _link(igor)
    news()
    services.unlink_work_group(chat_id=-77, actor=igor, at=AT)
    assert selectors.work_group_chat() == GROUP
    services.unlink_work_group(chat_id=GROUP, removed=True, actor=system_actor("bot"), at=AT)
    services.unlink_work_group(chat_id=GROUP, actor=igor, at=AT)
    assert selectors.work_group_chat() is None
    payload = {"chat_id": GROUP, "title": "Мастерская", "cause": "removed"}
    assert news() == [(STREAM, "settings.work_group_unlinked", payload)]


def test_it_is_followed_to_its_new_number(igor: Actor, news: News) -> None:
    _link(igor)
    news()
    for old in (-77, GROUP, GROUP):
        services.move_work_group(
            old_chat_id=old, new_chat_id=-100500, actor=system_actor("bot"), at=AT
        )
    assert selectors.work_group_chat() == -100500
    payload = {"title": "Мастерская", "old": GROUP, "new": -100500}
    assert news() == [(STREAM, "settings.work_group_moved", payload)]
