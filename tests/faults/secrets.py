"""`make faults-secrets`: every secret is turned while the workshop is at work.

    python -m tests.faults.secrets [--small]
                                   [--parts keys,endpoint,addresses,broker,bot,outside,backups]

Two sites, worker, scheduler and bot (by webhook) get every secret as a file; PostgreSQL and Redis
are private ones that ask for passwords. Programs read and write over the API, somebody signed in
opens pages two at a time, people press in the bot, an import runs, webhooks leave for a receiver
that verifies them, Prometheus looks; e-mails, reports of errors, traces and signs of life leave for
services outside. Meanwhile each secret is turned by the steps of docs/secrets.md. No request may be
lost or refused (one that a restarting site does not take is sent to the other one, once), nobody
signed out, no key void, nothing done twice; at the end no former secret may open anything. All the
while command and environment of every process are searched for every secret, at the end logs,
pages, errors and what has left. `broker` goes from Redis to the RabbitMQ of this machine and turns
its user; without one it is named in `not_here`. `--small`: two sites, and the keys that they share.
Not among the programs of the suite: half a minute of processor time. Prints one JSON object; exit
code 0 when it is so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from typing import Any, Final

from tests.faults.setup import Place, Simulator, finish, throwaway, versions

PARTS: Final = "keys,endpoint,addresses,broker,bot,outside,backups"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.secrets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default=PARTS)
    parser.add_argument("--small", action="store_true", help="two sites, two restarts each")
    wanted = parser.parse_args()
    wanted.people, wanted.callers, wanted.rows = 2, 1, 100
    wanted.parts = wanted.parts.split(",")
    result = _small(wanted) if wanted.small else _whole(wanted)
    finish(result, met=result["met"])


def _whole(wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults.secret_broker import Rabbit, is_here
    from tests.faults.secret_servers import COUNTS, Postgres, Redis
    from tests.faults.secret_services import Services
    from tests.faults.webhooks import Receiver, _environment

    rabbit = Rabbit() if "broker" in wanted.parts and is_here() else None
    with (
        _environment(),
        rabbit or contextlib.nullcontext(),
        Postgres() as server,
        Redis() as redis,
        Services() as services,
        throwaway(server=server.address(COUNTS)) as place,
        Simulator(place) as messenger,
        Receiver() as receiver,
    ):
        return _run(place, messenger, receiver, wanted, server, redis, services, rabbit)


def _small(wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults.webhooks import Receiver, _environment

    with (
        _environment(),
        throwaway() as place,
        Simulator(place) as messenger,
        Receiver() as receiver,
    ):
        return _run(place, messenger, receiver, wanted)


def _run(
    place: Place,
    messenger: Simulator,
    receiver: Any,
    wanted: argparse.Namespace,
    server: Any = None,
    redis: Any = None,
    services: Any = None,
    rabbit: Any = None,
) -> dict[str, Any]:
    from tests.faults.secret_turns import Turns

    began = time.monotonic()
    turns = Turns(place, messenger, receiver, wanted, server, redis, services, rabbit)
    world = turns.world
    with world.at_work():
        (turns.few if wanted.small else turns.all)()
        world.look_at_pages()
        promised, refused = turns.promised(), turns.refused()
    refused |= turns.refused_afterwards()
    logs = world.look_at_logs()
    found = world.count()
    if turns.outside is not None:
        found |= turns.outside.count()
    calls = {
        "asked": world.sites.asked,
        "repeated_once": world.sites.repeated,
        "lost_requests": world.sites.lost,
        "wrong_answers": sum(world.sites.wrong.values()),
        "wrong": dict(world.sites.wrong),
        "written_again": sum(one.errors.total() for one in world.calls),
        "scrapes": world.prometheus.looks,
        "scrapes_refused": world.prometheus.refused,
    }
    leaks = sorted(world.leaks | world.spy.found)
    zero = (
        "lost", "double", "duplicates", "history_findings",
        "mails_lost", "mails_twice", "errors_not_reported",
    )  # fmt: skip
    right = not any(found.get(name) for name in zero) and not world.unclean and not leaks
    right = right and not any(
        calls[name] for name in ("lost_requests", "wrong_answers", "written_again")
    )
    return {
        "name": "faults-secrets",
        "met": right and all(promised.values()) and all(refused.values()),
        **found,
        **calls,
        "leaks": leaks,
        "processes_looked_at": world.spy.looked_at,
        "bytes_of_logs": logs,
        "promised": promised,
        "former_refused": refused,
        "turned": turns.turned,
        "not_here": ["broker"] if "broker" in wanted.parts and rabbit is None else [],
        "restarts": world.restarts,
        "unclean": world.unclean,
        "runs": len(turns.turned),
        "seeds": [wanted.seed],
        "seconds": round(time.monotonic() - began),
        "load": round(os.getloadavg()[0], 1),
        "database": place.vendor,
        "versions": versions(place.vendor),
    }


if __name__ == "__main__":
    main()
