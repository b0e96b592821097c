from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command

from workshop.management.commands import prepare


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Any:
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    return settings


def test_static_files_are_collected_once(place: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("prepare", files=True)
    assert "Collecting static files" in capsys.readouterr().out
    assert (place.STATIC_ROOT / "unfold").is_dir()
    call_command("prepare", files=True)
    assert capsys.readouterr().out == ""


def test_a_changed_static_file_is_collected_again(place: Any, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "a.css").write_text("a{}")
    place.STATICFILES_DIRS = [folder]
    first = prepare.fingerprint()
    (folder / "a.css").write_text("a{color:red}")
    assert prepare.fingerprint() != first


@pytest.mark.django_db
def test_demo_data_are_for_a_loopback_site_only(
    place: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    place.DEMO = True
    place.ALLOWED_HOSTS = ["workshop.example.org"]
    call_command("prepare")
    assert "No demo data: the site has a public host" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_cache_is_a_table(place: Any) -> None:
    from workshop.database import create_cache_table

    place.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache_of_this_test",
        }
    }
    try:
        create_cache_table("default")
        create_cache_table("default")
        caches["default"].set("k", "v", 60)
        assert caches["default"].get("k") == "v"
    finally:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS cache_of_this_test")
