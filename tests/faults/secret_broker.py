"""A RabbitMQ whose users are turned: that of this machine, with a place and users of the run."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import count
from typing import Final
from urllib.parse import quote, urlsplit

import amqp
import kombu

from tests.faults.secret_files import new_secret

SETTING: Final = "CELERY_BROKER_URL"
_TOOL: Final = "rabbitmqctl"
_HOST: Final = "127.0.0.1:5672"


class Rabbit:
    """Its own tool makes users; it asks for the rights of the server's owner."""

    def __init__(self) -> None:
        self._place = f"faults-{os.getpid()}"
        self._numbers = count(1)
        self._users: set[str] = set()

    def __enter__(self) -> Rabbit:
        self._do("add_vhost", self._place)
        return self

    def __exit__(self, *_error: object) -> None:
        for user in self._users:
            self._do("delete_user", user)
        self._do("delete_vhost", self._place)

    def add_user(self) -> str:
        """The address with another user. Its password is typed: a command can be seen."""
        name, password = f"{self._place}-{next(self._numbers)}", new_secret()
        self._do("add_user", name, typed=password)
        self._users.add(name)
        self._do("set_permissions", "-p", self._place, name, ".*", ".*", ".*")
        return f"amqp://{name}:{quote(password)}@{_HOST}/{quote(self._place)}"

    def drop_user(self, address: str) -> None:
        name = urlsplit(address).username or ""
        self._do("delete_user", name)
        self._users.discard(name)

    def _do(self, *command: str, typed: str = "") -> None:
        subprocess.run([_TOOL, "--quiet", *command], input=typed.encode(), check=True, timeout=120)


def is_here() -> bool:
    """Does the tool reach a server on this machine?"""
    if shutil.which(_TOOL) is None:
        return False
    command = [_TOOL, "--quiet", "list_vhosts"]
    return subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == 0


def lets_in(address: str) -> bool:
    try:
        with kombu.Connection(address, connect_timeout=10) as connection:
            connection.connect()
    except (amqp.AccessRefused, amqp.NotAllowed, kombu.exceptions.OperationalError):
        return False
    return True
