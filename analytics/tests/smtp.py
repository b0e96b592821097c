"""A small SMTP server on loopback: real sockets, real refusals."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Post:
    """What arrived, and how the server behaves: ``refuse`` answers RCPT, ``cut`` ends without an
    answer after the message was taken, ``lets_in`` judges the password, which it then asks for."""

    port: int = 0
    refuse: str = ""
    cut: bool = False
    lets_in: Callable[[str], bool] | None = None
    box: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


class _Session:
    def __init__(
        self, post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.post, self.reader, self.writer = post, reader, writer
        self.is_in = False

    def say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())

    async def run(self) -> None:
        self.say("220 loopback")
        while line := (await self.reader.readline()).decode():
            word = line.split(None, 1)[0].upper()
            if word == "QUIT":
                self.say("221 bye")
                break
            if not await self.answer(word, line):
                break
            await self.writer.drain()
        self.writer.close()

    async def answer(self, word: str, line: str) -> bool:
        if word == "EHLO" and self.post.lets_in:
            self.say("250-loopback\r\n250 AUTH PLAIN")
        elif word == "AUTH" and self.post.lets_in:
            self.sign_in(self.post.lets_in, line)
        elif word == "MAIL" and self.post.lets_in and not self.is_in:
            self.say("530 sign in first")
        elif word == "RCPT" and self.post.refuse:
            self.say(self.post.refuse)
        elif word == "RCPT":
            self.post.recipients.append(line.partition("<")[2].partition(">")[0])
            self.say("250 ok")
        elif word == "DATA":
            self.say("354 go on")
            await self.writer.drain()
            content = await self.reader.readuntil(b"\r\n.\r\n")
            whole = content[:-3].replace(b"\r\n..", b"\r\n.")
            self.post.box.append(message_from_bytes(whole, policy=policy.default))
            if self.post.cut:
                return False
            self.say("250 taken")
        else:
            self.say("250 ok")
        return True

    def sign_in(self, lets_in: Callable[[str], bool], line: str) -> None:
        """A refusal repeats the password: nobody may pass on what a server answers."""
        _nobody, _name, password = base64.b64decode(line.split()[2]).decode().split("\0")
        self.is_in = lets_in(password)
        self.say("235 come in" if self.is_in else f"535 5.7.8 wrong password {password}")


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Post]:
    """The server in a thread of its own, for the length of a block."""
    post, started, loop = Post(), threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _Session(post, reader, writer).run()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
        post.port = server.sockets[0].getsockname()[1]
        started.set()

    def turn() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    started.wait(5)
    try:
        yield post
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
