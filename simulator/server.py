"""The HTTP face of the simulator: Bot API, files, control API and page in one aiohttp app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web

# Importing these modules registers their methods.
from simulator import api_media, api_messages  # noqa: F401
from simulator.api_bot import allowed_updates
from simulator.control import add_control_routes
from simulator.errors import ApiError
from simulator.faults import CutConnectionError
from simulator.methods import METHODS
from simulator.page import add_page_routes
from simulator.params import MAX_UPLOAD_BYTES, Params, read_params
from simulator.store import FLUSH_SECONDS
from simulator.webhook import deliver_by_webhook
from simulator.world import World

_GET_UPDATES = "getupdates"


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    """Abort the connection: the caller sees it break and cannot know what was done."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


class BotApi:
    def __init__(self, world: World) -> None:
        self._world = world

    async def call(self, request: web.Request) -> web.Response:
        world = self._world
        wanted = request.match_info["method"].lower()
        if request.match_info["token"] != world.token:
            return self._refuse(ApiError(401))
        if "Origin" in request.headers:
            # Only browsers send it: a foreign page must not play the bot with the public token.
            return self._refuse(ApiError(403, "bots are no browsers"))
        name, _ = METHODS.get(wanted, ("getUpdates" if wanted == _GET_UPDATES else "", None))
        if not name:
            return self._refuse(ApiError(404))
        params = Params()
        status, error = 200, ""
        result: Any = None
        try:
            params = await read_params(request)
            fault = world.faults.take(name, params.chat_id())
            if fault is not None:
                await fault.before_effect()
            result = await self._run(wanted, params)
            if fault is not None:
                await fault.after_effect()
        except ApiError as refusal:
            status, error = refusal.code, refusal.description
            return self._refuse(refusal)
        except CutConnectionError:
            status, error = 0, "connection cut"
            return _cut(request)
        finally:
            if name != "getUpdates" or status != 200:
                self._record(name, params, status=status, error=error, result=result)
        if name == "getUpdates":
            body = '{"ok":true,"result":[' + ",".join(result) + "]}"
            return web.Response(text=body, content_type="application/json")
        return _json({"ok": True, "result": result})

    async def _run(self, wanted: str, params: Params) -> Any:
        if wanted == _GET_UPDATES:
            self._world.queue.allow(allowed_updates(params))
            return await self._world.queue.poll(
                offset=params.integer("offset"),
                limit=params.integer("limit", 100),
                seconds=params.integer("timeout"),
            )
        return METHODS[wanted][1](self._world, params)

    def _record(self, name: str, params: Params, *, status: int, error: str, result: Any) -> None:
        fields: dict[str, Any] = {
            "method": name,
            "chat_id": params.chat_id(),
            "params": params.summary(),
            "status": status,
        }
        if error:
            fields["error"] = error
        if isinstance(result, dict) and "message_id" in result:
            fields["message_id"] = result["message_id"]
        self._world.ledger.add("call", **fields)
        self._world.news.changed()

    @staticmethod
    def _refuse(error: ApiError) -> web.Response:
        return _json(error.body(), error.code)

    async def download(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self._world.token:
            return self._refuse(ApiError(401))
        try:
            fault = self._world.faults.take("file", None)
            if fault is not None:
                await fault.before_effect()
        except ApiError as refusal:
            return self._refuse(refusal)
        except CutConnectionError:
            return _cut(request)
        file = self._world.files.find_path(request.match_info["path"])
        if file is None:
            return self._refuse(ApiError(404))
        return web.Response(
            body=self._world.files.read(file), content_type="application/octet-stream"
        )


async def _flush_what_changes(world: World) -> None:
    """Sleeps while nothing changes; looking for changes would wake the process all the time."""
    loop, dirty = asyncio.get_running_loop(), asyncio.Event()
    world.store.tell_when_dirty(lambda: loop.call_soon_threadsafe(dirty.set))
    while True:
        await dirty.wait()
        dirty.clear()
        await asyncio.sleep(FLUSH_SECONDS)
        world.store.flush()


def build_app(world: World, *, office_url: str = "") -> web.Application:
    """The whole simulator as an aiohttp application; the caller binds it to a loopback address."""
    app = web.Application(client_max_size=MAX_UPLOAD_BYTES + 1024 * 1024)
    api = BotApi(world)

    async def background(_: web.Application) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_flush_what_changes(world)),
            asyncio.create_task(deliver_by_webhook(world)),
        ]
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            # Cancelled a line above: this only waits until the task is really gone.
            with contextlib.suppress(asyncio.CancelledError):
                await task
        world.store.close()

    app.cleanup_ctx.append(background)
    app.router.add_route("*", "/bot{token}/{method}", api.call)
    app.router.add_get("/file/bot{token}/{path:.+}", api.download)
    add_control_routes(app, world)
    add_page_routes(app, world, office_url=office_url)
    return app
