"""Reply markup: checked as strictly as Telegram checks it, and normalised for comparison."""

from typing import Any
from urllib.parse import urlsplit

from simulator.errors import BadRequest
from simulator.params import Params

MAX_BUTTONS = 100
MAX_BUTTONS_IN_ROW = 8
MAX_DATA_BYTES = 64

Markup = dict[str, Any]

_ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def markup_of(params: Params, *, inline_only: bool = False) -> Markup | None:
    """The markup of a call or None. An empty inline keyboard is no keyboard."""
    raw = params.json("reply_markup", "can't parse reply keyboard markup JSON object")
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise BadRequest("object expected as reply markup")
    if "inline_keyboard" in raw:
        return _inline(raw["inline_keyboard"])
    if inline_only:
        raise BadRequest("inline keyboard expected")
    if "keyboard" in raw:
        return _reply_keyboard(raw)
    if raw.get("remove_keyboard") is True or raw.get("force_reply") is True or not raw:
        return raw or None
    raise BadRequest("can't parse reply keyboard markup JSON object")


def _rows(raw: Any, field: str) -> list[list[Any]]:
    if not isinstance(raw, list):
        raise BadRequest(f'field "{field}" of the markup must be an Array')
    for row in raw:
        if not isinstance(row, list):
            raise BadRequest(f'field "{field}" of the markup must be an Array of Arrays')
    rows = [row for row in raw if row]
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_BUTTONS_IN_ROW for row in rows):
        raise BadRequest("reply markup is too long")
    return rows


def _inline(raw: Any) -> Markup | None:
    rows = [[_button(button) for button in row] for row in _rows(raw, "inline_keyboard")]
    return {"inline_keyboard": rows} if rows else None


def _button(raw: Any) -> dict[str, Any]:
    problem = "can't parse inline keyboard button: "
    if not isinstance(raw, dict):
        raise BadRequest(f"{problem}InlineKeyboardButton must be an Object")
    if not isinstance(raw.get("text"), str):
        raise BadRequest(f'{problem}Field "text" must be of type String')
    if not raw["text"].strip():
        raise BadRequest("BUTTON_TEXT_INVALID")
    actions = [name for name in _ACTIONS if raw.get(name) not in (None, "")]
    if not actions:
        raise BadRequest(f"{problem}Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise BadRequest("BUTTON_TYPE_INVALID")
    if actions[0] == "callback_data":
        _check_data(raw["callback_data"])
    elif actions[0] == "url":
        _check_url(raw["url"])
    return {key: value for key, value in raw.items() if value is not None}


def _check_data(data: Any) -> None:
    if not isinstance(data, str) or len(data.encode()) > MAX_DATA_BYTES:
        raise BadRequest("BUTTON_DATA_INVALID")


def _check_url(url: Any) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is not None and parts.scheme == "tg":
        return
    # Telegram wants a host with a dot: "localhost" is refused there, so it is refused here.
    if parts is None or parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
        raise BadRequest(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _reply_keyboard(raw: Markup) -> Markup:
    rows = []
    for row in _rows(raw["keyboard"], "keyboard"):
        buttons = [{"text": button} if isinstance(button, str) else button for button in row]
        for button in buttons:
            if not isinstance(button, dict) or not isinstance(button.get("text"), str):
                raise BadRequest(
                    'can\'t parse keyboard button: Field "text" must be of type String'
                )
        rows.append(buttons)
    if not rows:
        raise BadRequest("reply markup is empty")
    return {**raw, "keyboard": rows}
