"""The chat page, its live events and the files it shows."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from simulator.control import guarded, reply
from simulator.errors import ControlError
from simulator.world import World

STATIC = Path(__file__).parent / "static"
_CONTENT_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_KEEP_ALIVE_SECONDS = 15


class Page:
    def __init__(self, world: World, office_url: str) -> None:
        self._world = world
        # Anything but a web address (javascript:, data:) must not become a link.
        self._office_url = office_url if urlsplit(office_url).scheme in ("http", "https") else ""

    async def index(self, request: web.Request) -> web.Response:
        return self._static("index.html")

    async def asset(self, request: web.Request) -> web.Response:
        return self._static(request.match_info["name"])

    def _static(self, name: str) -> web.Response:
        path = STATIC / name
        if path.parent != STATIC or path.suffix not in _CONTENT_TYPES or not path.is_file():
            raise web.HTTPNotFound
        return web.Response(
            body=path.read_bytes(),
            content_type=_CONTENT_TYPES[path.suffix],
            charset="utf-8",
            headers=_SECURITY,
        )

    async def settings(self, request: web.Request) -> web.Response:
        return reply({"office_url": self._office_url, "bot": self._world.bot})

    async def file(self, request: web.Request) -> web.Response:
        """A photo to look at; everything else only as a download, never run by the browser."""
        file = self._world.files.find(request.match_info["file"])
        if file is None:
            raise ControlError("no such file", 404)
        headers = {**_SECURITY, "Cache-Control": "max-age=86400"}
        kind = "image/jpeg" if file.kind == "photo" else "application/octet-stream"
        if file.kind != "photo":
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=self._world.files.read(file), content_type=kind, headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: every change as one JSON object."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await stream.prepare(request)
        queue = self._world.news.listen()
        try:
            await stream.write(b": connected\n\n")
            while True:
                await stream.write(await _next_line(queue))
        except ConnectionError:
            # The page was closed; there is nobody left to tell.
            return stream
        finally:
            self._world.news.leave(queue)


async def _next_line(queue: asyncio.Queue[dict[str, Any]]) -> bytes:
    try:
        event = await asyncio.wait_for(queue.get(), _KEEP_ALIVE_SECONDS)
    except TimeoutError:
        return b": still here\n\n"
    return b"data: " + orjson.dumps(event) + b"\n\n"


def add_page_routes(app: web.Application, world: World, *, office_url: str) -> None:
    page = Page(world, office_url)
    app.router.add_get("/", guarded(page.index))
    app.router.add_get("/static/{name}", guarded(page.asset))
    app.router.add_get("/sim/settings", guarded(page.settings))
    app.router.add_get("/sim/file/{file}", guarded(page.file))
    app.router.add_get("/sim/events", guarded(page.events))
