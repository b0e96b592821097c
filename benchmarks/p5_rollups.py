"""The roll-ups of P5's large history in one pass of the database.

The refresher's own walk writes the same, 500 receipts at a time: half an hour for a million and a
half, with a machine to itself. What stands here is measured and compared with the facts, not how
it came there; small runs let the refresher do it.
"""

from __future__ import annotations

import time
from typing import Final

from tests.faults.setup import say

DAY: Final = "({} AT TIME ZONE 'Europe/Moscow')::date"

# Each receipt's rows of key and values, as analytics.counting makes them.
PIECES: Final = {
    "works": f"""
        SELECT o.receipt_id, {DAY.format("o.performed_at")} AS day, o.employee_id AS employee,
            o.type_id AS type,
            count(*) FILTER (WHERE own.id IS NULL)::int AS works,
            count(own.id)::int AS own_reworks,
            count(*) FILTER (WHERE own.id IS NULL AND c.last >= o.performed_at)::int AS checked,
            count(h.id) FILTER (WHERE own.id IS NULL)::int AS returned,
            coalesce(sum(h.cases) FILTER (WHERE own.id IS NULL), 0)::int AS returns
        FROM receipts_operation o
        LEFT JOIN (SELECT receipt_id, max(decided_at) AS last FROM receipts_qualitycheck
            WHERE decision IS NOT NULL GROUP BY 1) c ON c.receipt_id = o.receipt_id
        LEFT JOIN (SELECT operation_id AS id, count(DISTINCT return_case_id) AS cases
            FROM receipts_returnitem WHERE operation_id IS NOT NULL GROUP BY 1) h ON h.id = o.id
        LEFT JOIN (SELECT DISTINCT w.id FROM receipts_operation w
            JOIN receipts_returncase r ON r.id = w.rework_of_id
            JOIN receipts_operation e ON e.receipt_id = w.receipt_id AND e.type_id = w.type_id
                AND e.employee_id = w.employee_id AND e.id <> w.id
                AND e.performed_at <= r.returned_at) own ON own.id = o.id
        GROUP BY 1, 2, 3, 4
    """,
    "items": f"""
        SELECT r.receipt_id, {DAY.format("r.returned_at")} AS day, i.reason_id AS reason,
            i.affects_id AS affects, coalesce(i.responsible_id, 0) AS responsible,
            CASE WHEN i.operation_id IS NOT NULL THEN 'hit_a_work'
                WHEN i.responsibility = 'person' THEN 'without_a_work'
                ELSE i.responsibility END AS "column",
            count(*)::int AS items
        FROM receipts_returnitem i JOIN receipts_returncase r ON r.id = i.return_case_id
        GROUP BY 1, 2, 3, 4, 5, 6
    """,
    "assemblers": f"""
        SELECT receipt_id, {DAY.format("returned_at")} AS day, assembler_id AS assembler,
            count(*)::int AS cases
        FROM receipts_returncase WHERE assembler_id IS NOT NULL GROUP BY 1, 2, 3
    """,
    "cases": """
        SELECT receipt_id, day, responsible, affects, count(*)::int AS cases,
            count(before)::int AS repeated
        FROM p5_among GROUP BY 1, 2, 3, 4
    """,
    "repeats": """
        SELECT receipt_id, day, before, responsible, affects, count(*)::int AS cases
        FROM p5_among WHERE before IS NOT NULL GROUP BY 1, 2, 3, 4, 5
    """,
}

# Returns with an item of a person and a type, each once, and the day of the one before.
AMONG: Final = f"""
CREATE UNLOGGED TABLE p5_among AS
SELECT *, lag(day) OVER (PARTITION BY receipt_id, responsible, affects ORDER BY at, id) AS before
FROM (SELECT DISTINCT r.receipt_id, r.id, r.returned_at AS at,
        {DAY.format("r.returned_at")} AS day, p.responsible, t.affects
    FROM receipts_returnitem i JOIN receipts_returncase r ON r.id = i.return_case_id
    CROSS JOIN LATERAL (VALUES (0), (coalesce(i.responsible_id, 0))) AS p (responsible)
    CROSS JOIN LATERAL (VALUES (0), (i.affects_id)) AS t (affects)) AS found
"""


def build() -> None:
    """Everything that the refresher keeps, on a history without roll-ups."""
    from django.db import connection

    from analytics.counting import KINDS
    from analytics.models import Counted, RollupState

    with connection.cursor() as cursor:

        def run(what: str, statement: str) -> None:
            began = time.monotonic()
            cursor.execute(statement)
            say(f"{what}: {cursor.rowcount} rows, {time.monotonic() - began:.0f} s")

        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET work_mem = '512MB'")
        run("among", AMONG)
        unions = []
        for name, kind in KINDS.items():
            piece = f"p5_{name}"
            run(name, f"CREATE UNLOGGED TABLE {piece} AS {PIECES[name]}")
            table = kind.model._meta.db_table
            keys = ", ".join(f'"{key}"' for key in kind.keys)
            sums = ", ".join(f'sum("{value}")' for value in kind.values)
            columns = ", ".join(f'"{value}"' for value in kind.values)
            grains = [("d", "day"), ("m", "date_trunc('month', day)::date")]
            for grain, day in grains if kind.months else grains[:1]:
                run(
                    f"{name} {grain}",
                    f"INSERT INTO {table} (grain, day, {keys}, {columns})"
                    f" SELECT '{grain}', {day}, {keys}, {sums} FROM {piece} GROUP BY {day}, {keys}",
                )
            told = [_ordinal("day")]
            told += [_ordinal(key) if key == "before" else f'"{key}"' for key in kind.keys]
            told += [f'"{value}"' for value in kind.values]
            unions.append(
                f"SELECT receipt_id, '{name}' AS kind, jsonb_agg(jsonb_build_array("
                f"{', '.join(told)})) AS rows FROM {piece} GROUP BY 1"
            )
        run(
            "kept",
            f"INSERT INTO {Counted._meta.db_table} (receipt_id, cells)"
            f" SELECT receipt_id, jsonb_object_agg(kind, rows) FROM ({' UNION ALL '.join(unions)})"
            " AS told GROUP BY 1",
        )
        for name in (*KINDS, "among"):
            cursor.execute(f"DROP TABLE p5_{name}")
        cursor.execute("SET session_replication_role = origin")
        RollupState.objects.update_or_create(pk=RollupState.ONLY, defaults={"complete": True})
        cursor.execute("VACUUM (ANALYZE)")


def _ordinal(column: str) -> str:
    return f"{column} - DATE '0001-01-01' + 1"
