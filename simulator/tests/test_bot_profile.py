"""The bot's own data: commands, descriptions, chats, actions."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, InvalidToken

from simulator.testing import SimClient, SimServer

from .conftest import GROUP, OTHER, PERSON

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


def offered(people: SimClient, chat: int, language: str) -> list[str]:
    found = people.request("GET", f"/sim/commands?chat={chat}&language={language}")
    return [command["description"] for command in found]


def test_commands_by_scope_and_language(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.set_my_commands([BotCommand("start", "Menu")])
        await bot.set_my_commands([BotCommand("start", "Меню")], language_code="ru")
        scope = BotCommandScopeChat(PERSON)
        await bot.set_my_commands([BotCommand("qc", "ОТК")], scope=scope)
        assert (await bot.get_my_commands(scope=scope))[0].command == "qc"
        assert (offered(people, PERSON, "ru"), offered(people, OTHER, "ru")) == (["ОТК"], ["Меню"])
        assert offered(people, OTHER, "de") == ["Menu"]
        await bot.delete_my_commands(scope=scope)
        assert offered(people, PERSON, "ru") == ["Меню"]

    play(scenario)


@pytest.mark.parametrize("command", [("Start", "x"), ("с", "x"), ("a" * 33, "x"), ("ok", "")])
def test_bad_commands_are_refused(play: Play, command: tuple[str, str]) -> None:
    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest, match=r"(?i)bot_command"):
            await bot.set_my_commands([command])
        with pytest.raises(BadRequest, match=r"(?i)bot_commands_too_much"):
            await bot.set_my_commands([("a", "x")] * 101)

    play(scenario)


def test_descriptions_fall_back_to_the_default_language(play: Play) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.set_my_description("Workshop")
        await bot.set_my_short_description("Мастерская", language_code="ru")
        assert (await bot.get_my_description("ru")).description == "Workshop"
        assert (await bot.get_my_short_description("ru")).short_description == "Мастерская"
        with pytest.raises(BadRequest, match="too long"):
            await bot.set_my_description("x" * 513)
        assert await bot.set_chat_menu_button()

    play(scenario)


def test_chats_members_and_actions(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON])

    async def scenario(bot: Bot) -> None:
        assert (await bot.get_chat(PERSON)).username == "igor"
        assert (await bot.get_chat(GROUP)).title == "Цех"
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.get_chat(77)
        assert (await bot.get_chat_member(GROUP, PERSON)).status == "member"
        assert (await bot.get_chat_member(GROUP, OTHER)).status == "left"
        assert (await bot.get_chat_member(GROUP, bot.id)).user.is_bot
        with pytest.raises(BadRequest, match="Member not found"):
            await bot.get_chat_member(GROUP, 77)
        assert await bot.send_chat_action(PERSON, "typing")
        with pytest.raises(BadRequest, match=r"(?i)wrong parameter action"):
            await bot.send_chat_action(PERSON, "dancing")

    play(scenario)


def test_a_revoked_token_opens_nothing(play: Play, people: SimClient, sim: SimServer) -> None:
    async def scenario(bot: Bot) -> None:
        known = await bot.get_me()
        new = people.revoke()
        with pytest.raises(InvalidToken):
            await bot.get_me()
        places = {"base_url": sim.base_url, "base_file_url": sim.base_file_url}
        async with Bot(new, **places) as other:
            assert await other.get_me() == known

    play(scenario)
