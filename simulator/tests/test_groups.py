"""Groups: what a bot gets to hear there, and what happens to them as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telegram import Bot
from telegram.error import ChatMigrated, Forbidden

from simulator.client import SimClient, SimulatorRefusedError
from simulator.tests.conftest import GROUP, OTHER, PERSON

Play = Callable[[Any], Any]


def test_a_bot_without_rights_hears_only_what_is_for_it(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON], bot_is_admin=False)

    async def scenario(bot: Bot) -> None:
        sent = await bot.send_message(GROUP, "карточка")
        me = await bot.get_me()
        for text in ("привет", "/link@another_bot", "/link", f"/link@{me.username}"):
            people.send_text(PERSON, text, chat_id=GROUP)
        people.send_text(PERSON, "понял", chat_id=GROUP, reply_to=sent.message_id)
        heard = [one.message.text for one in await bot.get_updates() if one.message]
        assert heard == ["/link", f"/link@{me.username}", "понял"]

    play(scenario)


def test_the_bot_is_taken_out_and_let_in_again(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON])

    async def scenario(bot: Bot) -> None:
        (joined,) = await bot.get_updates()
        people.set_presence(GROUP, PERSON, present=False)
        people.set_presence(GROUP, PERSON, present=False)
        people.send_text(PERSON, "/link", chat_id=GROUP)
        (gone,) = await bot.get_updates(offset=joined.update_id + 1)
        assert gone.my_chat_member is not None
        assert gone.my_chat_member.chat.title == "Цех"
        assert gone.my_chat_member.new_chat_member.status == "kicked"
        with pytest.raises(Forbidden, match="bot was kicked"):
            await bot.send_message(GROUP, "x")
        people.set_presence(GROUP, PERSON, present=True)
        (back,) = await bot.get_updates(offset=gone.update_id + 1)
        assert back.my_chat_member is not None
        assert back.my_chat_member.new_chat_member.status == "member"
        await bot.send_message(GROUP, "x")

    play(scenario)


def test_a_group_becomes_a_supergroup(play: Play, people: SimClient) -> None:
    people.add_group(-77, "Цех", [PERSON], type="group")

    async def scenario(bot: Bot) -> None:
        (joined,) = await bot.get_updates()
        old = await bot.send_message(-77, "карточка")
        new = people.upgrade(-77, PERSON)
        assert new < -1_000_000_000_000
        moved, arrived = await bot.get_updates(offset=joined.update_id + 1)
        assert moved.message is not None
        assert arrived.message is not None
        assert (moved.message.chat.id, moved.message.migrate_to_chat_id) == (-77, new)
        assert (arrived.message.chat.id, arrived.message.migrate_from_chat_id) == (new, -77)
        for call in (bot.send_message(-77, "x"), bot.edit_message_text("x", -77, old.message_id)):
            with pytest.raises(ChatMigrated) as caught:
                await call
            assert caught.value.new_chat_id == new
        await bot.send_message(new, "x")

    play(scenario)
    with pytest.raises(SimulatorRefusedError, match="no such group"):
        people.upgrade(-77, OTHER)
