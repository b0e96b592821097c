"""Reply markup: the limits and refusals of Telegram."""

import json
from typing import Any

import pytest

from simulator.errors import BadRequest
from simulator.keyboards import markup_of
from simulator.params import Params


def parse(markup: Any, **options: bool) -> Any:
    return markup_of(Params({"reply_markup": json.dumps(markup)}), **options)


def inline(*buttons: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def test_64_bytes_of_data_pass_and_65_do_not() -> None:
    assert parse(inline({"text": "x", "callback_data": "ж" * 32}))
    with pytest.raises(BadRequest, match="BUTTON_DATA_INVALID"):
        parse(inline({"text": "x", "callback_data": "ж" * 32 + "a"}))


def test_100_buttons_pass_and_101_do_not() -> None:
    rows = [[{"text": "x", "callback_data": "d"}]] * 100
    assert parse({"inline_keyboard": rows})
    with pytest.raises(BadRequest, match="reply markup is too long"):
        parse({"inline_keyboard": [*rows, rows[0]]})


def test_more_than_8_buttons_in_a_row_are_refused() -> None:
    button = {"text": "x", "callback_data": "d"}
    assert parse(inline(*[button] * 8))
    with pytest.raises(BadRequest, match="reply markup is too long"):
        parse(inline(*[button] * 9))


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ([], "object expected as reply markup"),
        ({"inline_keyboard": "x"}, "must be an Array"),
        ({"inline_keyboard": ["x"]}, "Array of Arrays"),
        (inline("x"), "must be an Object"),
        (inline({"callback_data": "d"}), '"text" must be of type String'),
        (inline({"text": " ", "callback_data": "d"}), "BUTTON_TEXT_INVALID"),
        (inline({"text": "x"}), "Text buttons are unallowed"),
        (inline({"text": "x", "callback_data": ""}), "Text buttons are unallowed"),
        (inline({"text": "x", "callback_data": "d", "url": "http://a.b"}), "BUTTON_TYPE"),
        (inline({"text": "x", "callback_data": 5}), "BUTTON_DATA_INVALID"),
        (inline({"text": "x", "url": "http://localhost:8000/"}), "Wrong HTTP URL"),
        (inline({"text": "x", "url": "javascript:alert(1)"}), "Wrong HTTP URL"),
        ({"keyboard": []}, "reply markup is empty"),
        ({"keyboard": [[{"no": 1}]]}, '"text" must be of type String'),
        ({"nonsense": True}, "can't parse reply keyboard markup"),
    ],
)
def test_bad_markup_is_refused(markup: Any, problem: str) -> None:
    with pytest.raises(BadRequest, match=problem):
        parse(markup)


def test_broken_json_is_refused() -> None:
    with pytest.raises(BadRequest, match="can't parse reply keyboard markup JSON object"):
        markup_of(Params({"reply_markup": "{"}))


def test_an_empty_inline_keyboard_is_none() -> None:
    assert parse({"inline_keyboard": []}) is None
    assert parse({"inline_keyboard": [[]]}) is None


def test_edits_take_inline_keyboards_only() -> None:
    with pytest.raises(BadRequest, match="inline keyboard expected"):
        parse({"keyboard": [["x"]]}, inline_only=True)


def test_reply_keyboards_are_normalised() -> None:
    assert parse({"keyboard": [["a", {"text": "b"}], []]}) == {
        "keyboard": [[{"text": "a"}, {"text": "b"}]]
    }
