"""A synchronous client of the control API that acts and looks like people.

It needs nothing but the standard library, so benchmarks and tests of any kind can use it.
"""

import http.client
import json
import mimetypes
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

Json = dict[str, Any]
Files = Sequence[tuple[str, str, bytes]]


class SimulatorRefusedError(AssertionError):
    """The control API refused: a button that is not there, an unknown person."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


class SimClient:
    """Synchronous and thread-safe: every thread gets a connection of its own."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._address = urlsplit(origin).netloc
        self._local = threading.local()

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=90)
            self._local.connection = connection
        return connection

    def request(self, verb: str, path: str, body: Any = None, files: Files = ()) -> Any:
        """One call of the control API; raises SimulatorRefusedError for a 4xx or 5xx."""
        data, headers = _encode(body, files) if body is not None else (None, {})
        connection = self._connection()
        try:
            connection.request(verb, path, data, headers)
            response = connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if response.status >= 400:
            raise SimulatorRefusedError(response.status, raw.decode(errors="replace"))
        is_json = response.headers.get_content_type() == "application/json"
        return json.loads(raw) if is_json else raw

    # People and groups

    def add_person(self, person_id: int, first_name: str, **more: Any) -> Json:
        """`started=True` for someone who has pressed Start before."""
        body = {"id": person_id, "first_name": first_name, **more}
        return dict(self.request("POST", "/sim/people", body))

    def add_group(self, group_id: int, title: str, members: Sequence[int], **more: Any) -> Json:
        body = {"id": group_id, "title": title, "members": list(members), **more}
        return dict(self.request("POST", "/sim/groups", body))

    def block(self, person: int, *, blocked: bool = True) -> None:
        self.request("POST", "/sim/block", {"person": person, "blocked": blocked})

    def set_presence(self, group_id: int, person: int, *, present: bool) -> None:
        """A member takes the bot out of the group, or lets it in again."""
        body = {"chat_id": group_id, "person": person, "present": present}
        self.request("POST", "/sim/presence", body)

    def upgrade(self, group_id: int, person: int) -> int:
        """Make a supergroup of the group; its new number."""
        body = {"chat_id": group_id, "person": person}
        return int(self.request("POST", "/sim/upgrade", body)["id"])

    # What people send

    def send(self, person: int, *, files: Files = (), **what: Any) -> list[int]:
        """Anything `/sim/send` takes; returns the message ids."""
        body = {"person": person, **what}
        return list(self.request("POST", "/sim/send", body, files)["message_ids"])

    def start(self, person: int, payload: str = "") -> int:
        body = {"person": person, "payload": payload}
        return int(self.request("POST", "/sim/start", body)["message_ids"][0])

    def send_text(self, person: int, text: str, **more: Any) -> int:
        return self.send(person, text=text, **more)[0]

    def send_photo(self, person: int, data: bytes | None = None, **more: Any) -> int:
        """A drawn picture, or `data` as the picture file."""
        if data is None:
            return self.send(person, photo=True, **more)[0]
        return self.send(person, files=[("photo", "photo.jpg", data)], **more)[0]

    def send_album(self, person: int, count: int = 3, **more: Any) -> list[int]:
        return self.send(person, album=count, **more)

    def send_document(self, person: int, name: str, data: bytes, **more: Any) -> int:
        return self.send(person, files=[("document", name, data)], **more)[0]

    def sticker(self, person: int, emoji: str = "👍", **more: Any) -> int:
        return self.send(person, sticker=emoji, **more)[0]

    def voice(self, person: int, seconds: int = 5, **more: Any) -> int:
        return self.send(person, voice=seconds, **more)[0]

    def forward(self, person: int, text: str, **more: Any) -> int:
        return self.send(person, text=text, forwarded=True, **more)[0]

    def edit(self, person: int, message_id: int, text: str, **more: Any) -> None:
        body = {"person": person, "message_id": message_id, "text": text, **more}
        self.request("POST", "/sim/edit", body)

    def press(
        self,
        person: int,
        text: str | None = None,
        *,
        data: str | None = None,
        message: Json | None = None,
        chat_id: int | None = None,
    ) -> str:
        """Press a button by its text or its data; returns the callback id ("" for a link).

        With `message`, a screen seen earlier, the button is looked up on *that* picture of it:
        so a test presses a keyboard the bot has replaced meanwhile.
        """
        body: Json = {"person": person, "chat_id": chat_id or person}
        if message is not None:
            body["message_id"] = message["id"]
            body["chat_id"] = message["chat_id"]
            if data is None:
                data = _button_data(message, text)
        body |= {"data": data} if data is not None else {"text": text}
        return str(self.request("POST", "/sim/press", body).get("callback_id", ""))

    def answer(self, callback_id: str, *, wait: float = 5) -> Json | None:
        """What the person was told (`text`, `show_alert`), None when no answer came in time."""
        path = f"/sim/callback/{quote(callback_id)}?wait={wait}"
        found: Json | None = self.request("GET", path)["answer"]
        return found

    def redeliver_last(self) -> str:
        return str(self.request("POST", "/sim/redeliver", {})["callback_id"])

    def bulk(
        self,
        sends: Sequence[Json] = (),
        *,
        presses: Sequence[Json] = (),
        updates: Sequence[Json] = (),
    ) -> Json:
        """Many at once; `updates` are complete Update objects, also with old ids."""
        body = {"sends": list(sends), "presses": list(presses), "updates": list(updates)}
        return dict(self.request("POST", "/sim/bulk", body))

    # What people see

    def chat(self, chat_id: int, *, deleted: bool = False, limit: int = 200) -> list[Json]:
        """The newest visible messages, oldest first; with ``deleted`` the others among them."""
        path = f"/sim/chat/{chat_id}?limit={limit}&deleted={int(deleted)}"
        return list(self.request("GET", path)["messages"])

    def last_screen(self, chat_id: int) -> Json | None:
        """The newest message of the bot that carries buttons."""
        return _last_screen(self.chat(chat_id))

    def wait_for(
        self, chat_id: int, condition: Callable[[list[Json]], Any], *, seconds: float = 5
    ) -> Any:
        """Wait until `condition(visible messages)` is true; returns what it returned.

        Raises AssertionError with the chat's text when it does not come true in time.
        """
        deadline = time.monotonic() + seconds
        seen = -1
        while True:
            left = deadline - time.monotonic()
            view = self.request("GET", f"/sim/chat/{chat_id}?after={seen}&wait={max(left, 0)}")
            seen = view["version"]
            visible = view["messages"]
            if result := condition(visible):
                return result
            if left <= 0:
                shown = "\n---\n".join(show(message) for message in visible[-5:])
                raise AssertionError(f"not seen within {seconds} s; the chat shows:\n{shown}")

    def wait_screen(self, chat_id: int, contains: str = "", *, seconds: float = 5) -> Json:
        """Wait until the last screen contains this text (also on a button)."""

        def shows(visible: list[Json]) -> Json | None:
            screen = _last_screen(visible)
            return screen if screen is not None and contains in show(screen) else None

        return dict(self.wait_for(chat_id, shows, seconds=seconds))

    def wait_text(self, chat_id: int, contains: str, *, seconds: float = 5) -> Json:
        """Wait for any visible message of the bot that contains this text."""

        def shows(visible: list[Json]) -> Json | None:
            found = [each for each in visible if each["out"] and contains in each["text"]]
            return found[-1] if found else None

        return dict(self.wait_for(chat_id, shows, seconds=seconds))

    def file(self, url: str) -> bytes:
        """The bytes behind `photo` or `document.url` of a message."""
        return bytes(self.request("GET", url))

    # The machine room

    def pending(self, *, wait: float = 0) -> int:
        """Updates not confirmed yet; with `wait`, up to that many seconds until there is none."""
        return int(self.request("GET", f"/sim/pending?wait={wait}")["updates"])

    def ledger(self, after: int = 0, *, method: str | None = None) -> list[Json]:
        """Entries after that number; with `method` only the calls of it."""
        entries: list[Json] = []
        while True:
            page = self.request("GET", f"/sim/ledger?after={after}")["entries"]
            if not page:
                break
            after = page[-1]["n"]
            entries += page
        return [each for each in entries if method is None or each.get("method") == method]

    def faults(self, *script: Json) -> None:
        """Add faults, see `simulator.faults`; without any, clear the script."""
        if script:
            self.request("POST", "/sim/faults", {"faults": list(script)})
        else:
            self.request("DELETE", "/sim/faults")

    def shift_clock(self, seconds: float) -> None:
        self.request("POST", "/sim/clock", {"shift": seconds})

    def limits(self, **numbers: Any) -> Json:
        return dict(self.request("POST", "/sim/limits", numbers))

    def revoke(self) -> str:
        """The new token of the bot; the old one is refused from now on."""
        return str(self.request("POST", "/sim/revoke", {})["token"])

    def reset(self) -> None:
        self.request("POST", "/sim/reset", {})


