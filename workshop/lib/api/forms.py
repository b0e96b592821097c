"""Forms that all answers share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class AlreadyForm(serializers.Serializer[Any]):
    """Set when the asked result was true before: nothing was written."""

    who = serializers.CharField()
    when = serializers.DateTimeField()


class RefusalForm(serializers.Serializer[Any]):
    """Every refusal has this form."""

    code = serializers.CharField(help_text="stable, dotted: receipts.deadline_in_past")
    detail = serializers.CharField(help_text="for people, in the language of Accept-Language")
    field_errors = serializers.DictField()
    allowed = serializers.ListField(child=serializers.CharField())
    request_id = serializers.CharField()
