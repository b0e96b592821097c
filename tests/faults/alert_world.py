"""The workshop of ``tests.faults.alerts``: its minutes, its people, and its sixteen faults."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from unittest import mock

from django.core import mail
from django.db.models.functions import Now
from django.test.utils import override_settings

from analytics.models import Alert, AlertRule
from analytics.monitoring import alert_jobs, checking
from analytics.monitoring.snapshot_jobs import take_snapshot
from analytics.services import rebuilding, rollups
from analytics.system_state import BOT, RELAY, SCHEDULER, WORKER
from analytics.tests.test_trend import make_months
from botapp import alert_watch, delivery
from botapp.dialogs.markup import plain
from botapp.models import OutgoingMessage
from botapp.services.notices import retry_notices
from botapp.testing import run_now
from botapp.transport.port import Message, Refused
from history import lease, relay
from history.backups.events import BackupFailed, BackupMade
from history.backups.nightly import note
from history.jobs import Turn
from history.jobs.declaring import declared_jobs
from history.jobs.running import run_by_hand
from history.jobs.turn import JobFailed
from history.models import Job, Lease
from integrations.models import WebhookDelivery
from integrations.services.webhook_messages import replay
from integrations.services.webhooks import add_webhook, pause_webhook, resume_webhook
from polishing.services.orders import take_back
from receipts.models import Receipt, ReturnCase
from receipts.services.assignment import accept, assign
from receipts.services.facts import add_comment
from receipts.services.flow import issue, submit
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt
from receipts.services.works import WorkInput, record_work
from receipts.tasks import fire_reminders
from tests.cast import make_cast, make_order, make_submitted, type_id
from tests.faults.alerts import BEGIN, MINUTE, SLOT, Fault
from workshop.lib import clock
from workshop.lib.actor import system_actor

SYSTEM: Final = system_actor("faults")
PROGRAMS: Final = (BOT, SCHEDULER, WORKER, RELAY)
MAIL: Final = {
    "MAIL_CONFIGURED": True,
    "EMAIL_FROM": "workshop@example.org",
    "DEFAULT_FROM_EMAIL": "Workshop <workshop@example.org>",
    "ALERT_EMAILS": ["owner@example.org"],
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "WORKSHOP_SELF_SERVICE": True,
    "WEBHOOK_ALLOW_HTTP": True,
    "WEBHOOK_ALLOWED_NETWORKS": ["127.0.0.0/8"],
}


@dataclass
class Messenger:
    """Keeps what arrived; while it refuses, nothing of these words is taken."""

    ledger: list[str] = field(default_factory=list)
    refuses: str = ""
    last_id: int = 0

    async def send(self, chat_id: int, message: Message, *, notice: bool = False) -> int:
        text = plain(message.html)
        if self.refuses and self.refuses in text:
            raise Refused("the messenger does not take this")
        self.ledger.append(text)
        self.last_id += 1
        return self.last_id

    async def delete(self, chat_id: int, message_id: int) -> None:
        return None


class World:
    """One installation on a virtual clock. A program in ``down`` gives no sign of life."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, random.Random(seed)
        self.at, self.minutes = BEGIN, 0
        self.down: set[str] = set()
        self.seen = dict.fromkeys(PROGRAMS, self.at)
        self.messenger, self.stuck = Messenger(), False
        self.kept: dict[str, Any] = {}
        self.open: list[Any] = []
        self.began = Alert.objects.count()

    def now(self) -> datetime:
        return self.at

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with mock.patch.object(clock, "now", self.now), override_settings(**MAIL):
            mail.outbox = []
            self.cast = make_cast()
            self.endpoint = add_webhook(
                url="http://127.0.0.1:18080/hook", kinds=["receipt.*"], actor=SYSTEM
            ).object
            self.backed_up(self.at - timedelta(hours=7))
            yield

    # --- a minute -------------------------------------------------------------------------------

    def minute(self) -> None:
        """What the programs do in it, each only while it is up."""
        self.at += MINUTE
        self.minutes += 1
        self._people()
        scheduled = not {SCHEDULER, WORKER} & self.down
        self._sign(SCHEDULER, up=SCHEDULER not in self.down)
        self._sign(WORKER, up=scheduled)
        passing = scheduled and RELAY not in self.down
        if passing:
            relay.relay_outbox()
        self._sign(RELAY, up=passing)
        self._sign(BOT, up=BOT not in self.down)
        if scheduled:
            self._jobs()
        if BOT not in self.down:
            alert_watch.look()
            self._deliver()
        self._webhooks()

    def _sign(self, name: str, *, up: bool) -> None:
        """The database's clock does not jump: the last sign of life is dated back by what is."""
        if up:
            self.seen[name] = self.at
        lease.beat(name, f"faults/{name}")
        silent = self.at - self.seen[name]
        Lease.objects.filter(name=name).update(seen_at=Now() - silent, until=Now())

    def _jobs(self) -> None:
        fire_reminders(self._turn("receipts.fire_reminders"))
        rollups.refresh(at=self.at)
        if self.at.minute % SLOT == 0:
            take_snapshot(self._turn("analytics.take_snapshot"))
        Job.objects.filter(name=checking.JOB).update(last_started_at=self.at)
        alert_jobs.check_alerts(self._turn(checking.JOB))

    def _turn(self, name: str) -> Turn:
        return Turn(name, self.at.replace(second=0), self.at)

    def _deliver(self) -> None:
        if self.stuck:
            return
        while due := [one.recipient for one in delivery.due()]:
            ready = delivery.claim(delivery.new_token(), recipients=due)
            if not ready:
                return
            sent = [run_now(delivery.send(self.messenger, one)) for one in ready]  # type: ignore[arg-type]
            delivery.record(sent)

    def _webhooks(self) -> None:
        """Their receiver takes everything at once."""
        WebhookDelivery.objects.filter(state=WebhookDelivery.WAITING).update(
            state=WebhookDelivery.DONE
        )

    def _people(self) -> None:
        """Watches come in, go to a master who takes them, through quality control, and leave."""
        if self.rng.random() < 0.3:
            receipt = register_receipt(
                number=f"F{self.seed}-{self.minutes}",
                deadline=self.at + timedelta(days=5),
                actor=self.cast.actor("igor"),
            ).object
            self.open.append([receipt.pk, "assign"])
        for watch in list(self.open):
            if self.rng.random() < 0.2:
                self._goes_on(watch)

    def _goes_on(self, watch: list[Any]) -> None:
        pk, step = watch
        igor = self.cast.actor("igor")
        if step == "assign":
            assign(receipt_id=pk, master_id=self.cast.maxim.pk, actor=igor)
            watch[1] = "accept"
        elif step == "accept":
            accept(receipt_id=pk, actor=self.cast.actor("maxim"))
            watch[1] = "work"
        elif step == "work":
            work = WorkInput(type_id("assembly"), self.cast.maxim.pk)
            record_work(receipt_id=pk, works=[work], actor=igor)
            submit(receipt_id=pk, actor=igor)
            watch[1] = "check"
        elif step == "check":
            pass_check(receipt_id=pk, actor=igor)
            watch[1] = "issue"
        else:
            issue(receipt_id=pk, as_taken_in=True, actor=self.cast.actor("anna"))
            self.open.remove(watch)

    # --- what is asked of it --------------------------------------------------------------------

    def until(self, true: Callable[[], bool], most: int) -> int | None:
        """After how many minutes it was so; None when it was not within ``most``."""
        for number in range(most + 1):
            if true():
                return number
            self.minute()
        return None

    def newest(self) -> int:
        return Alert.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def fired(self, since: int | None = None) -> list[str]:
        """Keys of the rules whose alerts have fired, all or after one of them."""
        rows = Alert.objects.order_by("pk")
        rows = rows.filter(pk__gt=since) if since is not None else rows[self.began :]
        return [row.rule.key for row in rows.select_related("rule")]

    def is_on(self, key: str) -> bool:
        return bool(Alert.objects.open().filter(rule__key=key).exists())

    def lasts(self, key: str) -> int:
        return int(AlertRule.objects.get(key=key).lasts_minutes)

    def was_told(self, key: str, *, since: int) -> bool:
        """In somebody's chat, or in somebody's mailbox: the rule's name and its number in words."""
        row = Alert.objects.select_related("rule").filter(rule__key=key, pk__gt=since).last()
        if row is None:
            return False
        from analytics.monitoring.alert_words import title

        words = (row.rule.name, title(row.key))
        texts = [*self.messenger.ledger, *(f"{one.subject}\n{one.body}" for one in mail.outbox)]
        return any(all(word in text for word in words) for text in texts)

    def was_told_over(self, key: str, *, since: int) -> bool:
        name = AlertRule.objects.get(key=key).name
        heads = (f"✅ Снова в порядке: {name}", f"✅ Over: {name}", f"Снова в порядке: {name}")
        texts = [*self.messenger.ledger, *(str(one.subject) for one in mail.outbox)]
        return any(text.startswith(heads) for text in texts)

    def calm(self) -> None:
        """Until nothing is on and nothing waits; what was said belongs to the fault before."""
        self.until(lambda: not Alert.objects.open().exists(), 2 * SLOT)
        self.messenger.ledger.clear()
        mail.outbox = []

    def backed_up(self, at: datetime) -> None:
        made = BackupMade(name="b", size=1, rows=1, photos=0, seconds=1, encrypted=False)
        note(payload=made, actor=SYSTEM, at=at)


