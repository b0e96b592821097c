"""What an address asks of a list: a filter that is not there, or takes no such value, is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import BadRequest, FieldError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.views import ChangeList

NUL: Final = "\x00"
SHOWN: Final = 60  # characters of what was asked


class WrongFilter(BadRequest):
    """A list cannot be filtered so. What was asked stands on the page, never in the log."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__("wrong filter")
        self.name, self.told = name, told


def no_filter(name: str) -> WrongFilter:
    return WrongFilter(name, _("This list has no filter “%(name)s”.") % {"name": name[:SHOWN]})


def no_value(name: str, value: str) -> WrongFilter:
    asked = {"name": name[:SHOWN], "value": value[:SHOWN]}
    return WrongFilter(name, _("The filter “%(name)s” has no value “%(value)s”.") % asked)


class AskedList(ChangeList):
    """Django answers with the whole list, or with a bare 400."""

    result_list: Any

    def get_filters(self, request: HttpRequest) -> Any:
        for name, value in self._asked():
            if not self.model_admin.lookup_allowed(name, value, request):
                raise no_filter(name)
            # PostgreSQL stores no such text, and would break off only when the rows are asked for.
            if NUL in value:
                raise no_value(name, value.replace(NUL, ""))
        return super().get_filters(request)

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        try:
            return super().get_queryset(request, *args, **kwargs)
        except IncorrectLookupParameters as error:
            raise self._wrong() from error

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except IncorrectLookupParameters as error:
            raise WrongFilter(PAGE_VAR, _("The list has no such page.")) from error

    def _asked(self) -> Iterator[tuple[str, str]]:
        for name, values in self.get_filters_params().items():
            yield from ((name, value) for value in values)

    def _wrong(self) -> WrongFilter:
        """Django tells that something is wrong, not what: each is tried by itself."""
        own = {getattr(entry, "parameter_name", None) for entry in self.list_filter}
        for name, value in self._asked():
            try:
                if name not in own:
                    self.root_queryset.filter(**{name: value})
            except FieldError:
                return no_filter(name)
            except Exception:  # whatever the type of the column says of it
                return no_value(name, value)
        return WrongFilter("", _("This list cannot be filtered so."))
