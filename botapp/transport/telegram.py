"""The adapter to Telegram: python-telegram-bot's Application over aiohttp, errors in our words."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.ext import Application, BaseRateLimiter, ExtBot, TypeHandler

from botapp import identity
from botapp.transport import updates
from botapp.transport.limiter import NOTICE, PRESS, OutboundLimiter
from botapp.transport.port import (
    AnotherCopyRuns,
    Arrived,
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
from botapp.transport.request import AiohttpRequest

# How the library will give spans of time in future; else it warns on every 429.
os.environ.setdefault("PTB_TIMEDELTA", "1")

LIMITED: Final = frozenset(
    {
        "sendMessage",
        "sendPhoto",
        "sendDocument",
        "editMessageText",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
    }
)
NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
_GONE = ("to edit not found", "can't be edited", "no text in the message", "message_id_invalid")
_UNREACHABLE = ("chat not found", "user not found", "rights", "peer_id_invalid", "group chat was")
_IN_VAIN = ("not modified", "query is too old", "query_id_invalid", "to delete not found")


class TelegramLimiter(BaseRateLimiter[int]):
    """Hangs our limiter into the library. Answers to presses and deletions are not queued."""

    def __init__(self, limiter: OutboundLimiter) -> None:
        self.limiter = limiter

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to give back."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        if endpoint not in LIMITED:
            return await callback(*args, **kwargs)
        chat_id = int(data["chat_id"])
        await self.limiter.acquire(chat_id, PRESS if rate_limit_args is None else rate_limit_args)
        try:
            return await callback(*args, **kwargs)
        except RetryAfter as error:
            self.limiter.close(chat_id, _seconds(error))
            raise


class WorkshopBot(ExtBot[int]):
    """The library's bot that also hands out updates as Telegram sent them."""

    async def raw_updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        """Confirms everything below ``offset``; waits up to ``seconds`` for more."""
        data = {"offset": offset, "timeout": seconds, "allowed_updates": list(updates.ALLOWED)}
        found: Any = await self._post("getUpdates", data, read_timeout=seconds + 10.0)
        return list(found)


def _seconds(error: RetryAfter) -> float:
    wait: Any = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


@asynccontextmanager
async def our_errors() -> AsyncIterator[None]:
    """Translate the library's errors into those of the port."""
    try:
        yield
    except RetryAfter as error:
        raise RetryLater(_seconds(error)) from error
    except (Forbidden, ChatMigrated) as error:
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
        raise TransportError(type(error).__name__) from error


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


class TelegramTransport:
    """The port of ``botapp.transport.port`` over a bot of the library."""

    def __init__(self, bot: WorkshopBot) -> None:
        self.bot = bot

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        common: dict[str, Any] = {
            "parse_mode": ParseMode.HTML,
            "reply_markup": keyboard(message),
        }
        if notice and self.bot.rate_limiter is not None:
            common["rate_limit_args"] = NOTICE
        async with our_errors():
            if message.picture:
                sent = await self.bot.send_photo(
                    chat_id, _media(message.picture), caption=message.html, **common
                )
            else:
                sent = await self.bot.send_message(
                    chat_id, message.html, link_preview_options=NO_PREVIEW, **common
                )
        return sent.message_id

    async def edit(self, chat_id: int, message_id: int, message: Message) -> None:
        common: dict[str, Any] = {
            "chat_id": chat_id,
            "message_id": message_id,
            "reply_markup": keyboard(message),
        }
        async with our_errors():
            if message.picture:
                media = InputMediaPhoto(
                    _media(message.picture), caption=message.html, parse_mode=ParseMode.HTML
                )
                await self.bot.edit_message_media(media, **common)
            else:
                await self.bot.edit_message_text(
                    message.html,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    **common,
                )

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
            sent = await self.bot.send_document(chat_id, document, caption=file.caption or None)
        return sent.message_id

    async def fetch_file(self, file_id: str) -> bytes:
        async with our_errors():
            found = await self.bot.get_file(file_id)
            return bytes(await found.download_as_bytearray())


class TelegramDoor:
    """The Application with one handler, and the transport that answers through it.

    The library swallows what handlers raise; so the handler keeps it and :meth:`process` raises
    it again.
    """

    def __init__(
        self, token: str, *, base_url: str = "", base_file_url: str = "", limited: bool = True
    ) -> None:
        """Empty addresses are Telegram's own. Only benchmarks and tests go without the limiter."""
        urls: dict[str, Any] = {"base_url": base_url} if base_url else {}
        if base_file_url:
            urls["base_file_url"] = base_file_url
        self._requests = (AiohttpRequest(), AiohttpRequest(connections=2))
        self.bot = WorkshopBot(
            token,
            request=self._requests[0],
            get_updates_request=self._requests[1],
            rate_limiter=TelegramLimiter(OutboundLimiter()) if limited else None,
            **urls,
        )
        self.bot_id = int(token.partition(":")[0])
        self.transport = TelegramTransport(self.bot)
        self.application = Application.builder().bot(self.bot).updater(None).build()
        self.application.add_handler(TypeHandler(Update, self._on_update))
        self._handlers: dict[int, Handle] = {}
        self._errors: dict[int, Exception] = {}

    async def open(self, commands: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """The empty language is what everybody else gets."""
        try:
            await self.application.initialize()
            identity.remember(self.bot.username)
            async with our_errors():
                # A webhook that was set once would keep the updates from the poller.
                await self.bot.delete_webhook()
                for language, listed in commands.items():
                    await self.bot.set_my_commands(listed, language_code=language or None)
        except InvalidToken as error:
            raise TokenRefused("the token is not accepted") from error
        except TelegramError as error:
            raise TransportError(type(error).__name__) from error

    async def listen(self, url: str, secret: str) -> None:
        async with our_errors():
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
        return [updates.arrived(one) for one in raw]

    async def process(self, raw: str, handle: Handle) -> None:
        """Run one stored update through the Application; raises what ``handle`` raised."""
        update = Update.de_json(json.loads(raw), self.bot)
        number = update.update_id
        self._handlers[number] = handle
        try:
            await self.application.process_update(update)
            error = self._errors.pop(number, None)
            if error is not None:
                raise error
        finally:
            del self._handlers[number]

    async def _on_update(self, update: Update, _context: Any) -> None:
        number = update.update_id
        try:
            await self._handlers[number](updates.incoming(update))
        except Exception as error:  # handed to process(), which raises it to the worker
            self._errors[number] = error
