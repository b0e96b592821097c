"""Where errors come up: each place as the program itself meets them there."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import pytest
from celery import current_app
from celery.app.trace import build_tracer
from django.db import connections
from django.test import Client

from botapp import notices
from botapp.models import InboundChat, InboundUpdate, OutgoingMessage
from botapp.testing import BOT_ID, BotDriver
from botapp.transport.port import Incoming, Person, Refused
from botapp.transport.webhook import PATH, SECRET_HEADER, WebhookServer
from botapp.workers import Turn, Workers
from history.jobs.declaring import declared_jobs
from history.jobs.running import run_by_hand
from history.models import Outbox
from history.relay import relay_outbox
from integrations.services.webhook_queue import Claimed
from integrations.webhooks.dispatch import Dispatcher
from receipts.services.facts import add_comment
from tests.canaries.traffic import Doors
from workshop.lib import clock, uncaught
from workshop.lib.correlation import caused_by
from workshop.lib.threads import DatabaseThreads

Break = Callable[[], None]
Answers = list[str]


class Places:
    """``broken(name, fail)`` lets ``fail`` come up there; ``answers`` is what people were told."""

    def __init__(self, doors: Doors, patch: pytest.MonkeyPatch) -> None:
        self.doors, self.patch = doors, patch
        self.answers: Answers = []
        self._client = Client(raise_request_exception=False)

    def broken(self, name: str, fail: Break) -> None:
        with self.patch.context() as patch:
            PLACES[name](self, patch, fail)

    def tell(self, answer: Any) -> None:
        self.answers.append(answer.content.decode())


def page(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    patch.setattr("workshop.views.health.look", fail)
    places.tell(places._client.get("/health/ready"))


def api(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    patch.setattr("workshop.lib.api.views.ApiView.initial", lambda *_some, **_more: fail())
    places.tell(places.doors.caller.get("/receipts/"))


def api_write(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    patch.setattr("receipts.locks.receipt", lambda *_some, **_more: fail())
    place = f"/receipts/{places.doors.receipt.pk}/comments/"
    places.tell(places.doors.caller.post(place, {"text": "x"}))


def office(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    place = "django.contrib.admin.options.ModelAdmin.get_changelist_instance"
    patch.setattr(place, lambda *_some: fail())
    places.tell(places.doors.office.get("/admin/receipts/receipt/"))


def step(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    """A worker of the bot, with the last attempt."""
    patch.setattr("botapp.dialogs.engine.Engine.react", lambda _engine: fail())
    patch.setattr("botapp.inbox.record_failure", lambda _row, _error: True)
    driver = BotDriver(raising=False, pause=True)
    cast = places.doors.cast
    who = Person(cast.igor.telegram_id or 0, "", "ru")
    driver.feed(Incoming(kind="text", chat_id=who.id, private=True, person=who, text="x"), _next())
    asyncio.run(_work_off(driver, who.id))


class _Door:
    bot_id = BOT_ID

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    async def process(self, raw: str, handle: Any) -> None:
        await handle(Incoming.from_json(json.loads(raw)))


async def _work_off(driver: BotDriver, chat_id: int) -> None:
    threads = DatabaseThreads(1)
    door: Any = _Door(driver.transport)
    workers = Workers(door, threads, owner="canaries")

    def take() -> list[InboundUpdate]:
        from botapp import inbox

        inbox.take([chat_id], "canaries", "token")
        return list(inbox.rows_of(chat_id))

    def let_go() -> None:
        from botapp import inbox

        inbox.release(chat_id, "token")

    for row in await threads.run(take):
        await workers._handle(Turn(chat_id, "token"), row, None)
    await threads.run(let_go)
    await threads.close()


def relay(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    doors = places.doors
    add_comment(receipt_id=doors.receipt.pk, text="x", actor=doors.cast.actor("igor"))
    patch.setattr("history.relay.consumers", lambda: {"canaries": lambda _event: fail()})
    relay_outbox()
    Outbox.objects.filter(done_at=None).update(done_at=clock.now())


def job(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    declared = next(iter(declared_jobs().values()))
    run_by_hand(replace(declared, work=lambda _turn: fail()))


def task(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    def work() -> None:
        fail()

    one = current_app.task(work, name="canaries.task", ignore_result=True, shared=False)
    try:
        trace = build_tracer(one.name, one, app=current_app)
        trace("0f8fad5b", (), {}, {"id": "0f8fad5b", "task": one.name, "is_eager": False})
    finally:
        current_app.tasks.pop(one.name)


def webhook(_places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    async def post(*_some: Any, **_more: Any) -> None:
        fail()

    async def call() -> None:
        one = Claimed(1, 1, "t", "msg_1", "{}", "https://x.example/", 1, ("whsec_AAAA",), "tg-1-1")
        with caused_by(one.correlation_id):
            await Dispatcher(DatabaseThreads(1), owner="canaries")._call(None, one)  # type: ignore[arg-type]

    patch.setattr("integrations.webhooks.dispatch.post", post)
    asyncio.run(call())


def _assign(places: Places) -> None:
    """Something that is told to somebody."""
    from receipts.services.assignment import assign
    from tests.cast import make_receipt

    receipt, cast = make_receipt(places.doors.cast, f"N-{_next()}"), places.doors.cast
    places.doors.bot.notify()
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))


def notice_text(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    _assign(places)
    patch.setattr(notices, "render", lambda *_some, **_more: fail())
    places.doors.bot.notify()
    OutgoingMessage.objects.exclude(state="sent").update(state="dead")


def notice_sending(places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    _assign(places)
    try:
        fail()
    except Exception as error:
        refusal = Refused(str(error))
        refusal.__cause__ = error
        places.doors.bot.transport.fail.append(refusal)
    places.doors.bot.notify()


def screen(places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    """Not even the apology can be drawn."""
    patch.setattr("botapp.dialogs.engine.Engine.react", lambda _engine: fail())
    patch.setattr("botapp.dialogs.engine.Engine.draw", lambda *_some, **_more: fail())
    patch.setattr("botapp.inbox.record_failure", lambda _row, _error: True)
    driver = BotDriver(raising=False)
    who = Person(places.doors.cast.igor.telegram_id or 0, "", "ru")
    incoming = Incoming(kind="text", chat_id=who.id, private=True, person=who, text="x")
    with caused_by("tg-1-2"):
        try:
            driver.feed(incoming, _next())
        except Exception:
            logging.getLogger("botapp.tests").exception("it cannot be drawn")
    InboundUpdate.objects.filter(state="new").update(state="done", done_at=clock.now())
    InboundChat.objects.update(token="", owner="", lease_until=None)


def loop(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    """A task that nobody waits for."""

    async def main() -> None:
        async def work() -> None:
            fail()

        lost = asyncio.create_task(work())
        await asyncio.wait([lost])
        del lost
        gc.collect()

    asyncio.run(main())


def thread(_places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    patch.setattr(threading, "excepthook", uncaught._end_of_thread)

    def work() -> None:
        try:
            fail()
        finally:
            connections.close_all()

    one = threading.Thread(target=work)
    one.start()
    one.join()


def program(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    try:
        fail()
    except Exception as error:
        uncaught._end_of_program(type(error), error, error.__traceback__)


def unraisable(_places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    patch.setattr(sys, "unraisablehook", uncaught._unraisable)

    class Dying:
        def __del__(self) -> None:
            fail()

    Dying()
    gc.collect()


def warning(_places: Places, patch: pytest.MonkeyPatch, fail: Break) -> None:
    try:
        fail()
    except Exception as error:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            patch.setattr(warnings, "showwarning", uncaught._warning)
            warnings.warn(str(error), RuntimeWarning, stacklevel=1)


def library(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    """What others write into the log, put together or not."""
    found = logging.getLogger("somebody.else")
    try:
        fail()
    except Exception as error:
        found.exception(f"it failed: {error}")
        found.exception("it failed: %s, %r", error, error)
        found.error(error, stack_info=True)
        found.warning("%(error)s", {"error": error}, extra={"request": error, "data": str(error)})


def server(_places: Places, _patch: pytest.MonkeyPatch, fail: Break) -> None:
    """The bot's own server of updates."""

    async def keep(_batch: Any) -> bool:
        fail()
        return True

    async def main() -> None:
        one = WebhookServer("127.0.0.1", 0, "secret", keep)
        running = asyncio.create_task(one.run())
        while not one.port:
            await asyncio.sleep(0)
        async with aiohttp.ClientSession() as session:
            chat = {"id": 1, "type": "private", "first_name": "x"}
            body = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat}}
            url = f"http://127.0.0.1:{one.port}{PATH}"
            async with session.post(url, json=body, headers={SECRET_HEADER: "secret"}) as answer:
                assert answer.status >= 400
                _places.answers.append(await answer.text())
        one.stop()
        await running

    asyncio.run(main())


_count = SimpleNamespace(last=10_000)


def _next() -> int:
    _count.last += 1
    return _count.last


Place = Callable[[Places, pytest.MonkeyPatch, Break], None]
PLACES: Final[Mapping[str, Place]] = {
    one.__name__: one
    for one in (
        page, api, api_write, office, step, screen, relay, job, task, webhook, notice_text,
        notice_sending, loop, thread, program, unraisable, warning, library, server,
    )
}  # fmt: skip