# --- the faults -----------------------------------------------------------------------------------


def _stop(name: str) -> Callable[[World], None]:
    return lambda world: world.down.add(name)


def _start(name: str) -> Callable[[World], None]:
    return lambda world: world.down.discard(name)


def _stick(world: World) -> None:
    """Notices are claimed by nobody, although the bot gives its signs of life."""
    world.stuck = True
    receipt = register_receipt(number=f"Q{world.seed}-{world.minutes}", actor=SYSTEM).object
    assign(receipt_id=receipt.pk, master_id=world.cast.maxim.pk, actor=SYSTEM)
    world.open.append([receipt.pk, "accept"])


def _unstick(world: World) -> None:
    world.stuck = False


def _kill_webhook(world: World) -> None:
    """A message that was given up."""
    comment = register_receipt(number=f"W{world.seed}-{world.minutes}", actor=SYSTEM).object
    add_comment(receipt_id=comment.pk, text="x", actor=SYSTEM)
    world.open.append([comment.pk, "assign"])
    relay.relay_outbox()
    row = WebhookDelivery.objects.filter(endpoint=world.endpoint).latest("pk")
    given_up = {"state": WebhookDelivery.DEAD, "ended_at": world.at}
    WebhookDelivery.objects.filter(pk=row.pk).update(**given_up)
    world.kept["dead"] = row.pk


