"""Servers for the tests: found or made, and their absence said aloud."""

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests import run
from workshop import local_services


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any server."""
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(local_services, "DEBIAN_FOLDERS", tmp_path / "none")
    monkeypatch.setattr(local_services, "_accepts", lambda *_: False)
    monkeypatch.setattr(local_services.util, "find_spec", lambda _: None)


@pytest.mark.usefixtures("bare")
def test_what_is_missing_is_named_with_its_cure() -> None:
    with (
        pytest.raises(local_services.Unavailable, match="Cure: apt-get install postgresql"),
        local_services.postgres(),
    ):
        pass
    with (
        pytest.raises(local_services.Unavailable, match="Cure: apt-get install redis-server"),
        local_services.redis(),
    ):
        pass


@pytest.mark.usefixtures("bare")
def test_a_url_that_was_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://elsewhere")
    with local_services.postgres() as (url, origin):
        assert (url, origin) == ("postgresql://elsewhere/x", "TEST_DATABASE_URL")
    with local_services.redis() as (url, _):
        assert url == "redis://elsewhere"


@pytest.mark.usefixtures("bare")
def test_the_summary_says_what_did_not_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def part(_part: str, name: str, _environment: object, _extra: object) -> run.Part:
        ran.append(name)
        return run.Part(name, 0, "3 passed, 0 failed, 0 errors, 0 skipped", 1.0, 0)

    monkeypatch.setattr(run, "_run", part)
    assert run.main([]) == 0
    assert ran == ["SQLite"]
    said = capsys.readouterr().out
    assert "ok     SQLite: 3 passed" in said
    assert "NOT RUN PostgreSQL: " in said
    assert "NOT RUN Redis: " in said
    assert "NOT RUN Browser: " in said
    assert run.main(["--postgres"]) == run.NO_TESTS, "nothing ran, which is no success"


def test_a_private_cluster_answers_and_goes_away() -> None:
    binaries = local_services.postgres_binaries()
    if binaries is None:
        pytest.skip("needs initdb")
    with local_services.cluster(binaries) as url:
        with psycopg.connect(url) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        assert Path(folder).exists()
    assert not Path(folder).exists()


def test_a_kept_cluster_keeps_its_rows() -> None:
    binaries = local_services.postgres_binaries()
    if binaries is None:
        pytest.skip("needs initdb")
    # Not tmp_path: as root the server runs as somebody who may not enter it.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for statement, rows in [
            ("CREATE TABLE kept AS SELECT 7 AS number", None),
            ("SELECT number FROM kept", (7,)),
        ]:
            with (
                local_services.cluster(binaries, Path(folder) / "kept") as url,
                psycopg.connect(url, autocommit=True) as connection,
            ):
                answer = connection.execute(statement)
                assert rows is None or answer.fetchone() == rows


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's folders are closed to the server")
def test_a_folder_closed_to_the_server_is_replaced(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    place = local_services._place(tmp_path / "kept", local_services.NOBODY)
    assert place.parent == Path("/var/tmp")
    place.rmdir()
    opened = local_services._place(None, local_services.NOBODY)
    assert opened.exists()
    opened.rmdir()


def test_redis_answers_on_a_port_of_its_own() -> None:
    try:
        with local_services.redis() as (url, _origin):
            import redis

            assert redis.Redis.from_url(url).ping() is True
    except local_services.Unavailable as reason:
        pytest.skip(str(reason))


def test_the_makefile_names_the_cure_without_a_python(tmp_path: Path) -> None:
    for tool in ("sh", "make"):
        found = next(
            Path(folder) / tool
            for folder in os.environ["PATH"].split(os.pathsep)
            if (Path(folder) / tool).exists()
        )
        (tmp_path / tool).symlink_to(found)
    done = subprocess.run(
        ["make", "python"],
        cwd=Path(__file__).parents[1],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Cure (Debian, Ubuntu): apt-get install python3 python3-venv" in done.stdout
