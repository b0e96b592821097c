"""Lists and single rows: filters, order, pages, sparse fields, expansions, ETag."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, TypeVar

from django.conf import settings
from django.db.models import DateTimeField, QuerySet
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_filters import BaseCSVFilter, CharFilter, FilterSet
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workshop.lib import clock, telemetry
from workshop.lib.addresses import client_address
from workshop.lib.api import files
from workshop.lib.api import rows as plain
from workshop.lib.api.access import Access, access_of
from workshop.lib.api.bodies import ensure_readable
from workshop.lib.api.fields import LARGEST_ID
from workshop.lib.api.formats import dumps
from workshop.lib.api.limits import Limit, headers
from workshop.lib.api.pages import PARAMETERS, Pages
from workshop.lib.compiled import Columns, Slots

# ids of the page, who asks → what belongs to each id
A = TypeVar("A", bound=HttpResponseBase)
MOST_PLANS: Final = 500
OF_ROWS: Final = ("fields", "expand")
_plans: dict[tuple[Any, ...], Plan] = {}
Expansion = Callable[[Sequence[int], Access], Mapping[int, Any]]
_expansions: dict[str, dict[str, tuple[Expansion, Any]]] = {}


def expansion(resource: str, name: str, empty: Any = None) -> Callable[[Expansion], Expansion]:
    """Decorator: ``?expand=<name>`` on a resource; one query for all rows of a page.

    ``empty`` stands where a row has nothing.
    """

    def register(read: Expansion) -> Expansion:
        _expansions.setdefault(resource, {})[name] = (read, empty)
        return read

    return register


def expansions_of(resource: str) -> list[str]:
    return sorted(_expansions.get(resource, {}))


class ApiView(APIView):
    """Base of all views: requests are counted per client and per address, also the refused ones."""

    rate: ClassVar[str] = "API_RATE"  # name of the setting: requests a minute and client

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            # Guessing is counted, and above the limit a right guess is answered like a wrong one.
            self._count([self._of_address(request)])
            raise
        limits = [self._of_address(request)]
        if isinstance(request.auth, Access):
            limits.append(self._of_client(request.auth))
        self._count(limits)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # An address may name any number: beyond what a column holds there is nothing.
        if any(isinstance(one, int) and one > LARGEST_ID for one in kwargs.values()):
            raise NotFound
        if request.method == "POST":
            ensure_readable(request)

    def _count(self, limits: Sequence[Limit]) -> None:
        self.counts = import_string(settings.API_COUNTER)().count(limits)
        refused = [one for one in self.counts if not one.passed]
        for one in refused:
            telemetry.refusals.add(f"api_{one.limit.name}")
        if refused:
            raise Throttled(wait=max(one.reset for one in refused))

    def _of_address(self, request: Request) -> Limit:
        return Limit("address", f"address:{client_address(request)}", settings.API_ADDRESS_RATE)

    def _of_client(self, access: Access) -> Limit:
        usual: int = getattr(settings, self.rate)
        most = access.rate if access.rate and self.rate == "API_RATE" else usual
        return Limit("client", f"{access.client}:{self.rate}", most)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in headers(getattr(self, "counts", [])).items():
            answer[name] = value
        return answer


class ReadView(ApiView, ABC):
    """What a list and a single row of one resource have in common."""

    resource: ClassVar[str] = ""
    form: ClassVar[plain.SerializerClass]
    scopes: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """All rows that the client may see."""

    @cached_property
    def now(self) -> Any:
        """The moment of the question; while a statement is prepared, the place for one."""
        return clock.now()

    @property
    def access(self) -> Access:
        return access_of(self.request)

    def shape(self) -> plain.Shape:
        names = plain.asked_fields(self.form, self.request.query_params.get("fields"))
        return plain.shape_of(self.form, names)

    def expand(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add what ``?expand=`` names to the rows."""
        asked = self.request.query_params.get("expand")
        if asked is None:
            return found
        known = _expansions.get(self.resource, {})
        names = plain.names_in("expand", asked, known)
        ids = [row["id"] for row in found]
        for name in dict.fromkeys(names):
            read, empty = known[name]
            values = read(ids, self.access) if ids else {}
            for row in found:
                row[name] = values.get(row["id"], empty)
        return found


@dataclass(frozen=True)
class Plan:
    """A question for a list, understood: its words are checked, its statements can be kept."""

    pages: Pages
    shape: plain.Shape
    rows: QuerySet[Any]

    @cached_property
    def first(self) -> Columns:
        return self.pages.statement(self.rows, self.shape, further=False)

    @cached_property
    def further(self) -> Columns:
        return self.pages.statement(self.rows, self.shape, further=True)


