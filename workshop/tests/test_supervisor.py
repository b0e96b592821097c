import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from workshop import supervisor


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Any:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        settings.PORT = probe.getsockname()[1]
    settings.HOST = "127.0.0.1"
    settings.DATA_DIR = tmp_path
    return settings


def test_a_second_start_says_that_one_is_running(place: Any) -> None:
    with (
        supervisor.only_one(),
        pytest.raises(supervisor.CannotStart, match=f"running already \\(process {os.getpid()}\\)"),
        supervisor.only_one(),
    ):
        pass
    with supervisor.only_one():
        pass


def test_a_taken_port_is_named_with_the_setting_that_cures_it(place: Any) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", place.PORT))
        other.listen()
        with pytest.raises(supervisor.CannotStart, match=rf":{place.PORT} .* make run PORT="):
            supervisor.check_ports()


def test_without_a_token_the_simulator_runs_beside_the_bot(place: Any) -> None:
    names = [child.name for child in supervisor.children({"TELEGRAM_BOT_TOKEN": ""})]
    assert names == ["web", "worker", "telegram", "bot"]
    simulator = supervisor.simulator({"TELEGRAM_BOT_TOKEN": "", "PATH": "/bin"})
    # It refuses to start beside anything that looks like a real bot.
    assert simulator.environment == {"PATH": "/bin"}
    assert str(place.PORT + 1) in simulator.command


def test_with_a_token_there_is_no_simulator(place: Any) -> None:
    place.TELEGRAM_BOT_TOKEN = "123456789:" + "a" * 35
    assert [child.name for child in supervisor.children({})] == ["web", "worker", "bot"]


def test_a_public_host_without_a_token_has_no_bot(place: Any) -> None:
    place.HOST = "0.0.0.0"
    assert [child.name for child in supervisor.children({})] == ["web", "worker"]
    assert "off: set TELEGRAM_BOT_TOKEN" in supervisor.addresses()


def test_the_addresses_show_the_demo_sign_ins_in_a_demonstration_only(place: Any) -> None:
    supervisor.sign_ins().write_text("Office manager: anna / demo")
    assert "anna / demo" not in supervisor.addresses()
    assert "createsuperuser" in supervisor.addresses()
    place.DEMO = True
    assert "anna / demo" in supervisor.addresses()
    assert f"http://127.0.0.1:{place.PORT}/admin/" in supervisor.addresses()


def test_a_probe_takes_an_answer_for_life_and_silence_for_death(place: Any) -> None:
    assert supervisor.answers("127.0.0.1", place.PORT, "/")() is False
