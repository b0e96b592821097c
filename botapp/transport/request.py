"""HTTP for python-telegram-bot over aiohttp: its httpx pool becomes slow with many chats at once
(docs: measured 498 against 3 717 updates a second)."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from workshop.lib import telemetry

CONNECTIONS = 128
TIMEOUT = 20.0  # seconds for an ordinary call
CONNECT_TIMEOUT = 5.0
TOO_MANY = 429
LONG_POLL = "getUpdates"


class Cut(NetworkError):
    """The connection broke after the call had left: it may have been done."""


class AiohttpRequest(BaseRequest):
    """One session; timeouts of single calls are honoured, pool timeouts are not needed."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return TIMEOUT

    async def initialize(self) -> None:
        if self._session is None or self._session.closed:
            # The system's own resolver: it follows a changed resolv.conf as long as the bot lives.
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=60, resolver=aiohttp.ThreadedResolver()
            )
            self._session = aiohttp.ClientSession(
                connector=connector, headers={"User-Agent": self.USER_AGENT}
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Raises TimedOut and NetworkError only; their texts never quote the address (token)."""
        if self._session is None:
            raise NetworkError("the session is not open")
        seconds = TIMEOUT if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)
        began, outcome = time.perf_counter(), "error"
        try:
            async with self._session.request(
                method, url, data=_body(request_data), timeout=timeout
            ) as response:
                answer = response.status, await response.read()
                outcome = "429" if response.status == TOO_MANY else f"{response.status // 100}xx"
                return answer
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise NetworkError(type(error).__name__) from None
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise Cut(type(error).__name__) from None
        finally:
            _count(url, outcome, time.perf_counter() - began)


def _count(url: str, outcome: str, took: float) -> None:
    """By the method of the Bot API: addresses carry the token, and the names of files."""
    name = url.rpartition("/")[2].partition("?")[0]
    called = name if name.isascii() and name.isalpha() and "/file/" not in url else "file"
    telemetry.calls.add(called, outcome)
    if called != LONG_POLL:
        telemetry.call_seconds.note(took)


def _body(request_data: RequestData | None) -> Any:
    if request_data is None:
        return None
    parameters = request_data.json_parameters
    if not request_data.contains_files:
        return parameters
    form = aiohttp.FormData(quote_fields=False)
    for name, value in parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form
