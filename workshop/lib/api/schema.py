"""The description of the API (OpenAPI 3.1), made from what the views declare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import django_filters as filters
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from workshop.lib.api import examples
from workshop.lib.api.fields import NOT_BLANK
from workshop.lib.api.formats import MEDIA_TYPE
from workshop.lib.api.forms import AlreadyForm, RefusalForm
from workshop.lib.api.pages import FARTHEST, MOST, USUAL
from workshop.lib.api.rows import SerializerClass
from workshop.lib.api.views import expansions_of
from workshop.lib.export import TYPES

REFUSALS: Final = {
    "400": "The shape of the request is wrong; `field_errors` says where.",
    "401": "No key, or one that is not valid.",
    "403": "The access lacks a scope, or a role.",
    "404": "There is no such thing.",
    "409": "Not possible in this state (`allowed` lists what is), a duplicate, or an old version.",
    "422": "A rule of the workshop forbids it.",
    "429": "Too many requests; `Retry-After` says when to come again.",
}
# Of a body, so of what writes.
BODY_REFUSALS: Final = {
    "411": "A body without `Content-Length`.",
    "415": "A body of a type that is not read here.",
}
_WORDS: Final = REFUSALS | BODY_REFUSALS


class WorkshopSchema(AutoSchema):
    """Reads ``form``, ``body``, ``filters``, ``orders``, ``resource`` and ``scopes`` of a view."""

    view: Any

    def get_operation_id(self) -> str:
        """``list_receipts``, ``read_receipts``, ``do_receipts_assign``: stable names."""
        path = self.path.removeprefix("/api/v1/").strip("/")
        words = [word for word in path.replace("-", "_").split("/") if word[:1] != "{"]
        verb = "do" if self.method == "POST" else "list"
        if self.method == "GET" and (hasattr(self.view, "one") or self._parameters()):
            verb = "read"
        return "_".join((verb, *words))

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]  # the stubs of DRF's own differ
        scope = getattr(self.view, "scopes", {}).get(self.method)
        told = self._told()
        return f"{told}\n\nScope: `{scope}`." if scope else told

    def get_summary(self) -> str:
        """The first line of what the view says about itself."""
        return self._told().split("\n")[0].rstrip(".")

    def _told(self) -> str:
        of_table = getattr(self.view, "about", "") if self.method == "GET" else ""
        return of_table or str(super().get_description() or "")

    def get_filter_backends(self) -> list[Any]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_request_serializer(self) -> Any:
        return self.view.body() if self.method == "POST" and hasattr(self.view, "body") else None

    def get_response_serializers(self) -> Any:
        form = getattr(self.view, "form", None)
        whole = getattr(self.view, "answer_form", None)
        if whole is not None:
            answers: dict[Any, Any] = {str(self._success()): whole()}
        elif self.method == "POST":
            answers = {str(self._success()): self._verb_answer()}
        elif media := getattr(self.view, "media_type", ""):
            answers = {("200", media): OpenApiTypes.BINARY}
        elif form is None:
            answers = {"200": OpenApiTypes.OBJECT}
        elif hasattr(self.view, "one"):
            answers = {"200": form()}
        else:
            answers = {"200": page_of(form)()}
        for code in sorted(self._refusals()):
            answers[code, MEDIA_TYPE] = OpenApiResponse(RefusalForm, _WORDS[code])
        if self.method == "GET":
            answers["414"] = OpenApiResponse(description="The address is too long.")
        return answers

    def _refusals(self) -> set[str]:
        if self.method == "POST":
            return set(_WORDS)
        # Files and numbers have rules about what goes together; a row is there or not.
        lists = hasattr(self.view, "form") and not hasattr(self.view, "one")
        rules = lists or hasattr(self.view, "parameters")
        return set(REFUSALS) - ({"409"} if rules else {"409", "422"})

    def get_examples(self) -> list[Any]:
        """One request and one answer; tests send the one and check the other."""
        told = []
        if self.method == "POST" and hasattr(self.view, "body"):
            sent = examples.request_of(self.view.body)
            told.append(OpenApiExample("request", sent, request_only=True))
        if (answer := self._example_answer()) is not None:
            code = str(self._success())
            told.append(OpenApiExample("answer", answer, response_only=True, status_codes=[code]))
        return told

    def _example_answer(self) -> Any:
        form = getattr(self.view, "form", None)
        if whole := getattr(self.view, "answer_form", None):
            return examples.answer_of(whole)
        if self.method == "POST":
            result = getattr(self.view, "result", None)
            row = examples.answer_of(result) if result else None
            return {"result": row, "already": None, "warnings": []} if row else None
        if form is None:
            return None
        row = examples.answer_of(form)
        if hasattr(self.view, "one"):
            return row
        return {"results": [row], "next": None, "next_cursor": None}

    def _success(self) -> int:
        created = self.method == "POST" and getattr(self.view, "created", True)
        return 201 if created else 200

    def _verb_answer(self) -> Any:
        result = getattr(self.view, "result", None)
        once = getattr(self.view, "once", ())
        return verb_answer(result, once)() if result else OpenApiTypes.OBJECT

    def get_override_parameters(self) -> list[Any]:
        if self.method == "POST":
            found = [_IDEMPOTENCY] if hasattr(self.view, "call") else []
            return [*found, _IF_MATCH] if found and "{" in self.path else found
        if not hasattr(self.view, "form"):
            return [one.described() for one in self._parameters()]
        found = [_several("fields", self.view.form().fields, "Only these fields, and the id.")]
        if names := expansions_of(self.view.resource):
            found.append(_several("expand", names, "What hangs on each row."))
        return found if hasattr(self.view, "one") else [*found, *self._of_list()]

    def _parameters(self) -> Sequence[Any]:
        """Of a view that answers a question instead of listing rows."""
        return getattr(self.view, "parameters", ())

    def _of_list(self) -> list[OpenApiParameter]:
        orders = self.view.orders
        bare = dict.fromkeys(name.lstrip("-") for name in orders)
        both = [*bare, *(f"-{name}" for name in bare)]
        ordering = OpenApiParameter("ordering", str, enum=both, default=next(iter(orders)))
        declared = self.view.filters.base_filters if self.view.filters else {}
        return [
            *_PAGES,
            ordering,
            _FORMAT,
            *(parameter_of(name, one) for name, one in declared.items()),
        ]


@cache
def verb_answer(result: SerializerClass, once: tuple[str, ...] = ()) -> SerializerClass:
    """What a verb answers with; one class for each kind of result.

    ``once``: what is shown in the first answer alone.
    """
    fields: dict[str, Any] = {
        "result": result(),
        "already": AlreadyForm(allow_null=True),
        "warnings": serializers.ListField(child=serializers.CharField()),
    }
    told = "shown once: a replay is without it"
    fields |= {name: serializers.CharField(required=False, help_text=told) for name in once}
    kind = "".join(name.capitalize() for name in once)
    return type(f"{_bare(result)}{kind}AnswerForm", (serializers.Serializer,), fields)


@cache
def page_of(form: SerializerClass) -> SerializerClass:
    """A page of rows in this form."""
    fields = {
        "results": form(many=True),
        "next": serializers.URLField(allow_null=True),
        "next_cursor": serializers.CharField(allow_null=True, required=False),
        "previous": serializers.URLField(allow_null=True, required=False),
        "count": serializers.IntegerField(required=False),
    }
    return type(f"{_bare(form)}PageForm", (serializers.Serializer,), fields)


def _bare(form: SerializerClass) -> str:
    return form.__name__.removesuffix("Form")


_IDEMPOTENCY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of up to 128 characters; a repetition has one effect.",
    pattern="^[!-~]{1,128}$",
)
_TAG: Final = '(W/)?"[!#-~]*"'
_IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    {
        # The star by itself: programs that make requests up from the description make headers of
        # letters and digits, and would send a wrong one where only the pattern stands.
        "anyOf": [
            {"type": "string", "enum": ["*"]},
            {"type": "string", "pattern": rf"^{_TAG}([ \t]*,[ \t]*{_TAG})*$"},
        ]
    },
    OpenApiParameter.HEADER,
    description='The ETag that was read, such as "v12" of a receipt, or several of which one is '
    "enough; another version is a 409.",
)
_FORMAT: Final = OpenApiParameter(
    "format", str, enum=list(TYPES), description="The whole list as a file, up to 10 000 rows."
)
_PAGES: Final = (
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}),
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": FARTHEST},
        description="Instead of cursor.",
    ),
    OpenApiParameter("count", str, enum=["0", "1"], description="1: tell the true total."),
)


def _several(name: str, values: Iterable[str], told: str) -> OpenApiParameter:
    """Some of the values, separated by commas."""
    items = {"type": "string", "enum": list(values)}
    kind = {"type": "array", "minItems": 1, "items": items}
    return OpenApiParameter(name, kind, description=told, explode=False, style="form")


def closed(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: a value that is not described is refused, never without effect."""
    schemas = result["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
        if name.endswith("PageForm"):  # `?fields=` may leave all but the id out of its rows
            row = schema["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
            if "id" in schemas[row].get("required", []):
                schemas[row]["required"] = ["id"]
    return result


def parameter_of(name: str, one: filters.Filter) -> OpenApiParameter:
    """How one filter is asked for."""
    told = str(one.extra.get("help_text") or "")
    if isinstance(one, filters.BaseInFilter):
        return _several(name, [str(value) for value, _label in one.extra["choices"]], told)
    if isinstance(one, filters.ChoiceFilter):
        values = [str(value) for value, _label in one.extra["choices"]]
        return OpenApiParameter(name, str, enum=values, description=told)
    kinds: tuple[tuple[type[filters.Filter], Any], ...] = (
        (filters.BooleanFilter, bool),
        (filters.NumberFilter, {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}),
        (filters.IsoDateTimeFilter, OpenApiTypes.DATETIME),
    )
    kind: Any = next((kind for cls, kind in kinds if isinstance(one, cls)), None)
    if kind is None:
        kind = {"type": "string", "maxLength": one.extra.get("max_length", 100)}
    return OpenApiParameter(name, kind, description=told)


class AmountSchema(OpenApiSerializerFieldExtension):
    """A decimal with its digits; no empty text."""

    target_class = "workshop.lib.api.fields.AmountField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": self.target.pattern}


class TextSchema(OpenApiSerializerFieldExtension):
    """A text; where it must be sent, one that is more than blanks."""

    target_class = "workshop.lib.api.fields.TextField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string"}
        if self.target.max_length is not None:
            found["maxLength"] = self.target.max_length
        if not self.target.allow_blank:
            found |= {"minLength": 1, "pattern": NOT_BLANK}
        return found


class MomentSchema(OpenApiSerializerFieldExtension):
    """An instant; no empty text, also where null is one."""

    target_class = "workshop.lib.api.fields.MomentField"
    kind, shortest = "date-time", 10

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "format": self.kind, "minLength": self.shortest}


class DaySchema(MomentSchema):
    target_class = "workshop.lib.api.fields.DayField"
    kind = "date"


class KeyScheme(OpenApiAuthenticationExtension):
    """How a program proves who it is."""

    target_class = "integrations.authentication.KeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "`<prefix>.<secret>`"}


class ReaderScheme(OpenApiAuthenticationExtension):
    """Somebody who signed up for the numbers, with his name and password."""

    target_class = "integrations.authentication.ReaderAuthentication"
    name = "Basic"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic"}


class SessionScheme(OpenApiAuthenticationExtension):
    """An office user from the pages he is signed in to."""

    target_class = "integrations.authentication.OfficeAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
