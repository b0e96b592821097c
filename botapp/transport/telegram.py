"""The adapter to Telegram: python-telegram-bot's Application over aiohttp, errors in our words."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import Application, ExtBot, TypeHandler

from botapp import identity
from botapp.transport import updates
from botapp.transport.buckets import FILE, NOTICE, SCREEN, Call
from botapp.transport.limiter import OutboundLimiter
from botapp.transport.port import (
    AnotherCopyRuns,
    Arrived,
    ChatMoved,
    File,
    Handle,
    Key,
    Message,
    MessageGone,
    Picture,
    Refused,
    RetryLater,
    TokenRefused,
    TransportError,
    Unreachable,
)
from botapp.transport.request import AiohttpRequest, Cut
from botapp.transport.shapes import reduced
from botapp.transport.telegram_limiter import TelegramLimiter, seconds_of

# How the library will give spans of time in future; else it warns on every 429.
os.environ.setdefault("PTB_TIMEDELTA", "1")

logger = logging.getLogger(__name__)

NO_PREVIEW: Final = {"is_disabled": True}
_GONE = ("to edit not found", "can't be edited", "no text in the message", "message_id_invalid")
_UNREACHABLE = ("chat not found", "user not found", "rights", "peer_id_invalid", "group chat was")
_IN_VAIN = ("not modified", "query is too old", "query_id_invalid", "to delete not found")


class WorkshopBot(ExtBot[Call]):
    """The library's bot that also hands out updates as Telegram sent them."""

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        """Confirms everything below ``offset``; waits up to ``seconds`` for more."""
        data = {"offset": offset, "timeout": seconds, "allowed_updates": list(updates.ALLOWED)}
        found: Any = await self._post("getUpdates", data, read_timeout=seconds + 10.0)
        return list(found)

    async def put_text(self, endpoint: str, data: dict[str, Any], rate_limit_args: Any) -> int:
        """sendMessage or editMessageText; the id of the message.

        Only the id is read of the answer: making the library's objects of a whole screen, there
        and back, takes longer than everything else in a call.
        """
        call = self._merge_api_rl_kwargs({}, rate_limit_args)
        sent: Any = await self._post(endpoint, data, api_kwargs=call)
        return int(sent["message_id"])


@asynccontextmanager
async def our_errors() -> AsyncIterator[None]:
    """Translate the library's errors into those of the port."""
    try:
        yield
    except RetryAfter as error:
        raise RetryLater(seconds_of(error)) from error
    except ChatMigrated as error:
        raise ChatMoved(error.new_chat_id) from error
    except Forbidden as error:
        raise Unreachable(error.message) from error
    except BadRequest as error:
        text = error.message.lower()
        if any(part in text for part in _IN_VAIN):
            return
        if any(part in text for part in _GONE):
            raise MessageGone(error.message) from error
        if any(part in text for part in _UNREACHABLE):
            raise Unreachable(error.message) from error
        raise Refused(error.message) from error
    except TelegramError as error:
        failure = TransportError(_plain_name(error))
        failure.uncertain = isinstance(error, TimedOut | Cut)
        raise failure from error


def _plain_name(error: TelegramError) -> str:
    return NetworkError.__name__ if isinstance(error, Cut) else type(error).__name__


def plain_keyboard(message: Message) -> dict[str, Any] | None:
    """As it goes over the wire."""
    rows = [[_plain_button(key) for key in row] for row in message.keys]
    return {"inline_keyboard": rows} if rows else None


def _plain_button(key: Key) -> dict[str, str]:
    if key.url:
        return {"text": key.label, "url": key.url}
    return {"text": key.label, "callback_data": key.payload}


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    if not message.keys:
        return None
    return InlineKeyboardMarkup([[_button(key) for key in row] for row in message.keys])


def _button(key: Key) -> InlineKeyboardButton:
    if key.url:
        return InlineKeyboardButton(key.label, url=key.url)
    return InlineKeyboardButton(key.label, callback_data=key.payload)


def _media(picture: Picture) -> str | InputFile:
    return picture.file_id or InputFile(picture.content, filename=picture.name)


def _understood(raw: Any) -> Arrived | None:
    """One that cannot be kept must not hold up those behind it."""
    try:
        return updates.arrived(raw)
    except ValueError:
        logger.exception("an update that is none was left out")
        return None


