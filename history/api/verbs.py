"""A writing request: its key makes it a command, ``If-Match`` says which version it speaks of."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.commands import CommandKey, Outcome
from workshop.lib import clock
from workshop.lib.api.access import Access, access_of
from workshop.lib.api.resources import Resource
from workshop.lib.api.rows import SerializerClass
from workshop.lib.api.views import ApiView, private, tag_of
from workshop.lib.errors import StaleState

LONGEST_KEY: Final = 128
_KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")
_TAG: Final = r'(?:W/)?"([!#-~]*)"'
_TAGS: Final = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_VERSION: Final = re.compile("v([0-9]{1,9})")


class VerbView(ApiView, ABC):
    """One POST, one service. A subclass names its form, its scope and :meth:`call`.

    The answer: ``result`` as it is now, ``already`` (who made it so before, or null), ``warnings``.
    """

    body: ClassVar[type[serializers.Serializer[Any]]]
    scopes: ClassVar[Mapping[str, str]] = {}
    created: ClassVar[bool] = False

    @abstractmethod
    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        """Call the one service; ``common`` carries actor and command."""

    @abstractmethod
    def represent(self, outcome: Outcome[Any]) -> Any:
        """The object of the outcome in JSON, as it is now."""

    def etag(self, outcome: Outcome[Any]) -> str:
        """The version for ``If-Match``; empty where the object has none."""
        return ""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        sent = sent_values(request)
        form = self.body(data=sent, context={"request": request})
        ensure_good(form, sent)
        outcome = self.call(
            form.validated_data, actor=self.access.actor, command=command_of(request)
        )
        return self.answer(outcome)

    @property
    def access(self) -> Access:
        return access_of(self.request)

    def answer(self, outcome: Outcome[Any]) -> Response:
        body = {
            "result": self.represent(outcome),
            "already": _already(outcome),
            "warnings": list(outcome.warnings),
            **outcome.shown_once,
        }
        answer = private(Response(body, status=201 if self.created else 200))
        if outcome.replayed:
            answer["Idempotent-Replayed"] = "true"
        if etag := self.etag(outcome):
            answer["ETag"] = f'"{etag}"'
        return answer


def _already(outcome: Outcome[Any]) -> dict[str, Any] | None:
    if outcome.already is None:
        return None
    return {"who": outcome.already.who, "when": clock.iso(outcome.already.when)}


class ServiceVerb(VerbView):
    """Calls ``service`` with what the address names and the form's values."""

    service: ClassVar[Callable[..., Outcome[Any]]]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return type(self).service(**self.target(), **self.arguments(data), **common)

    def target(self) -> dict[str, Any]:
        """What the address names, with the precondition that ``If-Match`` sets."""
        return {}

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The form's values as the service takes them."""
        return dict(data)


class RowVerb(ServiceVerb):
    """A verb on the row of a table in the address, or one that adds a row (no ``key``).

    Answers with the row as its list shows it. ``If-Match`` is the ETag of the row.
    """

    of: ClassVar[Resource]
    key: ClassVar[str] = ""  # what the service calls the id
    lock: ClassVar[Callable[[int], Any]]  # takes the row's lock

    @property
    def result(self) -> SerializerClass:
        return self.of.form

    def target(self) -> dict[str, Any]:
        if not self.key:
            return {}
        pk, expected = self.kwargs["pk"], expected_tags(self.request)
        found: dict[str, Any] = {self.key: pk}
        if expected is not None:
            found["precondition"] = partial(self.ensure_fresh, pk, expected)
        return found

    def ensure_fresh(self, pk: int, expected: frozenset[str]) -> None:
        """StaleState ``api.changed_meanwhile`` unless the row is as the client read it."""
        self.take_lock(pk)
        if tag_of(self.of.read(pk)) not in expected:
            raise changed_meanwhile()

    def take_lock(self, pk: int) -> None:
        type(self).lock(pk)

    def represent(self, outcome: Outcome[Any]) -> Any:
        row = self.of.read(outcome.object.pk)
        self.tag = tag_of(row)
        return {**row, **outcome.extra}

    def etag(self, outcome: Outcome[Any]) -> str:
        return self.tag


def changed_meanwhile() -> StaleState:
    """The row is not as the client read it."""
    return StaleState("api.changed_meanwhile", _("It was changed meanwhile: please read it again."))


def sent_values(request: Request) -> dict[str, Any]:
    """The object or the form that was sent; of a name that comes twice in a form the last value."""
    data = request.data
    return data.dict() if isinstance(data, QueryDict) else dict(data)


def command_of(request: Request) -> CommandKey | None:
    """The command that ``Idempotency-Key`` names, per client; None without the header."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise serializers.ValidationError(
            {
                "Idempotency-Key": [
                    _("1 to %(most)s visible ASCII characters.") % {"most": LONGEST_KEY}
                ]
            },
            code="invalid",
        )
    return CommandKey(access_of(request).client, key)


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that ``If-Match`` allows; None without the header or with ``*``."""
    tags = expected_tags(request)
    if tags is None:
        return None
    return frozenset(int(found[1]) for tag in tags if (found := _VERSION.fullmatch(tag)))


def expected_tags(request: Request) -> frozenset[str] | None:
    """The ETags in ``If-Match`` (RFC 9110, 13.1.1), of which one must be the present one; None
    without the header or with ``*``.

    One that is not ours is no error: it is the tag of no state of the row. What is no ETag is
    refused: without effect it would not protect.
    """
    header = request.headers.get("If-Match")
    if header is None or header == "*":
        return None
    if not _TAGS.fullmatch(header):
        raise serializers.ValidationError(
            {"If-Match": [_('An ETag of this resource, such as "v12".')]}, code="invalid"
        )
    return frozenset(re.findall(_TAG, header))


def ensure_good(form: serializers.Serializer[Any], sent: Mapping[str, Any]) -> None:
    """ValidationError for what the form refuses, and for what it does not know.

    A misspelt name must not be silently without effect.
    """
    unknown = _unknown_values(form, sent)
    if not form.is_valid() or unknown:
        raise serializers.ValidationError({**unknown, **form.errors})


def _unknown_values(form: serializers.Serializer[Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What has no name in the form, as deep as its forms go."""
    found: dict[str, Any] = {}
    for name, value in sent.items():
        field = form.fields.get(name)
        if field is None or field.read_only:
            told = _("There is no such value here.")
            found[name] = [serializers.ErrorDetail(told, code="unknown")]
        elif inner := _unknown_inside(field, value):
            found[name] = inner
    return found


def _unknown_inside(field: Any, value: Any) -> dict[str, Any]:
    if isinstance(field, serializers.Serializer):
        return _unknown_values(field, value) if isinstance(value, dict) else {}
    child = getattr(field, "child", None)
    if child is None or not isinstance(value, list):
        return {}
    told = ((str(number), _unknown_inside(child, one)) for number, one in enumerate(value))
    return {number: inner for number, inner in told if inner}
