"""Settings: language and notices, as the person sees them."""

from __future__ import annotations

import pytest

from botapp.testing import BotDriver
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from staff.notice_kinds import NoticeKind, wants
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_is_switched_off_and_on(bot: BotDriver, cast: Cast, language: str) -> None:
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "☰ More"))
    igor.press(tr(language, "⚙ Settings"))
    igor.press(tr(language, "🔔 Notices"))
    evening = tr(language, "Evening summary")
    assert f"✅ {evening}" in igor.screen.buttons
    igor.press(f"✅ {evening}", times=2)
    assert f"▫️ {evening}" in igor.screen.buttons
    cast.igor.refresh_from_db()
    assert cast.igor.muted_notices == ["evening_summary"]

    igor.press(tr(language, "⬅ Back"))
    assert tr(language, "Notices switched off: %(count)s", count=1) in igor.screen
    igor.press(tr(language, "🔔 Notices"))
    igor.press(f"▫️ {evening}")
    cast.igor.refresh_from_db()
    assert wants(cast.igor, NoticeKind.EVENING_SUMMARY)
    assert cast.igor.muted_notices == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_belongs_to_the_work_has_no_tick(bot: BotDriver, cast: Cast, language: str) -> None:
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "☰ More"))
    igor.press(tr(language, "⚙ Settings"))
    igor.press(tr(language, "🔔 Notices"))
    for label in ("Reminders of deadlines", "Overdue receipts"):
        assert f"🔒 {tr(language, label)}" in igor.screen
        assert not any(tr(language, label) in button for button in igor.screen.buttons)


def test_an_old_tick_of_a_kind_that_became_compulsory_is_refused_in_words(
    bot: BotDriver, cast: Cast
) -> None:
    """The access changes while the screen stands there: the press on it switches nothing off."""
    anna = phone(bot, cast, "anna")
    for label in ("☰ More", "⚙ Settings", "🔔 Notices"):
        anna.press(label)
    cast.anna.is_inspector = True
    cast.anna.save(update_fields=["is_inspector"])
    before = written()
    anna.press("✅ Overdue receipts")
    assert "cannot be switched off: Overdue receipts" in anna.screen
    assert written() == before
    cast.anna.refresh_from_db()
    assert cast.anna.muted_notices == []


def test_a_polisher_is_offered_his_own_kinds_only(bot: BotDriver, cast: Cast) -> None:
    pavel = phone(bot, cast, "pavel")
    for label in ("☰ More", "⚙ Settings", "🔔 Notices"):
        pavel.press(label)
    assert pavel.screen.buttons == [
        "✅ Parts are sent to me for polishing",
        "✅ Returns from QC that name me",
        "✅ Quality outside its limits",
        "⬅ Back",
        "🏠 Home",
    ]
