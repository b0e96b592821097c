"""What arrives at the bot: offsets, kinds of updates, conflicts, redelivery."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict

from simulator.testing import SimClient, SimServer, SimulatorRefusedError

from .conftest import GROUP, OTHER, PERSON

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]

MENU = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("ОТК", callback_data="qc")],
        [InlineKeyboardButton("Сайт", url="https://example.org/")],
    ]
)


def test_offset_confirms_and_limit_cuts(play: Play, people: SimClient) -> None:
    for number in range(5):
        people.send_text(PERSON, str(number))

    async def scenario(bot: Bot) -> None:
        first = await bot.get_updates(limit=2)
        assert [update.message.text for update in first if update.message] == ["0", "1"]
        assert await bot.get_updates(limit=2) == first
        rest = await bot.get_updates(offset=first[-1].update_id + 1)
        assert [update.update_id - first[0].update_id for update in rest] == [2, 3, 4]
        assert people.pending() == 3
        last = await bot.get_updates(offset=-1)
        assert [update.update_id for update in last] == [rest[-1].update_id]
        assert people.pending() == 1
        assert await bot.get_updates(offset=last[0].update_id + 1) == ()

    play(scenario)
    assert people.pending() == 0


def test_a_long_poll_wakes_up(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.to_thread(wait_for_poll, people)
        people.send_text(PERSON, "разбудил")
        (update,) = await asyncio.wait_for(poll, 5)
        assert update.message is not None
        assert update.message.text == "разбудил"

    play(scenario)


def wait_for_poll(people: SimClient) -> None:
    """Returns when a long poll hangs at the simulator."""
    while not people.request("GET", "/sim/pending")["polling"]:
        pass


def test_the_older_poll_gets_409(sim: SimServer, play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        older = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.to_thread(wait_for_poll, people)
        async with Bot(sim.token, base_url=sim.base_url) as twin:
            newer = asyncio.create_task(twin.get_updates(timeout=20))
            with pytest.raises(Conflict, match="terminated by other getUpdates request"):
                await older
            await asyncio.to_thread(wait_for_poll, people)
            people.send_text(PERSON, "x")
            assert len(await newer) == 1

    play(scenario)


def test_allowed_updates_drop_other_kinds(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.get_updates(allowed_updates=["callback_query"])
        people.send_text(PERSON, "dropped")
        assert await bot.get_updates() == ()
        await bot.get_updates(allowed_updates=[])
        people.send_text(PERSON, "kept")
        assert len(await bot.get_updates()) == 1

    play(scenario)


def test_updates_are_forgotten_after_a_day(play: Play, people: SimClient) -> None:
    people.send_text(PERSON, "old")
    people.shift_clock(24 * 3600 + 1)

    async def scenario(bot: Bot) -> None:
        assert await bot.get_updates() == ()

    play(scenario)


def test_every_kind_a_person_can_send(play: Play, people: SimClient) -> None:
    people.start(OTHER, "r_Ab1")
    typed = people.send_text(PERSON, "чертеж")
    people.edit(PERSON, typed, "чертёж")
    people.sticker(PERSON, "👍")
    people.voice(PERSON, 7)
    people.forward(PERSON, "чужое")
    people.send(PERSON, contact="+79990000000")
    people.block(PERSON)
    people.block(PERSON, blocked=False)

    async def scenario(bot: Bot) -> None:
        updates = await bot.get_updates(allowed_updates=Update.ALL_TYPES)
        start, text, edited, sticker, voice, forward, contact, blocked, back = updates
        assert start.message is not None
        assert start.message.text == "/start r_Ab1"
        assert start.message.entities[0].type == "bot_command"
        assert text.message is not None
        assert text.message.text == "чертеж"
        assert edited.edited_message is not None
        assert edited.edited_message.text == "чертёж"
        assert sticker.message is not None
        assert sticker.message.sticker is not None
        assert sticker.message.sticker.emoji == "👍"
        assert voice.message is not None
        assert voice.message.voice is not None
        assert forward.message is not None
        assert forward.message.forward_origin is not None
        assert contact.message is not None
        assert contact.message.contact is not None
        assert contact.message.contact.user_id == PERSON
        states = [
            each.my_chat_member.new_chat_member.status
            for each in (blocked, back)
            if each.my_chat_member
        ]
        assert states == ["kicked", "member"]

    play(scenario)


def test_a_group_chat(play: Play, people: SimClient) -> None:
    people.add_group(GROUP, "Цех", [PERSON, OTHER])
    people.send_text(OTHER, "/link", chat_id=GROUP)

    async def scenario(bot: Bot) -> None:
        joined, message = await bot.get_updates()
        assert joined.my_chat_member is not None
        assert joined.my_chat_member.new_chat_member.status == "member"
        assert message.message is not None
        assert message.message.chat.id == GROUP
        assert message.message.from_user is not None
        assert message.message.from_user.id == OTHER
        await bot.send_message(GROUP, "готово", reply_markup=MENU)
        people.press(OTHER, "ОТК", chat_id=GROUP)
        (press,) = await bot.get_updates(offset=message.update_id + 1)
        assert press.callback_query is not None
        assert press.callback_query.from_user.id == OTHER

    play(scenario)


def test_a_press_carries_the_message_and_is_answered_once(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "меню", reply_markup=MENU)
        callback_id = people.press(PERSON, "ОТК")
        (update,) = await bot.get_updates()
        query = update.callback_query
        assert query is not None
        assert (query.id, query.data) == (callback_id, "qc")
        assert query.message is not None
        assert query.message.is_accessible
        with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
            await query.answer("я" * 201)
        await query.answer("готово", show_alert=True)
        assert people.answer(callback_id) == {"text": "готово", "show_alert": True}
        for unknown in (callback_id, "12345"):
            with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
                await bot.answer_callback_query(unknown)

    play(scenario)
    assert people.press(PERSON, "Сайт") == ""


def test_a_press_older_than_15_minutes_cannot_be_answered(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "меню", reply_markup=MENU)
        callback_id = people.press(PERSON, "ОТК")
        people.shift_clock(15 * 60 + 1)
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(callback_id)

    play(scenario)


def test_an_unanswered_press_comes_again_under_a_new_update_id(
    play: Play, people: SimClient
) -> None:
    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "меню", reply_markup=MENU)
        callback_id = people.press(PERSON, "ОТК")
        assert people.redeliver_last() == callback_id
        first, second = await bot.get_updates()
        assert first.update_id != second.update_id
        assert first.callback_query == second.callback_query

    play(scenario)


def test_old_keyboards_foreign_fingers_and_deleted_messages(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        sent = await bot.send_message(PERSON, "меню", reply_markup=MENU)
        seen = people.last_screen(PERSON)
        await bot.edit_message_text("новое", chat_id=PERSON, message_id=sent.id)
        with pytest.raises(SimulatorRefusedError, match="no button 'ОТК'"):
            people.press(PERSON, "ОТК")
        people.press(PERSON, "ОТК", message=seen)
        people.press(OTHER, "ОТК", message=seen)
        await bot.delete_message(PERSON, sent.id)
        people.press(PERSON, "ОТК", message=seen)
        own, foreign, deleted = [update.callback_query for update in await bot.get_updates()]
        assert own is not None
        assert own.data == "qc"
        assert foreign is not None
        assert foreign.from_user.id == OTHER
        assert foreign.message is not None
        assert foreign.message.chat.id == PERSON
        assert deleted is not None
        assert deleted.message is not None
        assert not deleted.message.is_accessible

    play(scenario)


def test_hundreds_at_once_and_replays_of_old_ids(play: Play, people: SimClient) -> None:
    pushed = people.bulk([{"person": PERSON, "text": str(n)} for n in range(300)])

    async def scenario(bot: Bot) -> None:
        seen: list[Update] = []
        offset = 0
        while batch := await bot.get_updates(offset=offset):
            seen += batch
            offset = batch[-1].update_id + 1
        assert [u.message.text for u in seen if u.message] == [str(n) for n in range(300)]
        # A replay has an id below the offset and is delivered nevertheless, once.
        people.bulk(updates=[seen[7].to_dict(), seen[3].to_dict()])
        replayed = await bot.get_updates(offset=offset)
        assert [u.update_id for u in replayed] == [seen[7].update_id, seen[3].update_id]
        assert await bot.get_updates(offset=offset) == ()

    play(scenario)
    assert pushed["next_update_id"] - pushed["first_update_id"] == 300


def test_the_ledger_tells_calls_and_the_way_of_updates(
    sim: SimServer, play: Play, people: SimClient
) -> None:
    people.send_text(PERSON, "x")

    async def scenario(bot: Bot) -> None:
        (update,) = await bot.get_updates()
        await bot.get_updates(offset=update.update_id + 1)
        await bot.send_message(PERSON, "ответ")
        with pytest.raises(BadRequest):
            await bot.send_message(77, "x")

    play(scenario)
    entries = people.ledger()
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
    story = [(e["kind"], e.get("method"), e.get("status")) for e in entries]
    assert story == [
        ("call", "getMe", 200),
        ("delivered", None, None),
        ("confirmed", None, None),
        ("call", "sendMessage", 200),
        ("call", "sendMessage", 400),
    ]
    sent, refused = people.ledger(method="sendMessage")
    assert sent["params"]["text"] == "ответ"
    assert sent["message_id"] == people.chat(PERSON)[-1]["id"]
    assert refused["error"] == "Bad Request: chat not found"
    assert people.ledger(after=entries[-2]["n"]) == [refused]
