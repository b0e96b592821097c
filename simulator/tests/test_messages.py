"""Messages through the real client: sending, editing, deleting and every refusal."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
)
from telegram.error import BadRequest, Forbidden, InvalidToken

from simulator.testing import SimClient, SimServer, buttons

from .conftest import GROUP, OTHER, PERSON

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


def keyboard(*rows: list[str]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"d:{label}") for label in row] for row in rows]
    )


def test_a_message_arrives_with_entities_and_keyboard(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        sent = await bot.send_message(
            PERSON, "<b>№12</b> & co", parse_mode="HTML", reply_markup=keyboard(["ОТК", "Ещё"])
        )
        assert sent.text == "№12 & co"
        assert sent.from_user is not None
        assert sent.from_user.is_bot
        assert sent.chat.type == "private"
        assert sent.date.tzinfo is not None

    play(scenario)
    screen = people.last_screen(PERSON)
    assert screen is not None
    assert screen["text"] == "№12 & co"
    assert screen["entities"] == [{"type": "bold", "offset": 0, "length": 3}]
    assert buttons(screen) == ["ОТК", "Ещё"]


def test_other_markups_and_replies(play: Play, people: SimClient) -> None:
    asked = people.send_text(PERSON, "вопрос")

    async def scenario(bot: Bot) -> None:
        answer = await bot.send_message(PERSON, "да", reply_to_message_id=asked)
        assert answer.reply_to_message is not None
        assert answer.reply_to_message.text == "вопрос"
        await bot.send_message(PERSON, "?", reply_markup=ForceReply())
        await bot.send_message(PERSON, "!", reply_markup=ReplyKeyboardMarkup([["Да", "Нет"]]))
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(PERSON, "x", reply_to_message_id=999)

    play(scenario)
    people.press(PERSON, "Да")
    assert people.chat(PERSON)[-1]["text"] == "Да"


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("", {}, "Message text is empty"),
        ("я" * 4097, {}, "Message is too long"),
        ("<p>", {"parse_mode": "HTML"}, "Can't parse entities: unsupported start tag"),
        (
            "x",
            {
                "reply_markup": InlineKeyboardMarkup(
                    [[InlineKeyboardButton("x", callback_data="я" * 33)]]
                )
            },
            "Button_data_invalid",
        ),
    ],
)
def test_bad_messages_are_refused(
    play: Play, people: SimClient, text: str, options: dict[str, Any], problem: str
) -> None:
    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest) as caught:
            await bot.send_message(PERSON, text, **options)
        assert problem.lower() in caught.value.message.lower()

    play(scenario)
    assert people.chat(PERSON) == []


def test_who_cannot_be_written_to(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON], bot_present=False)

    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(77, "x")
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message("@nobody", "x")
        with pytest.raises(Forbidden, match="can't initiate conversation with a user"):
            await bot.send_message(OTHER, "x")
        with pytest.raises(Forbidden, match="bot was kicked"):
            await bot.send_message(GROUP, "x")
        people.block(PERSON)
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await bot.send_message(PERSON, "x")
        people.block(PERSON, blocked=False)
        await bot.send_message(PERSON, "x")

    play(scenario)


def test_edits_and_their_refusals(play: Play, people: SimClient) -> None:
    typed = people.send_text(PERSON, "мой текст")

    async def scenario(bot: Bot) -> None:
        sent = await bot.send_message(PERSON, "один", reply_markup=keyboard(["A"]))
        where: Any = {"chat_id": PERSON, "message_id": sent.id}
        with pytest.raises(BadRequest, match="Message is not modified: specified new message"):
            await bot.edit_message_text("  один ", reply_markup=keyboard(["A"]), **where)
        edited: Any = await bot.edit_message_text("два", reply_markup=keyboard(["B"]), **where)
        assert edited.text == "два"
        assert edited.edit_date is not None
        await bot.edit_message_reply_markup(reply_markup=keyboard(["C"]), **where)
        await bot.edit_message_reply_markup(**where)
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_reply_markup(**where)
        with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
            await bot.edit_message_caption(caption="x", **where)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await bot.edit_message_text("x", chat_id=PERSON, message_id=999)
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await bot.edit_message_text("x", chat_id=PERSON, message_id=typed)
        with pytest.raises(BadRequest, match="Message is too long"):
            await bot.edit_message_text("x" * 4097, **where)
        await bot.delete_message(**where)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await bot.edit_message_text("x", **where)

    play(scenario)
    message = people.chat(PERSON, deleted=True)[-1]
    assert (message["text"], message["edits"], message["keyboard"]) == ("два", 3, [])
    assert message["deleted"]


def test_a_screen_stays_in_view_behind_many_deleted_texts(play: Play, people: SimClient) -> None:
    texts = 250  # more than a chat shows at once

    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "экран", reply_markup=keyboard(["A"]))
        for _number in range(texts):
            await bot.delete_message(PERSON, people.send_text(PERSON, "101"))

    play(scenario)
    screen = people.last_screen(PERSON)
    assert screen is not None
    assert [message["text"] for message in people.chat(PERSON)] == ["экран"]
    assert [message["deleted"] for message in people.chat(PERSON, deleted=True)] == [True] * 200


def test_text_edit_without_markup_takes_the_keyboard_away(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        sent = await bot.send_message(PERSON, "x", reply_markup=keyboard(["A"]))
        await bot.edit_message_text("x", chat_id=PERSON, message_id=sent.id)

    play(scenario)
    assert people.last_screen(PERSON) is None


def test_deleting(play: Play, people: SimClient) -> None:
    typed = people.send_text(PERSON, "4512")

    async def scenario(bot: Bot) -> None:
        assert await bot.delete_message(PERSON, typed)
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await bot.delete_message(PERSON, typed)
        old = await bot.send_message(PERSON, "old")
        people.shift_clock(48 * 3600 + 1)
        with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
            await bot.delete_message(PERSON, old.id)
        fresh = [(await bot.send_message(PERSON, str(n))).id for n in range(3)]
        assert await bot.delete_messages(PERSON, [*fresh, 999])
        with pytest.raises(BadRequest, match="1-100 message identifiers"):
            await bot.delete_messages(PERSON, [])

    play(scenario)
    assert [message["text"] for message in people.chat(PERSON)] == ["old"]


def test_deleting_others_messages_in_a_group_needs_rights(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON], bot_is_admin=False)
    typed = people.send_text(PERSON, "x", chat_id=GROUP)

    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_message(GROUP, typed)
        own = await bot.send_message(GROUP, "own")
        assert await bot.delete_message(GROUP, own.id)

    play(scenario)


def test_unknown_method_and_wrong_token(sim: SimServer, play: Play) -> None:
    async def scenario(bot: Bot) -> None:
        with pytest.raises(Exception, match="not found"):
            await bot.do_api_request("launchRocket")
        stranger = Bot("1:wrong", base_url=sim.base_url)
        with pytest.raises(InvalidToken, match="Unauthorized"):
            await stranger.get_me()

    play(scenario)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"chat_id": 1001, "text": "\xd1\x8f"}'),
        ("application/x-www-form-urlencoded", b"chat_id=1001&text=%D1%8F"),
    ],
)
def test_parameters_come_as_json_or_form(
    sim: SimServer, people: SimClient, content_type: str, body: bytes
) -> None:
    from urllib.request import Request, urlopen

    url = f"{sim.base_url}{sim.token}/SENDMESSAGE"
    with urlopen(Request(url, body, {"Content-Type": content_type})) as answer:
        assert answer.status == 200
    assert people.chat(PERSON)[-1]["text"] == "я"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"chat_id": 1001, "message_id": "x"}'])
def test_bad_bodies_are_400(sim: SimServer, body: bytes) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    url = f"{sim.base_url}{sim.token}/editMessageReplyMarkup"
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(url, body, {"Content-Type": "application/json"}))
    assert caught.value.code == 400
