"""One seeded quarter: the script is played on the machine, then people's chats are judged."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta

from history.models import Outbox
from receipts.models import OperationType, Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.services.registration import register_receipt
from receipts.services.returns import ItemInput, return_watch
from staff import roles
from staff.models import Employee
from staff.services.people import add_employee, set_active
from tests.cast import reason_id
from tests.faults.judging import Person, Verdict, judge
from tests.faults.quarter import BEGIN, DAY, FAULTS, HOUR, MINUTE, MOSCOW, Step, faults, watches
from tests.faults.reminder_oracle import OPEN_END, Opening, Span, openings
from tests.faults.virtual import Arrival, Machine
from workshop.lib.actor import system_actor
from workshop.lib.errors import WorkshopError

INSPECTORS = 3
FAIR = timedelta(seconds=90)
SECOND = timedelta(seconds=1)
ACTOR = system_actor("script", silent=True)  # its events tell nobody; only reminders are counted
OFFICE = system_actor("office")
_chats = iter(range(10_000, 10_000_000))


class Run:
    """``judged()`` plays everything and answers with the verdict."""

    def __init__(
        self, rng: random.Random, receipts: int, fault_count: int, days: int, aimed: int
    ) -> None:
        self.rng, self.days, self.aimed = rng, days, aimed
        self.machine = Machine(BEGIN, rng)
        self.end = BEGIN + (days + 1) * DAY
        self.steps = sorted([*watches(rng, receipts, days), *faults(rng, fault_count, days)])
        self.receipts: dict[int, Receipt] = {}
        self.spans: dict[str, list[Span]] = defaultdict(list)
        self.people: dict[int, Person] = {}
        self.windows: list[tuple[datetime, datetime]] = []
        self.verdict = Verdict()
        OperationType.objects.update(required=False)
        self.reason = reason_id("dirt_inside")

    def judged(self) -> Verdict:
        with self.machine.running():
            for number in range(INSPECTORS):
                self._join(manager=False, name=f"Контролёр {number}")
            self._join(manager=True, name="Менеджер Первый")
            for step in self.steps:
                if step.at >= self.end:
                    break
                self.machine.run_until(step.at)
                self._play(step)
            self.machine.run_until(self.end)
            # The next seed begins with an empty staff and nothing planned.
            Employee.objects.filter(pk__in=self.people).update(active=False)
            for receipt in Receipt.objects.filter(pk__in=[r.pk for r in self.receipts.values()]):
                receipt.reminders.filter(fate="planned").update(fate="cancelled")
            Outbox.objects.update(done_at=self.machine.true)
        return self._judge()

    # --- the script -----------------------------------------------------------------------------

    def _play(self, step: Step) -> None:
        if step.what.startswith("fault:"):
            self._fault(step.what.removeprefix("fault:"), step)
            return
        try:
            getattr(self, "_" + step.what.replace(" ", "_"))(step)
        except WorkshopError:
            return  # the script may ask for what is not possible any more

    def _take_in(self, step: Step) -> None:
        number = f"{self.rng.randrange(10**6)}-{step.subject}"
        self.receipts[step.subject] = register_receipt(number=number, actor=ACTOR).object

    def _deadline(self, step: Step) -> None:
        receipt = self.receipts[step.subject]
        change_deadline(receipt_id=receipt.pk, deadline=step.value, actor=ACTOR)
        was_open = not self.spans[receipt.number] or self._close(receipt, step.at)
        receipt.refresh_from_db()
        if was_open:
            self._open(receipt, step.at)

    def _pass(self, step: Step) -> None:
        receipt = self.receipts[step.subject]
        done = pass_check(receipt_id=receipt.pk, actor=ACTOR)
        if done.already is None:
            self._close(receipt, step.at)

    def _return(self, step: Step) -> None:
        receipt = self.receipts[step.subject]
        return_watch(receipt_id=receipt.pk, items=[ItemInput(self.reason)], actor=ACTOR)
        receipt.refresh_from_db()
        self._open(receipt, step.at)

    def _open(self, receipt: Receipt, at: datetime) -> None:
        if receipt.deadline is not None:
            span = Span(at, OPEN_END, receipt.deadline, receipt.deadline_version)
            self.spans[receipt.number].append(span)

    def _close(self, receipt: Receipt, at: datetime) -> bool:
        """The present span ends; False when none was open."""
        spans = self.spans[receipt.number]
        if not spans or spans[-1].end != OPEN_END:
            return False
        last = spans.pop()
        spans.append(Span(last.start, at, last.deadline, last.version))
        return True

    # --- people ---------------------------------------------------------------------------------

    def _join(self, *, manager: bool, name: str) -> None:
        chat = next(_chats)
        role = roles.MANAGER if manager else roles.INSPECTOR
        done = add_employee(full_name=name, roles=[role], telegram_id=chat, actor=OFFICE)
        self.people[done.object.pk] = Person(chat, self.machine.true, OPEN_END, manager)

    def _leave(self, person: Person) -> None:
        pk = next(pk for pk, one in self.people.items() if one is person)
        set_active(employee_id=pk, active=False, actor=OFFICE)
        person.left = self.machine.true

    # --- faults ---------------------------------------------------------------------------------

    def _fault(self, what: str, step: Step) -> None:
        machine, now = self.machine, self.machine.true
        self.verdict.faults[what] += 1
        length = self._lasting(what, step.value)
        # Of `aimed` per cent it strikes there, whenever that is; the others at this instant.
        until = OPEN_END if step.subject * 37 % 100 < self.aimed else now + 3 * SECOND
        if what in FAULTS[:8]:
            machine.strike(what, until)
        elif what in ("worker", "bot", "database"):
            getattr(machine, what).down_until = now + length
        elif what == "away":
            machine.messenger.away_until = now + length
        elif what == "closed":
            people = [one for one in self.people.values() if one.left == OPEN_END]
            machine.messenger.closed[self.rng.choice(people).chat] = now + length
        elif what.startswith("cut"):
            machine.messenger.cut(what.removeprefix("cut "), until)
        elif what.startswith("clock"):
            skew = timedelta(hours=2 if "+" in what else -2)
            if not any(start < now + length and now < end for start, end, _s in machine.skews):
                machine.skews.append((now, now + length, skew))
        elif what == "cache":
            machine.flush_cache()
        elif what == "connection":
            machine.cut_connection()
        else:
            self._of_people(what)
        if length and not what.startswith("clock"):
            self.windows.append((now, now + length))

    def _lasting(self, what: str, draw: float) -> timedelta:
        most = {"worker": 180, "bot": 120, "database": 20, "away": 60, "closed": 6}.get(what, 0)
        if what.startswith("clock"):
            return (30 + draw * 90) * MINUTE
        return (1 + draw * most) * MINUTE if most else timedelta()

    def _of_people(self, what: str) -> None:
        here = [p for p in self.people.values() if p.left == OPEN_END and not p.manager]
        if what == "join":
            self._join(manager=False, name="Новый Контролёр")
        elif what == "leave" and len(here) > 2:
            self._leave(self.rng.choice(here))
        elif what == "edits":
            for number, receipt in list(self.receipts.items())[-10:]:
                when = self.machine.shows(self.machine.true) + self.rng.randrange(4, 90) * HOUR
                deadline = when.replace(second=0, microsecond=0)
                step = Step(self.machine.true, 0, "deadline", number, deadline)
                if receipt.pk and self.spans[receipt.number]:
                    self._play(step)

    # --- the verdict ----------------------------------------------------------------------------

    def _disturbed(self, start: datetime, end: datetime) -> datetime | None:
        """When the faults end that disturb this stretch of time; None when there are none."""
        found = None
        for begin, finish in sorted([*self.windows, *self.machine.deaths]):
            if begin <= end and finish >= start:
                end, found = max(end, finish + FAIR), max(found or finish, finish)
        return found

    def _settled(self, at: datetime) -> datetime:
        end = self._disturbed(at, at + FAIR)
        return at + FAIR if end is None else end + FAIR

    def _judge(self) -> Verdict:
        machine = self.machine
        found: dict[str, list[Opening]] = {
            number: openings(
                spans, machine.shows, machine.first_showing, self._settled, self.end, MOSCOW
            )
            for number, spans in self.spans.items()
        }
        arrivals: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in machine.messenger.ledger:
            if "🔔" in arrival.text:
                arrivals[arrival.chat].append(arrival)
        self.verdict.hits += machine.hits
        self.verdict.hits["cut before"] += machine.messenger.cut_calls["before"]
        self.verdict.hits["cut after"] += machine.messenger.cut_calls["after"]
        for person in self.people.values():
            until = lambda at: self._disturbed(at, at + FAIR)  # noqa: E731
            self.verdict.add(judge(person, arrivals[person.chat], found, until))
        return self.verdict
