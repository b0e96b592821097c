"""Resources that are read as their tables hold them: one declaration for list, row and address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from workshop.lib.api import rows as plain
from workshop.lib.api.views import ApiView, ListView, RowView

BY_ID: Mapping[str, str] = {"-id": "id"}


class _NoForm(serializers.Serializer[Any]):
    """Stands until a resource names its own."""


class TableList(ListView):
    """A page of a resource; its particulars come from its :class:`Resource`."""

    form: ClassVar[plain.SerializerClass] = _NoForm
    of: ClassVar[Any] = None  # the Resource that made it
    about: ClassVar[str] = ""

    def rows(self) -> QuerySet[Any]:
        return self.of.table()


class TableRow(RowView, TableList):
    """One row of a resource."""


@dataclass(frozen=True)
class Resource:
    """What is shown of a table, to whom, and how it can be asked for.

    ``many`` and ``one`` tell of the list and of a row; without ``one`` rows have no address.
    """

    name: str
    form: plain.SerializerClass
    table: Callable[[], QuerySet[Any]]
    scope: str
    many: str
    one: str = ""
    filters: type[FilterSet] | None = None
    orders: Mapping[str, str] = field(default_factory=lambda: BY_ID)

    def paths(self, *, add: type[ApiView] | None = None, **of_add: Any) -> list[URLPattern]:
        """Its addresses; POST to the list is the verb ``add`` (with these attributes)."""
        view: type[TableList] = TableList
        scopes = {"GET": self.scope}
        if add is not None:
            view = type(add.__name__, (add, TableList), {"__doc__": add.__doc__})
            scopes |= getattr(add, "scopes", {})
        listed = view.as_view(**self._particulars(), about=self.many, scopes=scopes, **of_add)
        found = [path(f"{self.name}/", listed, name=self.name)]
        if self.one:
            row = TableRow.as_view(
                **self._particulars(), about=self.one, scopes={"GET": self.scope}
            )
            found.append(path(f"{self.name}/<int:pk>/", row, name=f"{self.name}-row"))
        return found

    def _particulars(self) -> dict[str, Any]:
        return {
            "resource": self.name,
            "form": self.form,
            "of": self,
            "filters": self.filters,
            "orders": self.orders,
        }

    def read(self, pk: int) -> dict[str, Any]:
        """The row in its form, as its list shows it; 404 when there is none."""
        found = plain.read(self.table().filter(pk=pk), plain.shape_of(self.form))
        if not found:
            raise NotFound
        return found[0]
