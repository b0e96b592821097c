"""Errors of many makers, each quoting a canary as such errors do."""

from __future__ import annotations

import builtins
import json
import sqlite3
import ssl
import urllib.error
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any, Final

import aiohttp
import celery.exceptions
import kombu.exceptions
import redis.exceptions
import telegram.error
from django.core import exceptions as django_errors
from django.db import IntegrityError, connection, transaction, utils
from django.template import TemplateSyntaxError
from django.urls import NoReverseMatch
from rest_framework import exceptions as api_errors

from botapp.transport.port import Refused, TransportError
from history.jobs import JobFailed
from tests.canaries.planted import Cage
from workshop.lib.errors import RuleViolation

NOTHING: Final[dict[str, str]] = {}
Breaker = Callable[[str], Any]


class Own(Exception):
    """With the value in a place of its own."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.code = value
        self.sqlstate = value
        self.errno = value


def break_with(breaker: Breaker, cage: Cage) -> None:
    """Raise; the canaries also stand in local variables, notes and former errors."""
    hidden = {cage.take("name"): cage.take("phone")}
    secret = cage.take("password")
    try:
        breaker(cage.any())
    except Exception as error:
        error.add_note(f"for {hidden} with {secret}")
        raise
    raise AssertionError("nothing was raised")


def _raising(make: Callable[[str], BaseException]) -> Breaker:
    def breaker(value: str) -> None:
        raise make(value)

    return breaker


def _chained(value: str) -> None:
    try:
        raise KeyError(value)
    except KeyError as error:
        raise ValueError(f"for {value}") from error


def _while_handling(value: str) -> None:
    try:
        NOTHING[value]
    except KeyError:
        int(value)


def _group(value: str) -> None:
    raise ExceptionGroup(value, [ValueError(value), KeyError(value)])


def _made_on_the_way(value: str) -> None:
    raise type("Made", (Exception,), {"__str__": lambda _self: value})


def _statement(text: str) -> Breaker:
    """Of the database itself, in a savepoint."""

    def breaker(value: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if "{}" in text:
                cursor.execute(text.format(value.replace("'", "").replace("%", "")))
            else:
                cursor.execute(text, [value])
            raise IntegrityError(value)  # where the database takes it

    return breaker


def _twins(value: str) -> None:
    """A constraint is broken: PostgreSQL quotes the row."""
    from history.models import Lease

    with transaction.atomic():
        for _twin in range(2):
            Lease(name=value[:60]).save(force_insert=True)


class _Broken:
    def __repr__(self) -> str:
        raise ValueError("no repr")


BREAKERS: Final[Mapping[str, Breaker]] = {
    **{
        name: _raising(getattr(builtins, name))
        for name in (
            "ValueError", "KeyError", "TypeError", "LookupError", "RuntimeError", "AssertionError",
            "OSError", "ImportError", "AttributeError", "NotImplementedError", "MemoryError",
            "RecursionError", "ArithmeticError", "TimeoutError", "EOFError", "NameError",
        )
    },
    "int": int,
    "float": float,
    "json": lambda value: json.loads(f'{{"{value}'),
    "decimal": lambda value: Decimal(value + "x"),
    "decimal signal": _raising(InvalidOperation),
    "unicode": lambda value: f"{value}щ".encode("cp1251").decode("utf-8"),
    "lookup": lambda value: NOTHING[value],
    "attribute": lambda value: getattr(object(), value),
    "file": lambda value: Path(f"/nowhere/{value}").read_text(),
    "format": lambda value: f"{value:d}",
    "module": lambda value: __import__(value.replace(" ", "_").replace("/", "_") or "x"),
    "own": _raising(Own),
    "made": _made_on_the_way,
    "group": _group,
    "chain": _chained,
    "context": _while_handling,
    "broken": _raising(lambda value: ValueError(_Broken(), value)),
    "validation": _raising(django_errors.ValidationError),
    "validations": _raising(lambda value: django_errors.ValidationError({"phone": [value]})),
    "several": _raising(django_errors.MultipleObjectsReturned),
    "missing": _raising(django_errors.ObjectDoesNotExist),
    "settings": _raising(django_errors.ImproperlyConfigured),
    "field": _raising(django_errors.FieldError),
    "template": _raising(TemplateSyntaxError),
    "address": _raising(NoReverseMatch),
    "parse": _raising(api_errors.ParseError),
    "rule": _raising(lambda value: RuleViolation(value, value, params={"who": value})),
    "job": _raising(lambda value: ValueError(JobFailed(value))),
    "sqlite": _raising(sqlite3.OperationalError),
    "database": _raising(utils.DatabaseError),
    "data": _raising(utils.DataError),
    "integrity": _raising(utils.IntegrityError),
    "programming": _raising(utils.ProgrammingError),
    "a syntax": _statement("SELECT '{}' FROM nowhere WHERE"),
    "a column": _statement('SELECT "{}" FROM history_event WHERE nothing = 1'),
    "a cast": _statement("SELECT CAST(%s AS integer) / 0"),
    "twins": _twins,
    "telegram": _raising(telegram.error.BadRequest),
    "network": _raising(telegram.error.NetworkError),
    "messenger": _raising(TransportError),
    "refused": _raising(Refused),
    "redis": _raising(redis.exceptions.ResponseError),
    "broker": _raising(kombu.exceptions.OperationalError),
    "celery": _raising(celery.exceptions.TaskError),
    "client": _raising(aiohttp.ClientError),
    "url": _raising(aiohttp.InvalidURL),
    "smtp": _raising(lambda value: SMTPRecipientsRefused({value: (550, value.encode())})),
    "tls": _raising(ssl.SSLError),
    "http": _raising(urllib.error.URLError),
    "book": _raising(zipfile.BadZipFile),
}  # fmt: skip
