"""Reads of people: names and roles, no Telegram accounts."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers

from staff import roles
from staff.models import Employee
from workshop.lib.api.filters import YesNoFilter
from workshop.lib.api.resources import Resource


class EmployeeForm(serializers.Serializer[Any]):
    example: ClassVar = {
        "id": 7,
        "name": "Сидоров П.",
        "full_name": "Сидоров Пётр",
        "is_master": True,
    }

    id = serializers.IntegerField()
    name = serializers.CharField(source="short_name")
    full_name = serializers.CharField()
    is_inspector = serializers.BooleanField()
    is_manager = serializers.BooleanField()
    is_master = serializers.BooleanField()
    is_polisher = serializers.BooleanField()
    is_owner = serializers.BooleanField()
    active = serializers.BooleanField()
    absent_from = serializers.DateField(allow_null=True)
    absent_until = serializers.DateField(allow_null=True)
    language = serializers.CharField(help_text="the bot speaks it to this person")
    muted_notices = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class EmployeeFilter(filters.FilterSet):
    role = filters.ChoiceFilter(choices=list(roles.LABELS.items()), method="by_role")
    active = YesNoFilter()
    search = filters.CharFilter("full_name", lookup_expr="icontains", max_length=100)

    class Meta:
        model = Employee
        fields: tuple[str, ...] = ()

    def by_role(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(**{f"is_{value}": True})


EMPLOYEES: Final = Resource(
    "employees",
    EmployeeForm,
    Employee.objects.all,
    "staff:read",
    many="People of the workshop, by name.",
    one="A person.",
    filters=EmployeeFilter,
    orders={"name": "full_name", "id": "id"},
)
