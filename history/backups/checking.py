"""Prove that the newest backup can be brought back: into a scratch place, by the same command."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from history.backups import rotation
from history.backups.errors import BackupError

LONGEST: Final = 3 * 3600.0  # seconds
_WORDS: Final = 400
_WHO: Final = ("host", "port", "user", "password")
_TLS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def check(path: Path | None = None) -> Path:
    """Restore ``path`` (default: the newest backup) into a scratch database, with all its checks.

    Raises BackupError with the last words of the restore when it fails, or when there is no backup.
    """
    if path is None:
        newest = rotation.all_backups(settings.BACKUP_DIR)
        if not newest:
            raise BackupError("There is no backup yet.")
        path = newest[0]
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="check-", dir=settings.DATA_DIR) as place,
        _scratch(Path(place)) as url,
    ):
        _restore(path, environment_of(Path(place), url))
    return path


def environment_of(place: Path, url: str) -> dict[str, str]:
    """What the restore is told. Secrets go on as files: an environment is there to be read as long
    as its process runs. A file wins over a variable, so that those of this installation have to go:
    else the restore would be led to the workshop's own database.
    """
    given = {
        "DATA_DIR": str(place),
        "MEDIA_ROOT": str(place / "media"),
        "STATIC_ROOT": str(settings.STATIC_ROOT),
        "DEMO": "0",
    }
    for name, secret in {"DATABASE_URL": url, "BACKUP_IDENTITY": settings.BACKUP_IDENTITY}.items():
        kept = place / f"{name.lower()}.secret"
        kept.touch(mode=0o600)
        kept.write_text(secret, encoding="utf-8")
        given |= {name: "", f"{name}_FILE": str(kept)}
    others = {
        key: value for key, value in os.environ.items() if key.removesuffix("_FILE") not in given
    }
    return others | given


def _restore(path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(path.resolve())]
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"The restore took longer than {LONGEST / 3600:.0f} hours.") from error
    if done.returncode:
        raise BackupError(done.stderr.strip()[-_WORDS:] or f"restore ended with {done.returncode}")


@contextmanager
def _scratch(place: Path) -> Iterator[str]:
    """The address of an empty database of the same kind, removed afterwards."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{place / 'scratch.sqlite3'}"
        return
    name = f"backup_check_{secrets.token_hex(6)}"
    own: dict[str, Any] = dict(connection.get_connection_params())
    server = {key: own[key] for key in (*_WHO, *_TLS, "dbname") if key in own}

    def execute(statement: LiteralString) -> None:
        with psycopg.connect(**server, autocommit=True) as one:
            one.execute(sql.SQL(statement).format(sql.Identifier(name)))

    try:
        execute("CREATE DATABASE {} TEMPLATE template0")
    except psycopg.errors.InsufficientPrivilege as error:
        user = own.get("user", "")
        raise BackupError(
            f"{user} may not create the scratch database. Cure: ALTER ROLE {user} CREATEDB"
        ) from error
    try:
        yield _url(own, name)
    finally:
        execute("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def _url(own: dict[str, Any], name: str) -> str:
    who = quote(str(own.get("user", "")), safe="")
    if "password" in own:
        who += ":" + quote(str(own["password"]), safe="")
    port = f":{own['port']}" if own.get("port") else ""
    # The host too: the folder of a socket or an IPv6 address is not read before the port.
    more = urlencode([(key, own[key]) for key in ("host", *_TLS) if own.get(key)])
    return f"postgresql://{who}@{port}/{name}" + (f"?{more}" if more else "")
