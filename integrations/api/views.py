"""Signing up for the numbers, and what an access may do."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.api.verbs import ensure_good
from integrations.authentication import ReaderAuthentication, channel
from integrations.services.registrations import register
from workshop.lib.actor import KIND_STRANGER, Actor
from workshop.lib.api.access import access_of
from workshop.lib.api.fields import TextField
from workshop.lib.api.permissions import AnyAccess, Anybody
from workshop.lib.api.views import ApiView, private


class RegistrationForm(serializers.Serializer[Any]):
    example: ClassVar = {"token": "9Jv2…", "username": "reader", "password": "a long pass phrase"}

    token = TextField(required=True, max_length=200)
    username = TextField(required=True, max_length=150)
    password = TextField(required=True, max_length=500, trim_whitespace=False)


class NameForm(serializers.Serializer[Any]):
    """The account that was made."""

    example: ClassVar = {"username": "reader"}

    username = serializers.CharField()


class RegisteredForm(serializers.Serializer[Any]):
    result = NameForm()


class Register(ApiView):
    """Sign up with a registration token of the office: an account for the API of the numbers."""

    permission_classes = (Anybody,)
    authentication_classes = ()
    body = RegistrationForm
    answer_form = RegisteredForm

    def post(self, request: Request) -> Response:
        sent = dict(request.data)
        form = RegistrationForm(data=sent)
        ensure_good(form, sent)
        stranger = Actor(kind=KIND_STRANGER, id=None, label="API", channel=channel())
        user = register(**form.validated_data, actor=stranger).object
        return private(Response({"result": {"username": user.get_username()}}, status=201))


class RegisterWithoutSlash(Register):
    """The same address as it stood in the earlier platform: a POST cannot be redirected."""

    schema = None


class AccessForm(serializers.Serializer[Any]):
    """Who asks, and what he may do."""

    example: ClassVar = {
        "name": "till",
        "kind": "client",
        "employee_id": 7,
        "scopes": ["receipts:read"],
    }

    name = serializers.CharField()
    kind = serializers.CharField(help_text="client, user")
    employee_id = serializers.IntegerField(allow_null=True, help_text="the person behind it")
    scopes = serializers.ListField(child=serializers.CharField())


class Myself(ApiView):
    """Who is asking, and what he may do; also for those who signed up, with Basic auth."""

    permission_classes = (AnyAccess,)
    authentication_classes = (*ApiView.authentication_classes, ReaderAuthentication)
    answer_form = AccessForm

    def get(self, request: Request) -> Response:
        access = access_of(request)
        body = {
            "name": access.actor.label,
            "kind": access.actor.kind,
            "employee_id": access.actor.employee_id,
            "scopes": sorted(access.scopes),
        }
        return private(Response(body))
