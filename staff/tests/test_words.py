"""Each event of the staff tells itself in words, in both languages."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from history.registry import Payload, kinds
from staff import events

EXAMPLES: list[tuple[Payload, str]] = [
    (events.EmployeeAdded("Olga", ["master"]), "Employee added: Olga (Master)"),
    (events.EmployeeAdded("Olga", []), "Employee added: Olga (–)"),
    (
        events.EmployeeCarriedOver("Olga", 7, "worker", ["master"], ["Сборка"]),
        "From the earlier platform, please review: Olga (Master; Сборка)",
    ),
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
        "Absent until 27.11.2026: Olga (present → 20.11.2026–27.11.2026)",
    ),
    (
        events.AbsenceChanged("Olga", None, None, "2026-11-20", "2026-11-27"),
        "Present again: Olga (20.11.2026–27.11.2026 → present)",
    ),
    (events.TelegramBound("Olga", None, 7), "Telegram account bound: Olga"),
    (events.TelegramBound("Olga", 7, None), "Telegram account unbound: Olga"),
    (events.EmployeeSettingsChanged("language", "ru", "en"), "Language: ru → en"),
    (events.EmployeeSettingsChanged("telegram_username", "", "o"), "Telegram username: – → o"),
    (
        events.NoticesMuted("Olga", [], ["report", "alert"]),
        "Muted notices of Olga: – → Alerts, Scheduled reports",
    ),
    (events.WorkGroupLinked(-5, "", "12"), "Work group: – → 12"),
    (events.WorkGroupUnlinked(-5, "12", "asked"), "Work group unlinked: 12"),
    (
        events.WorkGroupUnlinked(-5, "12", "removed"),
        "Work group unlinked: 12, the bot was removed from it",
    ),
    (events.WorkGroupMoved("12", -5, -100), "Work group 12: -5 → -100"),
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
    (
        events.UserChanged(1, "vera", {"groups": ["", "Administrator, Owner (read-only)"]}),
        "Office account vera: Groups: – → Administrator, Owner (read-only)",
    ),
    (events.AccessConfirmed("Olga"), "Access and skills confirmed: Olga"),
    (events.SignedIn("vera"), "Signed in: vera"),
    (events.SignInRefused("vera", 2), "Sign-in refused: vera, times: 2"),
    (events.SignInRefused("", 2), "Sign-in refused: unknown name, times: 2"),
]


@pytest.mark.parametrize(("payload", "words"), EXAMPLES)
def test_words(payload: Payload, words: str) -> None:
    with translation.override("en"):
        assert payload.words() == words
    assert type(payload).from_json(payload.as_json()) == payload


@pytest.mark.parametrize(("payload", "words"), EXAMPLES)
def test_words_in_russian(payload: Payload, words: str) -> None:
    """Every example has Latin only in the names it was given."""
    with translation.override("ru"):
        told = payload.words()
    assert told != words
    for name in ("Olga", "vera", "Telegram id", "Telegram"):
        told = told.replace(name, "")
    latin = set(re.findall(r"[A-Za-z]{3,}", told))
    assert not latin


def test_every_kind_has_an_example() -> None:
    told = {type(payload) for payload, _ in EXAMPLES}
    ours = {cls for cls in kinds().values() if cls.__module__ == events.__name__}
    assert told == ours
