"""Filters that take what the description says and nothing else."""

from __future__ import annotations

import re
from typing import Any, Final

import django_filters as filters
from django import forms
from django.utils.translation import gettext as _

from workshop.lib.api.fields import LARGEST_ID

_WHOLE: Final = re.compile("[0-9]{1,19}")


class _YesNoFormField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if value not in {"true", "false"}:
            raise forms.ValidationError(_("Must be a valid boolean."), code="invalid")
        return bool(value == "true")


class YesNoFilter(filters.BooleanFilter):
    """``true`` or ``false``: another word would be silently without effect."""

    field_class = _YesNoFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extra["widget"] = forms.TextInput


class _IdFormField(forms.IntegerField):
    def to_python(self, value: Any) -> int | None:
        if value in (None, ""):
            return None
        if not _WHOLE.fullmatch(str(value)):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return int(value)


class IdFilter(filters.NumberFilter):
    """The id of a row: a whole number that a database can hold."""

    field_class = _IdFormField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "id")
        super().__init__(*args, min_value=0, max_value=LARGEST_ID, **kwargs)
