"""Requests to the API that are wrong in one place: body, question, header, address, method."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from django.test import Client

from tests.api.bed import BASE, described
from tests.fuzz.judge import Fault, judged
from tests.fuzz.values import LONG, NUL, Described, deep, no_json, odd

JSON: Final = "application/json"
# What proves itself in its body is refused there, and the file is tried at a door of its own.
ELSEWHERE: Final = ("/auth/register/",)


_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Idempotency-Key": ("", "ы ы", "a b", "x" * 129, "\x01", "é", "a\tb"),
    "If-Match": ("", "v1", '"', "ы", '"v1" "v2"', "x" * 500, '"v1",', "**", "\x01"),
    "Accept": ("x/y", "text/html", "*/", "application/xml", ";"),
    "Content-Type": ("", "x", "text/plain", "application/xml", ";;", "a/b; c"),
    "Host": ("evil.example", "a b", "[::1", "testserver@evil.example"),
}


class ApiDoor:
    """``send`` one request; every one is refused, in Russian, and says what was wrong."""

    name = "api"

    def __init__(self, key: str, numbers: Mapping[str, list[int]]) -> None:
        """``numbers``: ids that exist, by the address before them."""
        self._http = Client(
            raise_request_exception=False,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "ru"},
        )
        self._numbers = numbers
        self._described = Described(described())

    @cached_property
    def _operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [
            (path, method, operation)
            for path, methods in described()["paths"].items()
            for method, operation in methods.items()
            if not path.endswith(ELSEWHERE)
        ]

    @cached_property
    def _writing(self) -> list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]:
        """Address, operation, example and properties of every JSON body."""
        found = []
        for path, method, operation in self._operations:
            content = operation.get("requestBody", {}).get("content", {}).get(JSON)
            if method != "post" or content is None:
                continue
            example = content.get("examples", {}).get("Request", {}).get("value", {})
            form = self._described.whole(content["schema"])
            found.append((path, operation, example, form.get("properties", {})))
        return found

    @cached_property
    def _asked(self) -> list[tuple[str, dict[str, Any]]]:
        """Address and one parameter of a question."""
        return [
            (path, parameter)
            for path, method, operation in self._operations
            if method == "get"
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        ]

    def send(self, draw: random.Random) -> Iterator[Fault]:
        kinds = (self._value, self._value, self._body, self._question, self._header, self._address)
        yield from draw.choice((*kinds, self._method, self._proof))(draw)

    # --- bodies ---------------------------------------------------------------------------------

    def _value(self, draw: random.Random) -> Iterator[Fault]:
        """One value of a good body is wrong, or one too much, or one is missing."""
        path, _operation, example, forms = draw.choice(self._writing)
        body, name = dict(example), "no_such_value"
        if forms and draw.random() < 0.9:
            name = draw.choice(list(forms))
            try:
                body[name] = self._described.wrong(forms[name], draw)
            except LookupError:
                body[name] = NUL
        else:
            body[name] = odd(draw)
        yield from self._post(path, body, draw, name)

    def _post(self, path: str, body: Any, draw: random.Random, name: str) -> Iterator[Fault]:
        raw = json.dumps(body, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
        answer = self._http.post(self._at(path, draw), raw, content_type=JSON)
        told = f"POST {path} {name} {raw[:200]!r}"
        if LONG in raw.decode() or body.get(name) == LONG:
            # Right in shape: what the rules say of the whole may come before.
            yield from judged(answer, {400, 403, 404, 409, 422}, told)
            return
        if answer.status_code == 404 and "{" in path and not self._known(path):
            return  # there is no such row: it may be told before what is wrong about the rest
        # Text that cannot be stored is refused before any field is looked at.
        stored = "\\u0000" not in json.dumps(body)
        yield from judged(answer, {400, 422}, told, field=name if stored else "")

    def _body(self, draw: random.Random) -> Iterator[Fault]:
        path, *_rest = draw.choice(self._writing)
        kind = draw.choice(
            (JSON, JSON, JSON, "text/plain", "multipart/form-data; boundary=x", "", "x")
        )
        raw = no_json(draw) or b" "  # no body at all is an empty object, whatever its kind
        answer = self._http.post(self._at(path, draw), raw, content_type=kind)
        told = f"POST {path} {kind} {raw[:80]!r}"
        yield from judged(answer, {400, 413, 415, 422}, told)

    # --- questions, headers, addresses ------------------------------------------------------------

    def _question(self, draw: random.Random) -> Iterator[Fault]:
        path, parameter = draw.choice(self._asked)
        name, schema = parameter["name"], parameter["schema"]
        if draw.random() < 0.1:
            name, value = "no_such_parameter", odd(draw)
        elif "enum" in schema or schema.get("type") != "string" or "format" in schema:
            value = draw.choice(
                ("no such value", NUL, "\u202e1", "9" * 40, "-1.5", LONG[:3000], "x,y")
            )
        else:
            value = NUL
        answer = self._http.get(self._at(path, draw), {name: value})
        where = {"no_such_parameter": "query"}.get(name, name)
        told = f"GET {path}?{name}={value[:60]!r}"
        yield from judged(
            answer, {400, 404, 422}, told, field=where if answer.status_code == 400 else ""
        )

    def _header(self, draw: random.Random) -> Iterator[Fault]:
        """A good body under a bad header, of an address that names nothing."""
        path, _operation, example, _forms = draw.choice(self._writing)
        name = draw.choice(list(_HEADERS))
        value = draw.choice(_HEADERS[name])
        if name == "If-Match" and "{" not in path:
            return
        url = re.sub("{[a-z_]+}", "999999999", path)
        headers = {name: value}
        kind = value if name == "Content-Type" else JSON
        if name == "Content-Type":
            headers = {}
        answer = self._http.post(url, json.dumps(example), content_type=kind, headers=headers)
        # Something that is not there may be told before what is wrong about the rest.
        right = {400, 404, 406, 409, 415, 422}
        yield from judged(answer, right, f"POST {url} {name}: {value[:40]!r}")

    def _address(self, draw: random.Random) -> Iterator[Fault]:
        path, method, _operation = draw.choice(self._operations)
        if "{" not in path:
            path += "{id}/"
        bad = draw.choice(
            ("0", "-1", "1.5", str(2**63), "9" * 60, "%00", "x", "١", "1%2F..%2F2", "%FF")
        )
        url = re.sub("{[a-z_]+}", bad, path)
        raw = json.dumps({}) if method == "post" else None
        answer = self._http.generic(method.upper(), url, raw or "", content_type=JSON)
        # 415: where files are taken, JSON is none, whatever the address names.
        yield from judged(answer, {400, 404, 405, 415, 422}, f"{method} {url}")

    def _method(self, draw: random.Random) -> Iterator[Fault]:
        path, _method, _operation = draw.choice(self._operations)
        wrong = draw.choice(("PUT", "PATCH", "DELETE", "TRACE", "BREW", "CONNECT"))
        answer = self._http.generic(wrong, self._at(path, draw), deep(draw), content_type=JSON)
        yield from judged(answer, {405}, f"{wrong} {path}")

    def _proof(self, draw: random.Random) -> Iterator[Fault]:
        """Somebody without a right key."""
        path, method, _operation = draw.choice(self._operations)
        value = draw.choice(
            ("", "Bearer", "Bearer x", "Basic", "Basic x", f"Bearer {odd(draw)[:200]}")
        )
        proof = {"Authorization": value.replace("\n", "").replace("\r", "")}
        answer = self._http.generic(
            method.upper(), self._at(path, draw), "{}", content_type=JSON, headers=proof
        )
        yield from judged(answer, {401, 403}, f"{method} {path} {proof}")

    def _at(self, path: str, draw: random.Random) -> str:
        """The address with ids that exist."""
        known = self._known(path) or [1]
        return re.sub("{[a-z_]+}", lambda _found: str(draw.choice(known)), path)

    def _known(self, path: str) -> list[int]:
        return self._numbers.get(path.removeprefix(f"{BASE}/").split("/{")[0], [])