def _replay(world: World) -> None:
    replay(delivery_id=world.kept["dead"], actor=SYSTEM)


def _pause(world: World) -> None:
    pause_webhook(endpoint_id=world.endpoint.pk, reason="faults", actor=SYSTEM)


def _resume(world: World) -> None:
    resume_webhook(endpoint_id=world.endpoint.pk, actor=SYSTEM)


def _old_backup(world: World) -> None:
    world.backed_up(world.at - timedelta(hours=31))


def _new_backup(world: World) -> None:
    world.backed_up(world.at)


def _failed_backup(world: World) -> None:
    note(payload=BackupFailed(reason="disk full"), actor=SYSTEM)


def _overdue(world: World) -> None:
    """Its deadline comes in five minutes, and nobody has finished it."""
    receipt = register_receipt(
        number=f"D{world.seed}-{world.minutes}",
        deadline=world.at + timedelta(minutes=5),
        actor=SYSTEM,
    ).object
    world.kept["overdue"] = receipt.pk


def _finish(world: World) -> None:
    pk, igor = world.kept["overdue"], world.cast.actor("igor")
    assign(receipt_id=pk, master_id=world.cast.maxim.pk, actor=igor)
    accept(receipt_id=pk, actor=world.cast.actor("maxim"))
    work = WorkInput(type_id("assembly"), world.cast.maxim.pk)
    record_work(receipt_id=pk, works=[work], actor=igor)
    submit(receipt_id=pk, actor=igor)
    pass_check(receipt_id=pk, actor=igor)


def _not_accepted(world: World) -> None:
    at = world.at - timedelta(days=1)
    receipt = register_receipt(number=f"N{world.seed}", actor=SYSTEM, at=at).object
    assign(receipt_id=receipt.pk, master_id=world.cast.mark.pk, actor=SYSTEM, at=at)
    world.kept["accept"] = receipt.pk


