"""The floor of P1: a bare WSGI application with psycopg and orjson, which does what must be done.

It looks the key up, compares its HMAC, asks for the scope, counts the request in Redis under both
limits with the product's own script, reads a page of receipts with their joins in one prepared
statement, and writes the same JSON. No framework, no filters, no log, one database connection.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import psycopg
import redis

PERIOD = 60
PATH = "/api/v1/receipts/"
LINK = f"http://localhost{PATH}"
KEY = """
    SELECT k.digest, k.revoked_at, k.expires_at, c.id, c.active, c.scopes, c.rate, e.active
    FROM integrations_apikey k JOIN integrations_apiclient c ON c.id = k.client_id
    LEFT JOIN staff_employee e ON e.id = c.employee_id
    WHERE k.prefix = %s AND (k.expires_at IS NULL OR k.expires_at > now())
"""
PAGE = """
    SELECT r.id, r.number, r.status, r.status_since, r.version, r.received_at, r.deadline,
           r.first_promise, r.deadline_changes,
           r.deadline < now() AND r.status = ANY(%s), r.urgent,
           m.id, m.short_name, w.id, w.brand, w.model, w.reference, w.serial, r.customer_id,
           r.complaint, r.condition, r.completeness, r.links_count, r.description,
           r.declared_value, r.agreed_price, r.prepayment, r.do_not_polish, r.place,
           r.visit_kind, r.repeats_id, r.issued_at, r.voided_at
    FROM receipts_receipt r
    LEFT JOIN staff_employee m ON m.id = r.master_id
    LEFT JOIN receipts_watch w ON w.id = r.watch_id
    WHERE r.voided_at IS NULL ORDER BY r.id DESC LIMIT %s
"""
NAMES = (
    "id", "number", "status", "status_since", "version", "received_at", "deadline",
    "first_promise", "deadline_changes", "overdue", "urgent",
)  # fmt: skip
REST = (
    "customer_id", "complaint", "condition", "completeness", "links_count", "description",
    "declared_value", "agreed_price", "prepayment", "do_not_polish", "place", "visit_kind",
    "repeats_id", "issued_at", "voided_at",
)  # fmt: skip
URGENT = os.environ["P1_URGENT"].split(",")
PEPPER = b"api-key:" + os.environ["SECRET_KEY"].encode()

Start = Callable[[str, list[tuple[str, str]]], Any]
_kept: dict[str, Any] = {}


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    if environ["PATH_INFO"] != PATH:
        start("200 OK", [])  # the probe
        return [b""]
    client = _client(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer rpsg_"))
    if client is None:
        start("401 Unauthorized", [])
        return [b""]
    client_id, rate = client
    if not _count(environ["REMOTE_ADDR"], client_id, rate):
        start("429 Too Many Requests", [])
        return [b""]
    limit = int(environ["QUERY_STRING"].removeprefix("limit="))
    body = _page(limit)
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _cursor() -> psycopg.Cursor[Any]:
    if "database" not in _kept:
        url = os.environ["DATABASE_URL"]
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        connection.execute("SET TIME ZONE 'UTC'")
        _kept["database"] = connection
    cursor: psycopg.Cursor[Any] = _kept["database"].cursor()
    return cursor


def _client(key: str) -> tuple[int, int | None] | None:
    prefix, _dot, rest = key.partition(".")
    found = _cursor().execute(KEY, [prefix]).fetchone()
    if found is None:
        return None
    stored, revoked_at, _expires, client, active, scopes, rate, employee_active = found
    digest = hmac.new(PEPPER, rest[:-6].encode(), hashlib.sha256).hexdigest()
    right = hmac.compare_digest(digest, stored) and active and revoked_at is None
    if not right or employee_active is False or "receipts:read" not in scopes:
        return None
    return client, rate


def _count(address: str, client: int, rate: int | None) -> bool:
    if "script" not in _kept:
        _kept["script"] = redis.Redis.from_url(os.environ["REDIS_URL"]).register_script(
            os.environ["P1_SCRIPT"]
        )
    keys = [f"workshop:rate:address:{address}", f"workshop:rate:api:client:{client}:API_RATE"]
    by_address, _left, by_client, _left = _kept["script"](keys=keys, args=[PERIOD * 1000])
    most = int(os.environ["API_ADDRESS_RATE"])
    return bool(by_address <= most and by_client <= (rate or int(os.environ["API_RATE"])))


def _page(limit: int) -> bytes:
    rows = _cursor().execute(PAGE, [URGENT, limit + 1]).fetchall()
    cursor = None
    if len(rows) > limit:
        last = rows[limit - 1][0]
        cursor = base64.urlsafe_b64encode(orjson.dumps([last, last])).decode()
    return orjson.dumps(
        {
            "results": [_receipt(row) for row in rows[:limit]],
            "next": f"{LINK}?cursor={cursor.replace('=', '%3D')}&limit={limit}" if cursor else None,
            "next_cursor": cursor,
        },
        default=str,
        option=orjson.OPT_UTC_Z,
    )


def _receipt(row: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(NAMES, row, strict=False))
    found["overdue"] = bool(row[9])
    found["master"] = None if row[11] is None else {"id": row[11], "name": row[12]}
    found["watch"] = (
        None
        if row[13] is None
        else {
            "id": row[13],
            "brand": row[14],
            "model": row[15],
            "reference": row[16],
            "serial": row[17],
        }
    )
    found.update(zip(REST, row[18:], strict=True))
    return found
