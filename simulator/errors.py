"""Refusals in the words of the Bot API and of the control API."""

from typing import Any

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


class ApiError(Exception):
    """What the Bot API answers with `ok: false`.

    `code` is both the HTTP status and `error_code`; `parameters` is the ResponseParameters
    object (`retry_after` in whole seconds, or the new number of a group).
    """

    def __init__(
        self,
        code: int,
        detail: str = "",
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        phrase = _PHRASES.get(code, "Error")
        self.code = code
        self.description = f"{phrase}: {detail}" if detail else phrase
        self.parameters: dict[str, int] = {}
        if retry_after is not None:
            self.description = f"{phrase}: retry after {retry_after}"
            self.parameters = {"retry_after": retry_after}
        if migrate_to_chat_id is not None:
            self.parameters = {"migrate_to_chat_id": migrate_to_chat_id}
        super().__init__(self.description)

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


class BadRequest(ApiError):
    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


class ControlError(Exception):
    """A wrong call of the control API (`/sim/...`); `status` is the HTTP status."""

    def __init__(self, text: str, status: int = 400) -> None:
        self.status = status
        super().__init__(text)