class ListView(ReadView):
    """A page of a resource.

    Programs ask the same question again and again. Where ``steady`` is set, what a question means
    (filters, order, fields, the statement) is worked out once for each of its spellings.
    """

    filters: ClassVar[type[FilterSet] | None] = None
    orders: ClassVar[Mapping[str, str]] = {"-id": "id"}
    # rows() depends on nothing but the address and self.now: not on who asks, nor on other rows.
    steady: ClassVar[bool] = False

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        asked = request.query_params
        plain.refuse_repeated(asked)
        if "format" in asked:
            return private(files.file_of(self))
        plan = self._plan(asked)
        if plan.pages.offset is not None:
            answer = plan.pages.by_offset(request, self.filtered(self.rows()), plan.shape)
        else:
            answer = self._page(plan, asked)
        self.expand(answer["results"])
        return private(Response(answer))

    def _page(self, plan: Plan, asked: Mapping[str, str]) -> dict[str, Any]:
        if cursor := asked.get("cursor"):
            place = plan.pages.place(plan.rows, cursor)
            found = plan.further.all(now=self.now, **place)
        else:
            found = plan.first.all(now=self.now)
        answer = plan.pages.answer(self.request, found, plan.shape)
        if plan.pages.counted:
            answer["count"] = self.filtered(self.rows()).order_by().count()
        return answer

    def _plan(self, asked: Mapping[str, str]) -> Plan:
        words = sorted((name, value) for name, value in asked.items() if name != "cursor")
        place = (type(self), self.resource, self.form, tuple(self.kwargs.items()))
        question = (*place, tuple(words))
        plan = _plans.get(question)
        if plan is None:
            plan = self._understood()
            if self.steady and self._all_steady(asked):
                if len(_plans) >= MOST_PLANS:  # clients choose the words: never without bounds
                    _plans.clear()
                _plans[question] = plan
        return plan

    def _understood(self) -> Plan:
        pages, shape = Pages(self.request.query_params, self.orders), self.shape()
        self.now = Slots({})("now", DateTimeField())
        rows = self.filtered(self.rows())
        self.now = clock.now()
        return Plan(pages, shape, rows)

    def _all_steady(self, asked: Mapping[str, str]) -> bool:
        """No filter that looks at other rows, or at who asks, to know what to ask for."""
        known = self.filters.base_filters if self.filters else {}
        methods = {name for name in asked if name in known and known[name].method}
        return methods <= getattr(self.filters, "steady", frozenset())

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.request.query_params
        if self.filters is None:
            plain.refuse_unknown("query", asked, PARAMETERS)
            return rows
        filters = self.filters(asked, queryset=rows, request=self.request)
        plain.refuse_unknown("query", asked, [*PARAMETERS, *filters.filters])
        _refuse_empty(asked, filters)
        if not filters.is_valid():
            raise serializers.ValidationError(_codes(filters))
        found: QuerySet[Any] = filters.qs
        return found


def _refuse_empty(asked: Mapping[str, str], filters: FilterSet) -> None:
    """Nothing is no moment, no id and no choice: it must not be silently without effect."""
    wrong = {
        name: [_("This value is empty.")]
        for name, one in filters.filters.items()
        if asked.get(name) == "" and not isinstance(one, CharFilter | BaseCSVFilter)
    }
    if wrong:
        raise serializers.ValidationError(wrong, code="invalid")


def _codes(filters: FilterSet) -> dict[str, Any]:
    """Django's form errors as the framework's."""
    return {
        name: [
            serializers.ErrorDetail(message, error.code or "invalid")
            for error in errors.as_data()
            for message in error.messages
        ]
        for name, errors in filters.errors.items()
    }


class RowView(ReadView):
    """One row, with an ETag; ``If-None-Match`` is answered with 304."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        plain.refuse_repeated(request.query_params)
        plain.refuse_unknown("query", request.query_params, OF_ROWS)
        found = plain.read(self.one(self.rows(), **kwargs)[:1], self.shape())
        if not found:
            raise NotFound
        row = self.expand(found)[0]
        return tagged(request, row, self.etag(row))

    def one(self, rows: QuerySet[Any], **kwargs: Any) -> QuerySet[Any]:
        """Narrowed to the row that the address names."""
        return rows.filter(pk=kwargs["pk"])

    def etag(self, row: Mapping[str, Any]) -> str:
        """Changes with every byte of the answer."""
        return tag_of(row)


def tag_of(row: Mapping[str, Any]) -> str:
    """The ETag of a row in its form."""
    return hashlib.sha256(dumps(row)).hexdigest()[:32]


def tagged(request: Request, body: Any, etag: str, *, status: int = 200) -> Response:
    """The answer with its ETag, or 304 without a body."""
    quoted = f'"{etag}"'
    known = [part.strip().removeprefix("W/") for part in _header(request).split(",")]
    fresh = request.method in {"GET", "HEAD"} and (quoted in known or "*" in known)
    answer = Response(status=304) if fresh else Response(body, status=status)
    answer["ETag"] = quoted
    return private(answer)


def _header(request: Request) -> str:
    return str(request.headers.get("If-None-Match", ""))


def private(answer: A) -> A:
    """What one client reads is kept by no proxy, and never used unasked."""
    answer["Cache-Control"] = "private, no-cache"
    answer["Vary"] = "Authorization, X-API-Key, Cookie, Accept-Language"
    return answer
