"""Parameters of a Bot API call, whichever way they came: query, form, JSON or multipart."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

from simulator.errors import ApiError, BadRequest

MAX_UPLOAD_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    name: str
    mime: str
    data: bytes


@dataclass
class Params:
    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else orjson.dumps(value).decode()

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise BadRequest(f'can\'t parse "{name}" as an integer') from error

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        return value is True or str(value).lower() in ("true", "1", "yes")

    def json(self, name: str, problem: str) -> Any:
        """The value of a JSON parameter or None; `problem` is the text of the refusal."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadRequest(problem) from error

    def chat_id(self) -> int | None:
        """The chat as a number, None when it is absent or a name; never raises."""
        try:
            return int(self.values["chat_id"])
        except (KeyError, TypeError, ValueError):
            return None

    def summary(self) -> dict[str, Any]:
        shown = dict(self.values)
        for name, upload in self.uploads.items():
            shown[name] = f"<{upload.name}, {len(upload.data)} bytes>"
        return shown


async def read_params(request: web.Request) -> Params:
    """Raises ApiError 400 for an unreadable body, 413 for one above 50 MB."""
    params = Params(dict(request.query) if request.query_string else {})
    if request.method == "GET":
        return params
    kind = request.content_type
    if kind == "multipart/form-data":
        await _read_multipart(request, params)
        return params
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413) from error
    if not body:
        return params
    if kind == "application/json":
        try:
            values = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest("can't parse request body as JSON") from error
        if not isinstance(values, dict):
            raise BadRequest("JSON object expected")
        params.values.update(values)
    else:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise BadRequest("strings must be encoded in UTF-8") from error
        params.values.update(pairs)
    return params


async def _read_multipart(request: web.Request, params: Params) -> None:
    total = 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise BadRequest("nested multipart is not supported")
            data = bytes(await part.read())
            total += len(data)
            if total > MAX_UPLOAD_BYTES:
                raise ApiError(413)
            if part.filename is None:
                params.values[part.name or ""] = data.decode()
            else:
                mime = part.headers.get("Content-Type", "application/octet-stream")
                params.uploads[part.name or ""] = Upload(part.filename, mime, data)
    except (ValueError, AssertionError) as error:
        raise BadRequest("can't parse multipart body") from error
