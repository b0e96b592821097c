"""What leaves for services of others while their secrets are turned: each thing arrives, once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import close_old_connections, connection

from analytics.models import AlertMail, AlertRule
from analytics.monitoring.judging import Act, Comparison, Mark
from analytics.services.alert_steps import Judged, record_step
from tests.faults.secret_files import SecretFiles, secret_part, seen
from tests.faults.secret_services import MAIL, REPORTS, SERVICES, TRACES, Services
from tests.faults.setup import say, wait_until
from workshop.lib.actor import system_actor

if TYPE_CHECKING:
    from tests.faults.secret_world import World

ADDRESS: Final = "owner@example.org"
OFTEN: Final = 5.0  # seconds between two e-mails
ERRORS: Final = 2.0  # and between two errors
FORCED: Final = "FORCED"
WRONG: Final = 500
# These services have one secret at a time: between theirs and ours nothing gets through.
AT_ONCE: Final = (MAIL, TRACES)
# An error in the midst of a request, as a mistake in the program would make it.
_BREAK: Final = f"""
    CREATE FUNCTION faults_forced() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = 'division_by_zero'; END $$;
    CREATE TRIGGER faults_forced BEFORE INSERT ON receipts_receipt
    FOR EACH ROW WHEN (NEW.number LIKE '{FORCED}%') EXECUTE FUNCTION faults_forced();
"""


class Outside:
    """``forced``: the ids of the requests that met an error."""

    def __init__(self, services: Services, secrets: SecretFiles) -> None:
        self.services, self._secrets = services, secrets
        self.forced: list[str] = []
        self._seen_before: dict[str, int] = {}
        for name in SERVICES:
            secrets.put(name, services.new(name))
        settings.ALERT_EMAILS, settings.MAIL_CONFIGURED = [ADDRESS], True

    def environment(self) -> dict[str, str]:
        return self._secrets.environment(SERVICES) | self.services.environment()

    # --- at work --------------------------------------------------------------------------------

    def write(self, stop: threading.Event) -> None:
        """An alert that is told and over again, each time two e-mails; the rule tells nobody else.

        Switched off: the worker, who judges as well, leaves it alone.
        """
        rule = AlertRule.objects.create(
            key="faults-outside",
            name="Outside",
            metric="outbox_waiting",
            comparison=Comparison.ABOVE,
            threshold=Decimal(1),
            by_mail=True,
            active=False,
        )
        acts = (Act.FIRE, Act.TELL, Act.RESOLVE, Act.TELL_OVER)
        while not stop.wait(OFTEN * 2):
            close_old_connections()
            record_step(
                judged=Judged(rule, rule.metric, None, None, Mark(), acts, Decimal(2)),
                actor=system_actor("faults"),
            )

    def fail(self, world: World, stop: threading.Event) -> None:
        """Errors of the sites, one after the other."""
        with connection.cursor() as cursor:
            cursor.execute(_BREAK)
        number = 0
        while not stop.wait(ERRORS):
            number += 1
            request = world.calls[0]._request(f"{FORCED}-{number}")
            answer = world.sites.expect(WRONG, request, "forced")
            if answer.status == WRONG:
                self.forced.append(answer.header("X-Request-ID"))

    # --- the turn -------------------------------------------------------------------------------

    def turn(self, world: World) -> dict[str, str]:
        """The former values. Sentry and the monitor count both until the former is taken away.

        The worker first: an e-mail that was refused is tried again a minute later.
        """
        former = {name: self._secrets.now(name) for name in SERVICES}
        wait_until(lambda: all(self._came(name, former[name]) for name in SERVICES))
        coming = {name: self.services.new(name) for name in SERVICES}
        for name in AT_ONCE:
            self.services.forget(name, former[name])
        wait_until(lambda: all(self._refused(name, former[name]) for name in AT_ONCE))
        say("refused between the service and the file")
        for name, value in coming.items():
            self._secrets.put(name, value)
        world.restart(["worker"])
        world.restart([name for name in world.programs if name != "worker"])
        for name, value in former.items():
            self.services.forget(name, value)
            self._seen_before[name] = self._seen(name, value)
        wait_until(lambda: all(self._came(name, coming[name]) for name in SERVICES))
        return former

    def _came(self, name: str, value: str) -> int:
        return self.services.doors[name].came[secret_part(name, value)]

    def _refused(self, name: str, value: str) -> int:
        return self.services.doors[name].refused[secret_part(name, value)]

    def _seen(self, name: str, value: str) -> int:
        return self.services.doors[name].seen(secret_part(name, value))

    # --- what must be true ----------------------------------------------------------------------

    def is_refused(self, name: str, former: str) -> bool:
        """It opens nothing, and since the restart nobody has come with it."""
        idle = self._seen(name, former) == self._seen_before[name]
        return idle and not self.services.opens(name, former)

    @staticmethod
    def waiting() -> int:
        """E-mails that have not left yet."""
        return AlertMail.objects.exclude(
            state__in=[AlertMail.State.SENT, AlertMail.State.FAILED]
        ).count()

    def count(self) -> dict[str, int]:
        """Each e-mail against what arrived, each error against the reports."""
        rows = list(AlertMail.objects.all())
        wanted = {f"<alert-{row.event_id}-{row.pk}@example.org>" for row in rows}
        came = Counter(str(one["Message-ID"]) for one in self.services.mails())
        reported = self.services.reported()
        doors = self.services.doors
        return {
            "mails": len(rows),
            "mails_lost": len(wanted - set(came)),
            "mails_twice": came.total() - len(came),
            "mails_tried_again": sum(row.attempts > 1 for row in rows),
            "errors_forced": len(self.forced),
            "errors_not_reported": len(set(self.forced) - reported),
            "reports": doors[REPORTS].came.total(),
            "traces": doors[TRACES].came.total(),
            # Without our own question, which brings nothing.
            "traces_refused": sum(map(bool, doors[TRACES].sent_away)),
        }

    def leaks(self) -> Iterator[str]:
        """Secrets in what left. An envelope names the key that it is sent with."""
        hidden = self._secrets.to_hide()
        for service, text in self.services.texts():
            for name in seen(text, hidden) - {service}:
                yield f"sent to {service}: {name}"
