"""The control API under /sim/: JSON in, JSON out, for the page, the tests and the benchmarks."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import BodyPartReader, web

from simulator import actions, groups
from simulator.api_bot import commands_for
from simulator.errors import ControlError
from simulator.loopback import is_loopback
from simulator.params import Upload
from simulator.views import chat_view, message_view, person_view
from simulator.world import World

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_WAIT = 60.0


def reply(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def guarded(handler: Handler) -> Handler:
    """Answers mistakes as JSON and refuses what another web site in the browser could send."""

    async def run(request: web.Request) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        origin = urlsplit(request.headers.get("Origin", "http://localhost")).hostname or ""
        if not is_loopback(host) or not is_loopback(origin):
            return reply({"error": "only pages of this computer may use the simulator"}, 403)
        try:
            return await handler(request)
        except ControlError as error:
            return reply({"error": str(error)}, error.status)
        except ValueError as error:
            return reply({"error": str(error)}, 400)

    return run


async def _body(request: web.Request) -> Json:
    raw = await request.read()
    body = orjson.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ControlError("a JSON object is expected")
    return body


async def _body_with_files(request: web.Request) -> tuple[Json, list[tuple[str, Upload]]]:
    """A JSON body, or multipart: the JSON in the field "payload" and files beside it."""
    if request.content_type != "multipart/form-data":
        return await _body(request), []
    body: Json = {}
    uploads: list[tuple[str, Upload]] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ControlError("nested multipart is not supported")
        data = bytes(await part.read())
        if part.filename is None:
            body = orjson.loads(data)
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append((part.name or "", Upload(part.filename, mime, data)))
    return body, uploads


class Control:
    def __init__(self, world: World) -> None:
        self._world = world

    async def _wait(self, request: web.Request, condition: Callable[[], bool]) -> None:
        seconds = min(float(request.query.get("wait", 0)), _LONGEST_WAIT)
        if seconds > 0:
            await self._world.news.wait(condition, seconds)

    async def people(self, request: web.Request) -> web.Response:
        people = self._world.people
        return reply(
            {
                "people": [person_view(self._world, each) for each in people.people.values()],
                "groups": [person_view(self._world, each) for each in people.groups.values()],
                "bot": self._world.bot,
            }
        )

    async def add_person(self, request: web.Request) -> web.Response:
        person = self._world.people.add_person(await _body(request))
        self._world.news.publish({"type": "person", "person": person["id"]})
        return reply(person)

    async def add_group(self, request: web.Request) -> web.Response:
        world = self._world
        group = world.people.add_group(await _body(request))
        if group["members"] and group["bot_present"]:
            left = {"status": "left", "user": world.bot}
            member = {"status": "member", "user": world.bot}
            update = {
                "chat": world.people.chat(group["id"]),
                "from": world.people.user(world.people.person(group["members"][0])["id"]),
                "date": int(world.now()),
                "old_chat_member": left,
                "new_chat_member": member,
            }
            world.queue.emit("my_chat_member", update)
        world.news.publish({"type": "person", "person": group["id"]})
        return reply(group)

    async def send(self, request: web.Request) -> web.Response:
        body, uploads = await _body_with_files(request)
        return reply({"message_ids": actions.send(self._world, body, uploads)})

    async def start(self, request: web.Request) -> web.Response:
        body = await _body(request)
        text = f"/start {body.get('payload', '')}".strip()
        return reply({"message_ids": actions.send(self._world, {**body, "text": text})})

    async def edit(self, request: web.Request) -> web.Response:
        actions.edit(self._world, await _body(request))
        return reply({})

    async def press(self, request: web.Request) -> web.Response:
        return reply(actions.press(self._world, await _body(request)))

    async def bulk(self, request: web.Request) -> web.Response:
        """`sends` and `presses` become updates in that order; `updates` are taken as they are."""
        body = await _body(request)
        queue = self._world.queue
        first = queue.next_id
        sent = [actions.send(self._world, each) for each in body.get("sends", [])]
        pressed = [actions.press(self._world, each) for each in body.get("presses", [])]
        for update in body.get("updates", []):
            queue.emit_raw({"update_id": queue.next_id, **update})
        return reply(
            {
                "first_update_id": first,
                "next_update_id": queue.next_id,
                "message_ids": sent,
                "presses": pressed,
            }
        )

    async def redeliver(self, request: web.Request) -> web.Response:
        body = await _body(request)
        return reply({"callback_id": actions.redeliver(self._world, body)})

    async def block(self, request: web.Request) -> web.Response:
        body = await _body(request)
        actions.block(self._world, body.get("person"), blocked=body.get("blocked", True))
        return reply({})

    async def presence(self, request: web.Request) -> web.Response:
        groups.set_presence(self._world, await _body(request))
        return reply({})

    async def upgrade(self, request: web.Request) -> web.Response:
        return reply(groups.upgrade(self._world, await _body(request)))

    async def chat(self, request: web.Request) -> web.Response:
        """`?limit=` newest messages, `before=` a message id; `after=` a version with `wait=` s;
        `deleted=1`: those that nobody sees any more, too."""
        chat_id = int(request.match_info["chat"])
        if not self._world.people.known(chat_id):
            raise ControlError(f"no such chat: {chat_id}", 404)
        seen = int(request.query.get("after", -1))
        await self._wait(request, lambda: self._world.news.version > seen)
        limit = int(request.query.get("limit", 200))
        before = int(request.query.get("before", 0))
        deleted = request.query.get("deleted") == "1"
        view = chat_view(self._world, chat_id, limit=limit, before=before, deleted=deleted)
        return reply(view)

    async def message(self, request: web.Request) -> web.Response:
        chat_id, number = (int(request.match_info[key]) for key in ("chat", "message"))
        record = self._world.find_message(chat_id, number)
        if record is None:
            raise ControlError("no such message", 404)
        return reply(message_view(self._world, record))

    async def callback(self, request: web.Request) -> web.Response:
        """What a person was told after a press: `answer` is null as long as nothing came."""
        callback = self._world.callbacks.get(request.match_info["callback"])
        if callback is None:
            raise ControlError("no such callback", 404)
        await self._wait(request, lambda: callback["answer"] is not None)
        return reply(callback)

    async def commands(self, request: web.Request) -> web.Response:
        chat_id = int(request.query["chat"])
        return reply(commands_for(self._world, chat_id, request.query.get("language", "")))

    async def pending(self, request: web.Request) -> web.Response:
        world = self._world
        await self._wait(request, lambda: not world.queue.pending)
        unanswered = sum(1 for each in world.callbacks.values() if each["answer"] is None)
        return reply(
            {
                "updates": len(world.queue.pending),
                "unanswered_callbacks": unanswered,
                "polling": world.queue.polling,
            }
        )

    async def ledger(self, request: web.Request) -> web.Response:
        ledger = self._world.ledger
        after = int(request.query.get("after", 0))
        await self._wait(request, lambda: ledger.last > after)
        limit = int(request.query.get("limit", 10_000))
        return reply({"entries": ledger.after(after, limit), "last": ledger.last})

    async def faults(self, request: web.Request) -> web.Response:
        """GET lists the script, POST adds one fault or `faults`, DELETE clears it."""
        faults = self._world.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            body = await _body(request)
            for each in body.get("faults", [body]):
                faults.add(each)
        return reply({"faults": faults.listing()})

    async def clock(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self._world.shift_clock(float((await _body(request)).get("shift", 0)))
        return reply({"now": self._world.now(), "shift": self._world.shift})

    async def limits(self, request: web.Request) -> web.Response:
        changes = await _body(request) if request.method == "POST" else None
        limits = self._world.limits
        return reply(limits.configure(changes) if changes else vars(limits.numbers))

    async def revoke(self, request: web.Request) -> web.Response:
        """What BotFather does on /revoke: the old token opens nothing from now on."""
        return reply({"token": self._world.revoke()})

    async def reset(self, request: web.Request) -> web.Response:
        self._world.reset()
        return reply({})


def add_control_routes(app: web.Application, world: World) -> None:
    control = Control(world)
    routes: list[tuple[str, str, Handler]] = [
        ("GET", "/sim/people", control.people),
        ("POST", "/sim/people", control.add_person),
        ("POST", "/sim/groups", control.add_group),
        ("POST", "/sim/send", control.send),
        ("POST", "/sim/start", control.start),
        ("POST", "/sim/edit", control.edit),
        ("POST", "/sim/press", control.press),
        ("POST", "/sim/bulk", control.bulk),
        ("POST", "/sim/redeliver", control.redeliver),
        ("POST", "/sim/block", control.block),
        ("POST", "/sim/presence", control.presence),
        ("POST", "/sim/upgrade", control.upgrade),
        ("GET", "/sim/chat/{chat:-?[0-9]+}", control.chat),
        ("GET", "/sim/chat/{chat:-?[0-9]+}/{message:[0-9]+}", control.message),
        ("GET", "/sim/callback/{callback}", control.callback),
        ("GET", "/sim/commands", control.commands),
        ("GET", "/sim/pending", control.pending),
        ("GET", "/sim/ledger", control.ledger),
        ("*", "/sim/faults", control.faults),
        ("*", "/sim/clock", control.clock),
        ("*", "/sim/limits", control.limits),
        ("POST", "/sim/revoke", control.revoke),
        ("POST", "/sim/reset", control.reset),
    ]
    for verb, path, handler in routes:
        app.router.add_route(verb, path, guarded(handler))