class TelegramTransport:
    """The port of ``botapp.transport.port`` over a bot of the library."""

    def __init__(self, bot: WorkshopBot, limiter: OutboundLimiter | None = None) -> None:
        self.bot, self._limiter = bot, limiter

    def _for(self, call: Call) -> dict[str, Any]:
        return {"rate_limit_args": call} if self._limiter else {}

    async def turn(self, chat_id: int) -> None:
        if self._limiter is not None:
            await self._limiter.turn(chat_id)

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        call = NOTICE if notice else SCREEN
        if message.document:
            return await self._send_document(chat_id, message, message.document, call)
        if not message.picture:
            return await self._put("sendMessage", message, {"chat_id": chat_id}, call)
        async with our_errors():
            sent = await self.bot.send_photo(
                chat_id,
                _media(message.picture),
                caption=message.html,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(message),
                **self._for(call),
            )
        return sent.message_id

    async def _send_document(
        self, chat_id: int, message: Message, document: File, call: Call
    ) -> int:
        async with our_errors():
            sent = await self.bot.send_document(
                chat_id,
                InputFile(document.content, filename=document.name),
                caption=message.html,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(message),
                **self._for(call),
            )
        return sent.message_id

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        place: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
        if not message.picture:
            await self._put("editMessageText", message, place, None)
            return
        media = InputMediaPhoto(
            _media(message.picture), caption=message.html, parse_mode=ParseMode.HTML
        )
        async with our_errors():
            await self.bot.edit_message_media(media, reply_markup=keyboard(message), **place)

    async def _put(
        self, endpoint: str, message: Message, place: dict[str, Any], call: Call | None
    ) -> int:
        data = {
            **place,
            "text": message.html,
            "parse_mode": ParseMode.HTML,
            "link_preview_options": NO_PREVIEW,
            "reply_markup": plain_keyboard(message),
        }
        async with our_errors():
            return await self.bot.put_text(endpoint, data, call if self._limiter else None)
        return 0  # an edit in vain: there was nothing to change

    async def delete(self, chat_id: int, message_id: int) -> None:
        try:
            async with our_errors():
                await self.bot.delete_message(chat_id, message_id)
        except Refused:
            # Older than 48 hours: the message stays, its buttons go.
            async with our_errors():
                await self.bot.edit_message_reply_markup(chat_id, message_id, reply_markup=None)

    async def answer(self, callback_id: str, text: str = "", *, alert: bool = False) -> None:
        async with our_errors():
            await self.bot.answer_callback_query(callback_id, text or None, show_alert=alert)

    async def send_file(self, chat_id: int, file: File) -> int:
        document = InputFile(file.content, filename=file.name)
        async with our_errors():
            sent = await self.bot.send_document(
                chat_id, document, caption=file.caption or None, **self._for(FILE)
            )
        return sent.message_id

    async def fetch_file(self, file_id: str) -> bytes:
        async with our_errors():
            found = await self.bot.get_file(file_id)
            return bytes(await found.download_as_bytearray())


@dataclass
class _Visit:
    """One update on its way through the Application, and what its handler raised."""

    handle: Handle
    error: Exception | None = None


class TelegramDoor:
    """The Application with one handler, and the transport that answers through it.

    The library swallows what handlers raise; so the handler keeps it and :meth:`process` raises
    it again.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = "",
        base_file_url: str = "",
        limited: bool = True,
        limiter: OutboundLimiter | None = None,
    ) -> None:
        """Empty addresses are Telegram's own. Only benchmarks and tests go without the limiter."""
        limiter = (limiter or OutboundLimiter()) if limited else None
        urls: dict[str, Any] = {"base_url": base_url} if base_url else {}
        if base_file_url:
            urls["base_file_url"] = base_file_url
        self._requests = (AiohttpRequest(), AiohttpRequest(connections=2))
        self.bot = WorkshopBot(
            token,
            request=self._requests[0],
            get_updates_request=self._requests[1],
            rate_limiter=TelegramLimiter(limiter) if limiter else None,
            **urls,
        )
        self.bot_id = int(token.partition(":")[0])
        self.transport = TelegramTransport(self.bot, limiter)
        self.application = Application.builder().bot(self.bot).updater(None).build()
        self.application.add_handler(TypeHandler(Update, self._on_update))
        self._visit: ContextVar[_Visit] = ContextVar("visit")

    async def open(self, commands: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """The empty language is what everybody else gets."""
        try:
            await self.application.initialize()
            identity.remember(self.bot.username)
            async with our_errors():
                for language, listed in commands.items():
                    await self.bot.set_my_commands(listed, language_code=language or None)
        except InvalidToken as error:
            raise TokenRefused("the token is not accepted") from error
        except TelegramError as error:
            raise TransportError(type(error).__name__) from error

    async def listen(self, url: str, secret: str) -> None:
        async with our_errors():
            if not url:
                await self.bot.delete_webhook()
                return
            await self.bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(updates.ALLOWED)
            )

    async def close(self) -> None:
        await self.application.shutdown()
        # The library leaves them open when it could not be initialised.
        for request in self._requests:
            await request.shutdown()

    async def fetch(self, offset: int | None, seconds: int) -> list[Arrived]:
        try:
            raw = await self.bot.raw_updates(offset, seconds)
        except Conflict as error:
            raise AnotherCopyRuns(error.message) from error
        except InvalidToken as error:
            raise TokenRefused("the token is not accepted") from error
        except TelegramError as error:
            raise TransportError(type(error).__name__) from error
        return [one for one in map(_understood, raw) if one is not None]

    async def process(self, raw: str, handle: Handle) -> None:
        """Run one stored update through the Application; raises what ``handle`` raised."""
        update = Update.de_json(reduced(json.loads(raw)), self.bot)
        # Not by its number: a chat that was lost and taken again is handled twice at once.
        visit = _Visit(handle)
        before = self._visit.set(visit)
        try:
            await self.application.process_update(update)
        finally:
            self._visit.reset(before)
        if visit.error is not None:
            raise visit.error

    async def _on_update(self, update: Update, _context: Any) -> None:
        visit = self._visit.get()
        try:
            await visit.handle(updates.incoming(update))
        except Exception as error:  # handed to process(), which raises it to the worker
            visit.error = error
