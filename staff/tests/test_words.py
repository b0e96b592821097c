"""Each event of the staff tells itself in words, in both languages."""

from __future__ import annotations

import pytest
from django.utils import translation

from history.registry import Payload, kinds
from staff import events

EXAMPLES: list[tuple[Payload, str]] = [
    (events.EmployeeAdded("Olga", ["master"]), "Employee added: Olga (Master)"),
    (events.EmployeeAdded("Olga", []), "Employee added: Olga (–)"),
    (events.EmployeeRenamed("A", "B", "A", "B"), "Name: A → B"),
    (events.EmployeeRenamed("A", "A", "a", "b"), "Short name: a → b"),
    (
        events.RolesChanged("Olga", ["master"], ["inspector", "manager"]),
        "Access of Olga: Master → Inspector (QC), Office manager",
    ),
    (events.SkillsChanged("Olga", [], ["Сборка"]), "Skills of Olga: – → Сборка"),
    (events.ActivityChanged("Olga", True), "Activated: Olga"),
    (events.ActivityChanged("Olga", False), "Deactivated: Olga"),
    (
        events.AbsenceChanged("Olga", "2026-11-20", "2026-11-27", None, None),
        "Absence of Olga: present → 20.11.2026–27.11.2026",
    ),
    (events.TelegramBound("Olga", None, 7), "Telegram account bound: Olga"),
    (events.TelegramBound("Olga", 7, None), "Telegram account unbound: Olga"),
    (events.EmployeeSettingsChanged("language", "ru", "en"), "Language: ru → en"),
    (events.EmployeeSettingsChanged("telegram_username", "", "o"), "Telegram username: – → o"),
    (events.Invited(1, "Olga"), "Invite link issued: Olga"),
    (events.AccessRefused(77, 4), "Access refused: Telegram id 77, times: 4"),
    (
        events.UserChanged(1, "vera", {"groups": ["", "Office manager"], "active": ["yes", "no"]}),
        "Office account vera: Groups: – → Office manager; Active: yes → no",
    ),
    (
        events.UserChanged(1, "vera", {"password": ["", "changed"]}),
        "Office account vera: Password: – → changed",
    ),
    (events.SignedIn("vera"), "Signed in: vera"),
    (events.SignInRefused("vera", 2), "Sign-in refused: vera, times: 2"),
    (events.SignInRefused("", 2), "Sign-in refused: unknown name, times: 2"),
]


@pytest.mark.parametrize(("payload", "words"), EXAMPLES)
def test_words(payload: Payload, words: str) -> None:
    with translation.override("en"):
        assert payload.words() == words
    assert type(payload).from_json(payload.as_json()) == payload


def test_every_kind_has_an_example() -> None:
    told = {type(payload) for payload, _ in EXAMPLES}
    ours = {cls for cls in kinds().values() if cls.__module__ == events.__name__}
    assert told == ours