def _accepted(world: World) -> None:
    accept(receipt_id=world.kept["accept"], actor=world.cast.actor("mark"))


def _over_limit(world: World) -> None:
    """At quality control for a week; its works are the inspector's to judge since then."""
    world.kept["qc"] = make_submitted(world.cast, at=world.at - timedelta(days=7)).pk


def _checked(world: World) -> None:
    pass_check(receipt_id=world.kept["qc"], actor=world.cast.actor("igor"))


def _long_polishing(world: World) -> None:
    at = world.at - timedelta(days=8)
    receipt = register_receipt(number=f"P{world.seed}", actor=SYSTEM, at=at).object
    assign(receipt_id=receipt.pk, master_id=world.cast.mark.pk, actor=SYSTEM, at=at)
    accept(receipt_id=receipt.pk, actor=world.cast.actor("mark"), at=at)
    world.kept["order"] = make_order(world.cast, receipt, at=at).pk


def _polished(world: World) -> None:
    take_back(order_id=world.kept["order"], actor=world.cast.actor("igor"))


def _failing_reminder(world: World) -> None:
    """One hour before a deadline the messenger does not take the reminder."""
    number = f"R{world.seed}-{world.minutes}"
    world.messenger.refuses = number
    receipt = register_receipt(
        number=number, deadline=world.at + timedelta(minutes=62), actor=SYSTEM
    ).object
    world.kept["reminded"] = receipt.pk


def _reminded(world: World) -> None:
    world.messenger.refuses = ""
    stopped = OutgoingMessage.objects.filter(state=OutgoingMessage.DEAD)
    ids = list(stopped.values_list("pk", flat=True))
    retry_notices(notice_ids=ids, actor=SYSTEM)
    world.kept["overdue"] = world.kept["reminded"]
    _finish(world)


def _drop(world: World) -> None:
    """Mark's October was bad, which is final by now."""
    make_months(world.cast.mark, [(40, 1)] * 10 + [(40, 12)], until=date(2026, 10, 1))
    _settle()


def _settle() -> None:
    """The watches of those months have long been handed out."""
    Receipt.objects.filter(number__startswith="M-").update(status="issued")
    rebuilding.forget()  # rows that came without marks: everything is counted again


def _no_drop(world: World) -> None:
    ReturnCase.objects.filter(receipt__number__startswith="M-").update(voided_at=world.at)
    rebuilding.forget()


def _fail(turn: Turn) -> None:
    raise JobFailed("faults")


def _failing_job(world: World) -> None:
    run_by_hand(replace(declared_jobs()["history.clean_up"], work=_fail))


def _working_job(world: World) -> None:
    run_by_hand(replace(declared_jobs()["history.clean_up"], work=lambda turn: None))


FAULTS: Final = (
    Fault("bot stopped", "bot_silent", _stop(BOT), _start(BOT), 3, minutely=True),
    Fault("worker stopped", "worker_silent", _stop(WORKER), _start(WORKER), 5, minutely=True),
    Fault(
        "scheduler stopped",
        "scheduler_silent",
        _stop(SCHEDULER),
        _start(SCHEDULER),
        3,
        minutely=True,
    ),
    Fault("relay stopped", "relay_silent", _stop(RELAY), _start(RELAY), 7, minutely=True),
    Fault("queue stuck", "outgoing_lag", _stick, _unstick, 11, minutely=True),
    Fault("webhook dead", "webhook_dead", _kill_webhook, _replay, minutely=True),
    Fault("endpoint paused", "webhook_paused", _pause, _resume, minutely=True),
    Fault("backup old", "backup_old", _old_backup, _new_backup),
    Fault("backup failed", "backup_failed", _failed_backup, _new_backup),
    Fault("overdue receipt", "overdue", _overdue, _finish, 5),
    Fault("not accepted", "not_accepted", _not_accepted, _accepted),
    Fault("over service limit", "over_limit_qc", _over_limit, _checked),
    Fault("polishing long", "polishing_long", _long_polishing, _polished),
    Fault("reminder failed", "reminders_failed", _failing_reminder, _reminded, 3),
    Fault("quality drop", "quality_drop", _drop, _no_drop),
    Fault("job failing", "jobs_failed", _failing_job, _working_job, minutely=True),
)
