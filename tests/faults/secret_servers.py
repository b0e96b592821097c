"""PostgreSQL and Redis that ask for passwords, and whose passwords are turned."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from tests.faults import programs
from tests.faults.secret_files import new_secret
from tests.faults.setup import wait_until

OWNER: Final = "repassage"
# The run itself counts from outside of the roles whose passwords are turned.
COUNTS: Final = "faults"
_LETS_IN: Final = (
    f"local all postgres trust\nlocal all {COUNTS} trust\nlocal all all scram-sha-256\n"
)


class Postgres(programs.Postgres):
    """Everybody but the owner of the server and this run needs a password."""

    def start(self) -> None:
        super().start()
        with psycopg.connect(self.url) as connection:
            (place,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        Path(place).write_text(_LETS_IN)
        self.do("SELECT pg_reload_conf()")
        self.do(f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD {{}}", new_secret())
        self.do(f"CREATE ROLE {COUNTS} LOGIN IN ROLE {OWNER}")
        self.do(f"ALTER ROLE {COUNTS} SET role = {OWNER}")

    def do(self, statement: str, *values: str) -> None:
        """As the owner of the server; values are quoted."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            text = sql.SQL(statement)  # names of this module alone
            connection.execute(text.format(*map(sql.Literal, values)))

    def address(self, role: str, password: str = "", *, of: str = "") -> str:
        """Of the server, or of the same database as another address."""
        parts = urlsplit(self.url)
        who = f"{role}:{quote(password)}" if password else role
        path = urlsplit(of).path if of else parts.path
        return urlunsplit(parts._replace(netloc=f"{who}@", path=path))


def lets_in(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


class Redis(programs.Redis):
    """Its password comes over stdin: a command shows what stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self.password = new_secret()

    def address(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        lines = ["bind 127.0.0.1", f"port {self._port}", 'save ""', f"requirepass {self.password}"]
        self._process = subprocess.Popen(
            [self._binary, "-"],
            cwd=tempfile.gettempdir(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self._process.stdin is not None:
            self._process.stdin.write("\n".join([*lines, ""]).encode())
            self._process.stdin.close()
        wait_until(lambda: knows(self.address()))

    def add_password(self) -> str:
        """Another one beside the present one; the former address."""
        former = self.address()
        with redis.Redis.from_url(former) as client:
            new = new_secret()
            client.execute_command("ACL", "SETUSER", "default", f">{new}")
        self.password = new
        return former

    def drop_password(self, former: str) -> None:
        with redis.Redis.from_url(self.address()) as client:
            client.execute_command("ACL", "SETUSER", "default", f"<{urlsplit(former).password}")


def knows(address: str) -> bool:
    """Does a Redis let this one in?"""
    try:
        with redis.Redis.from_url(address) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
