"""Examples of requests and answers for the description: each form is filled from words by name.

The apps tell a word for the name of a field, once (``tell``); a form that needs other ones, or
only some of its fields, carries ``example``. Tests send every request and check every answer.
"""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from workshop.lib.api.rows import SerializerClass

_MOMENT: Final = "2026-12-01T12:30:00Z"
_DAY: Final = "2026-12-24"
_words: dict[str, Any] = {}


def tell(**words: Any) -> None:
    """Words for fields of these names, in whatever form they stand."""
    _words.update(words)


def request_of(form: SerializerClass) -> dict[str, Any]:
    """A request in this form: its own example, else every field that must be sent or has a word."""
    own: dict[str, Any] | None = getattr(form, "example", None)
    if own is not None:
        return own
    return {
        name: _value(name, field, _request_inside)
        for name, field in form().fields.items()
        if field.required or name in _words
    }


def answer_of(form: SerializerClass) -> dict[str, Any]:
    """A row in this form, every field of it; ``example`` of the form goes before."""
    own: dict[str, Any] = getattr(form, "example", {})
    return {
        name: own[name] if name in own else _value(name, field, answer_of)
        for name, field in form().fields.items()
    }


def _request_inside(form: SerializerClass) -> dict[str, Any]:
    return request_of(form)


def _value(name: str, field: Any, inside: Any) -> Any:
    if isinstance(field, serializers.ListSerializer):
        return [inside(type(field.child))]
    if isinstance(field, serializers.ListField) and isinstance(field.child, serializers.Serializer):
        return [inside(type(field.child))]
    if isinstance(field, serializers.Serializer):
        return inside(type(field))
    if name in _words and _fits(field, _words[name]):
        return _words[name]
    if field.allow_null and not field.required and not field.read_only:
        return None
    return _usual(name, field)


def _fits(field: Any, word: Any) -> bool:
    """A name may mean a text here and a choice there."""
    return not isinstance(field, serializers.ChoiceField) or word in field.choices


def _usual(name: str, field: Any) -> Any:
    """What a field of this kind may hold."""
    usual: tuple[tuple[type, Any], ...] = (
        (serializers.BooleanField, False),
        (serializers.DecimalField, "5.0"),
        (serializers.IntegerField, 1),
        (serializers.DateTimeField, _MOMENT),
        (serializers.DateField, _DAY),
        (serializers.URLField, "https://workshop.example/api/v1/"),
        (serializers.DictField, {}),
    )
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    if isinstance(field, serializers.ListField):
        return [_value(name, field.child, request_of)]
    return next((value for kind, value in usual if isinstance(field, kind)), "")