def buttons(message: Json) -> list[str]:
    """The texts of a message's buttons, row by row."""
    return [button["text"] for row in message["keyboard"] for button in row]


def show(message: Json) -> str:
    """A message as a person reads it: the text, then the buttons in brackets."""
    rows = (" ".join(f"[{button['text']}]" for button in row) for row in message["keyboard"])
    return "\n".join([message["text"], *rows])


def _last_screen(visible: list[Json]) -> Json | None:
    screens = [each for each in visible if each["out"] and each["keyboard"]]
    return screens[-1] if screens else None


def _button_data(message: Json, text: str | None) -> str:
    for row in message["keyboard"]:
        for button in row:
            if button["text"] == text:
                return str(button["callback_data"])
    raise AssertionError(f"no button {text!r} on:\n{show(message)}")


def _encode(body: Any, files: Files) -> tuple[bytes, dict[str, str]]:
    payload = json.dumps(body).encode()
    if not files:
        return payload, {"Content-Type": "application/json"}
    boundary = uuid4().hex
    lines = [f'--{boundary}\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'.encode()]
    lines += [payload, b"\r\n"]
    for field, name, data in files:
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
        lines.append(f"--{boundary}\r\n{head}\r\nContent-Type: {mime}\r\n\r\n".encode())
        lines += [data, b"\r\n"]
    lines.append(f"--{boundary}--\r\n".encode())
    return b"".join(lines), {"Content-Type": f"multipart/form-data; boundary={boundary}"}
