"""A cable on loopback that can be cut: everything is taken, nothing comes out at the other end.

A refusal or a reset would be an answer. Here the near end goes on to accept connections and bytes
and keeps silent, as a firewall or a hung machine does; :meth:`Cable.mend` lets new connections
through again and drops those that were cut.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from typing import Self

BLOCK = 1 << 16


class Cable:
    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._server.setblocking(False)
        self.port: int = self._server.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._other: dict[socket.socket, socket.socket] = {}
        self._kept: list[socket.socket] = []  # accepted while cut: never read from
        self._held: list[socket.socket] = []
        self._orders = os.pipe()
        self._cut = self._hold = self._ended = False
        self._thread = threading.Thread(target=self._forward, daemon=True)

    def __enter__(self) -> Self:
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._orders[0], selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended = True
        self._tell()
        self._thread.join(10)

    def cut(self) -> None:
        """From now on nothing is forwarded, in either direction."""
        self._cut = True
        self._tell()

    def mend(self) -> None:
        self._cut = False
        self._tell()

    def hold(self) -> None:
        """From now on those that are connected wait, in both directions; others come through."""
        self._hold = True
        self._tell()

    def release(self) -> None:
        self._hold = False
        self._tell()

    def _tell(self) -> None:
        os.write(self._orders[1], b"!")

    def _forward(self) -> None:
        was_cut = False
        while not self._ended:
            for key, _events in self._selector.select(1.0):
                if key.fileobj == self._orders[0]:
                    os.read(self._orders[0], 64)
                elif key.fileobj is self._server:
                    self._accept()
                elif not self._cut and isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj)
            if self._cut and not was_cut:
                for one in self._other:
                    self._selector.unregister(one)
            elif was_cut and not self._cut:
                self._drop_all()
            was_cut = self._cut
            self._let_wait()
        self._drop_all()
        self._server.close()

    def _let_wait(self) -> None:
        if self._hold and not self._held:
            self._held = list(self._other)
            for one in self._held:
                self._selector.unregister(one)
        elif self._held and not self._hold:
            for one in self._held:
                self._selector.register(one, selectors.EVENT_READ)
            self._held = []

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            near, _address = self._server.accept()
            near.setblocking(True)
            if self._cut:
                self._kept.append(near)
                return
            try:
                far = self._reach()
            except OSError:  # nobody there: an answer, of the kind that a server gives
                near.close()
                return
            for one, other in ((near, far), (far, near)):
                self._other[one] = other
                self._selector.register(one, selectors.EVENT_READ)

    def _reach(self) -> socket.socket:
        host, port = self._target
        if not host.startswith("/"):
            return socket.create_connection(self._target, 5)
        far = socket.socket(socket.AF_UNIX)
        far.connect(f"{host}/.s.PGSQL.{port}")
        return far

    def _pass_on(self, one: socket.socket) -> None:
        other = self._other.get(one)
        if other is None:  # its other end has gone in this same round
            return
        try:
            data = one.recv(BLOCK)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (one, other):
                self._selector.unregister(end)
                del self._other[end]
                end.close()

    def _drop_all(self) -> None:
        for one in self._other:
            with contextlib.suppress(KeyError):
                self._selector.unregister(one)
            one.close()
        for one in self._kept:
            one.close()
        self._other.clear()
        self._kept.clear()
