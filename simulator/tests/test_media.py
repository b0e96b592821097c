"""Pictures, documents and albums through the real client."""

import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from PIL import Image
from telegram import Bot, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest

from simulator.testing import SimClient

from .conftest import PERSON

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


def picture(width: int = 1600, height: int = 900, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind)
    return out.getvalue()


def test_a_persons_photo_comes_round_through_get_file(play: Play, people: SimClient) -> None:
    people.send_photo(PERSON, picture(), caption="скол /x")

    async def scenario(bot: Bot) -> None:
        (update,) = await bot.get_updates()
        message = update.message
        assert message is not None
        assert message.caption == "скол /x"
        assert [(size.width, size.height) for size in message.photo] == [
            (90, 51),
            (320, 180),
            (800, 450),
            (1280, 720),
        ]
        file = await message.photo[-1].get_file()
        data = bytes(await file.download_as_bytearray())
        assert len(data) == file.file_size == message.photo[-1].file_size
        # Telegram re-encodes: what comes back is a JPEG, whatever was sent.
        assert Image.open(io.BytesIO(data)).format == "JPEG"
        again = await bot.send_photo(
            PERSON, message.photo[-1].file_id, caption="<b>x</b>", parse_mode="HTML"
        )
        assert again.photo[-1].file_unique_id == message.photo[-1].file_unique_id

    play(scenario)
    shown = people.chat(PERSON)[-1]
    assert shown["text"] == "x"
    assert Image.open(io.BytesIO(people.file(shown["photo"]))).size == (1280, 720)


def test_a_document_keeps_its_name_and_bytes(play: Play, people: SimClient) -> None:
    people.send_document(PERSON, "акт.csv", b"a;b")

    async def scenario(bot: Bot) -> None:
        (update,) = await bot.get_updates()
        assert update.message is not None
        document = update.message.document
        assert document is not None
        assert document.file_name == "акт.csv"
        data = await (await document.get_file()).download_as_bytearray()
        assert bytes(data) == b"a;b"
        sent = await bot.send_document(PERSON, b"%PDF", filename="Ведомость.pdf")
        assert sent.document is not None
        assert sent.document.mime_type == "application/pdf"
        with pytest.raises(BadRequest, match=r"(?i)can.t use file of type Document as Photo"):
            await bot.send_photo(PERSON, sent.document.file_id)

    play(scenario)
    shown = people.chat(PERSON)[-1]["document"]
    assert shown["name"] == "Ведомость.pdf"
    assert people.file(shown["url"]) == b"%PDF"


def test_bad_media_is_refused(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
            await bot.send_photo(PERSON, b"not a picture")
        with pytest.raises(BadRequest, match=r"(?i)photo_invalid_dimensions"):
            await bot.send_photo(PERSON, picture(2100, 100))
        with pytest.raises(BadRequest, match="Message caption is too long"):
            await bot.send_photo(PERSON, picture(), caption="я" * 1025)
        with pytest.raises(BadRequest, match="Wrong file identifier/http url specified"):
            await bot.send_photo(PERSON, "no-such-file")
        with pytest.raises(BadRequest, match="Failed to get http url content"):
            await bot.send_photo(PERSON, "https://example.org/a.png")
        with pytest.raises(BadRequest, match="Wrong file_id"):
            await bot.get_file("no-such-file")
        with pytest.raises(BadRequest, match="File must be non-empty"):
            await bot.send_document(PERSON, b"", filename="x.txt")

    play(scenario)
    assert people.chat(PERSON) == []


def test_an_album_of_the_bot(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        sent = await bot.send_media_group(
            PERSON,
            [InputMediaPhoto(picture(), caption="до"), InputMediaPhoto(picture(300, 400))],
        )
        assert len({message.media_group_id for message in sent}) == 1
        again = [InputMediaPhoto(message.photo[-1].file_id) for message in sent]
        assert len(await bot.send_media_group(PERSON, again)) == 2
        with pytest.raises(BadRequest, match="2-10"):
            await bot.send_media_group(PERSON, again[:1])
        mixed: list[Any] = [again[0], InputMediaDocument(b"x", filename="x.txt")]
        with pytest.raises(BadRequest, match="Documents can't be mixed"):
            await bot.send_media_group(PERSON, mixed)

    play(scenario)
    assert [message["text"] for message in people.chat(PERSON)] == ["до", "", "", ""]


def test_an_album_of_a_person_is_several_updates_of_one_group(
    play: Play, people: SimClient
) -> None:
    people.send_album(PERSON, 3, caption="скол")

    async def scenario(bot: Bot) -> None:
        messages = [update.message for update in await bot.get_updates()]
        assert [message.caption for message in messages if message] == ["скол", None, None]
        assert len({message.media_group_id for message in messages if message}) == 1

    play(scenario)


def test_editing_captions_and_media(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        sent = await bot.send_photo(PERSON, picture(), caption="один")
        where: Any = {"chat_id": PERSON, "message_id": sent.id}
        with pytest.raises(BadRequest, match="There is no text in the message to edit"):
            await bot.edit_message_text("x", **where)
        await bot.edit_message_caption(caption="два", **where)
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_caption(caption="два", **where)
        edited: Any = await bot.edit_message_media(InputMediaPhoto(picture(500, 500)), **where)
        assert edited.photo[-1].width == 500
        assert edited.caption is None
        text = await bot.send_message(PERSON, "график")
        changed: Any = await bot.edit_message_media(
            InputMediaPhoto(picture(), caption="готов"), chat_id=PERSON, message_id=text.id
        )
        assert changed.text is None
        assert changed.caption == "готов"

    play(scenario)
    assert people.chat(PERSON)[-1]["photo"]
