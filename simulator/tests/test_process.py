"""Restarts, safety of the process, and a whole Application on top."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.ext import ApplicationBuilder, ContextTypes, MessageHandler, filters

from simulator.__main__ import main
from simulator.testing import SimServer

from .conftest import PERSON


async def call(sim: SimServer, name: str, *arguments: Any, **named: Any) -> Any:
    async with Bot(sim.token, base_url=sim.base_url, base_file_url=sim.base_file_url) as bot:
        return await getattr(bot, name)(*arguments, **named)


def test_ids_messages_and_pending_updates_survive_a_restart(tmp_path: Path) -> None:
    with SimServer(limits=False, folder=tmp_path) as sim:
        sim.client.add_person(PERSON, "Игорь")
        sim.client.start(PERSON)
        photo = sim.client.send_photo(PERSON)
        sent = asyncio.run(call(sim, "send_message", PERSON, "до"))
        updates = asyncio.run(call(sim, "get_updates"))
        asyncio.run(call(sim, "get_updates", offset=updates[0].update_id + 1))
        asyncio.run(call(sim, "set_my_commands", [("start", "Меню")]))
        sim.client.shift_clock(60)
        entries = sim.client.ledger()
    with SimServer(limits=False, folder=tmp_path) as sim:
        people = sim.client
        assert people.pending() == 1
        assert [message["id"] for message in people.chat(PERSON)] == [photo - 1, photo, sent.id]
        assert len(people.file(people.chat(PERSON)[1]["photo"])) > 1000
        assert people.ledger()[: len(entries)] == entries
        assert people.request("GET", "/sim/clock")["shift"] == 60
        assert len(people.request("GET", f"/sim/commands?chat={PERSON}")) == 1
        again = asyncio.run(call(sim, "send_message", PERSON, "после"))
        assert again.id == sent.id + 1
        (pending,) = asyncio.run(call(sim, "get_updates"))
        assert pending == updates[1]
        people.send_text(PERSON, "x")
        assert asyncio.run(call(sim, "get_updates"))[-1].update_id == pending.update_id + 1


def test_a_reset_forgets_everything_but_the_counters(tmp_path: Path) -> None:
    with SimServer(limits=False, folder=tmp_path) as sim:
        sim.client.add_person(PERSON, "Игорь")
        first = sim.client.start(PERSON)
        (update,) = asyncio.run(call(sim, "get_updates"))
        sim.client.reset()
        assert sim.client.request("GET", "/sim/people")["people"] == []
    with SimServer(limits=False, folder=tmp_path) as sim:
        assert sim.client.pending() == 0
        sim.client.add_person(PERSON, "Игорь")
        assert sim.client.start(PERSON) == first + 1
        (later,) = asyncio.run(call(sim, "get_updates"))
        assert later.update_id == update.update_id + 1


def test_an_application_polls_and_answers(sim: SimServer) -> None:
    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(f"вы написали: {update.message.text}")

    async def scenario() -> str:
        builder = ApplicationBuilder().token(sim.token)
        app = builder.base_url(sim.base_url).base_file_url(sim.base_file_url).build()
        app.add_handler(MessageHandler(filters.TEXT, echo))
        async with app:
            assert app.updater is not None
            await app.start()
            await app.updater.start_polling(timeout=5)
            await asyncio.to_thread(sim.client.send_text, PERSON, "привет")
            seen = await asyncio.to_thread(sim.client.wait_text, PERSON, "вы написали")
            await app.updater.stop()
            await app.stop()
        return str(seen["text"])

    assert asyncio.run(scenario()) == "вы написали: привет"


def test_it_refuses_to_start_beside_the_real_bot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:real")
    assert main([]) == 2
    assert "TELEGRAM_BOT_TOKEN is set" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_it_binds_to_loopback_only(
    host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    assert main(["--host", host]) == 2
    assert "loopback" in capsys.readouterr().err


def test_a_token_must_look_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    assert main(["--token", "nonsense"]) == 2


def test_the_command_line_serves_and_stops_in_order(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    people.write_text('[{"id": 1001, "first_name": "Игорь", "role": "Контролёр ОТК"}]')
    environment = {key: value for key, value in os.environ.items() if "TELEGRAM" not in key}
    options = ["--port", "0", "--data", str(tmp_path / "data"), "--people", str(people)]
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", *options],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert "Demonstration Telegram: http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    assert (tmp_path / "data" / "simulator.sqlite3").exists()


def test_the_apps_never_import_it() -> None:
    root = Path(__file__).parents[2]
    apps = [
        "workshop",
        "history",
        "staff",
        "receipts",
        "polishing",
        "analytics",
        "integrations",
        "botapp",
    ]
    for path in (file for app in apps for file in (root / app).rglob("*.py")):
        if "tests" in path.parts:
            continue
        source = path.read_text(encoding="utf-8")
        assert "import simulator" not in source, path
        assert "from simulator" not in source, path
