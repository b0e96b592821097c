"""The writer: one batch of drafts with their customers and watches, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.conf import settings

from history.bulk import Batch, batch, new_row
from history.commands import CommandKey
from history.models import Command
from receipts.events.facts import CustomerAdded, WatchAdded
from receipts.models import Customer, Metal, Receipt, Watch
from receipts.numbers import fold_serial
from receipts.phones import normalise_phone
from receipts.services.bulk.drawer import Drawer
from receipts.services.bulk.quality import Draft
from receipts.services.watches import TEXTS, clean_bar
from workshop.lib.actor import Actor
from workshop.lib.text import clean_text

VERB = "receipt.write_history"

T = TypeVar("T")


class Writer:
    """Collects drafts; they are written when the ``with`` block of :func:`writer` ends."""

    TOGETHER: ClassVar = 100  # complete stories that are sent at once

    def __init__(self, rows: Batch) -> None:
        self.rows = rows
        self.drawer = Drawer()
        self._drafts: list[Draft] = []
        self._complete = 0

    def draft(
        self,
        *,
        number: str,
        key: CommandKey,
        actor: Actor,
        at: datetime,
        watch: Mapping[str, Any] | None = None,
        customer: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
        deadline: datetime | None = None,
        urgent: bool = False,
        arguments: Mapping[str, Any] | None = None,
    ) -> Draft:
        """A registered receipt; a new watch and a new customer by their values, known ones as ids
        in ``facts``. ``arguments`` (default number and time) is what the command remembers, to
        tell the same row from a changed one. Raises what the services of registration raise; a
        number that is taken fails as IntegrityError when the batch is written.
        """
        receipt_id = self.rows.next_id(Receipt)
        told: Mapping[str, Any] = {}
        if not self.rows.dry:  # which remembers nothing
            told = arguments or {"number": number, "at": self.rows.told(at)}
        command = self.rows.command(VERB, key, actor, told)
        command.result = {"id": receipt_id, "extra": {}, "warnings": [], "already": None}
        draft = Draft(self.rows, self.drawer, command, receipt_id)
        known = dict(facts or {})
        if watch is not None:
            known["watch"] = self.watch(command, watch, actor=actor, at=at)
        if customer is not None:
            known["customer"] = self.customer(command, customer, actor=actor, at=at)
        draft.register(number=number, actor=actor, at=at)
        if known:
            draft.edit_facts(facts=known, actor=actor, at=at)
        if deadline is not None:
            draft.change_deadline(deadline=deadline, actor=actor, at=at)
        if urgent:
            draft.set_urgent(urgent=True, actor=actor, at=at)
        self.drawer.put(draft.receipt)  # a later one of this batch may repeat it
        self._drafts.append(draft)
        return draft

    def command(self, key: CommandKey, actor: Actor, arguments: Mapping[str, Any]) -> Command:
        """The command of a row that is no receipt."""
        return self.rows.command(VERB, key, actor, arguments)

    def watch(
        self, command: Command, values: Mapping[str, Any], *, actor: Actor, at: datetime
    ) -> int:
        """A new watch; its id."""
        facts = {name: self._watch_fact(name, raw) for name, raw in values.items()}
        watch = new_row(
            Watch,
            created_at=at,
            serial_key=fold_serial(facts.get("serial", "")),
            movement_key=fold_serial(facts.get("movement_number", "")),
            **facts,
        )
        self.rows.add(watch)
        payload = WatchAdded(watch_id=watch.id, description=str(watch))
        self.rows.record(watch.stream, payload, actor=actor, command=command, at=at)
        return self._remember(watch)

    def _watch_fact(self, name: str, raw: Any) -> Any:
        if name == "metal":
            return self.drawer.row(Metal, raw, field=name) if raw else None
        if name == "water_resistance_bar":
            return clean_bar(raw)
        return clean_text(raw, field=name, limit=TEXTS[name])

    def customer(
        self, command: Command, values: Mapping[str, str], *, actor: Actor, at: datetime
    ) -> int:
        """A new customer; his id."""
        phone = values.get("phone", "")
        customer = new_row(
            Customer,
            name=clean_text(values.get("name"), field="name", limit=150),
            phone=normalise_phone(phone) if phone else "",
            note=clean_text(values.get("note"), field="note"),
            language=values.get("language") or settings.LANGUAGE_CODE,
            created_at=at,
        )
        self.rows.add(customer)
        payload = CustomerAdded(customer_id=customer.id)
        self.rows.record(customer.stream, payload, actor=actor, command=command, at=at)
        return self._remember(customer)

    def _remember(self, row: Watch | Customer) -> int:
        self.drawer.put(row)
        return int(row.id)

    def attempt(self, story: Callable[[Writer], T]) -> T:
        """What ``story`` answers; an error in it takes back what it added, and is raised."""
        mark, drafts = self.rows.mark(), len(self._drafts)
        try:
            return story(self)
        except Exception:
            self.rows.back_to(mark)
            del self._drafts[drafts:]
            raise

    def complete(self) -> None:
        """Everything told so far stands; what is told next is another story.

        Some complete ones together go to the database while the next are told: the sending goes on
        after each. Outside of :meth:`attempt`.
        """
        self._complete += 1
        if self._complete % self.TOGETHER == 0:
            self.close()
            self.rows.hand_over()
        else:
            self.rows.turn()

    def finish(self) -> None:
        """Nothing will be added: the rest goes to the database, too."""
        self.close()
        self.rows.hand_over(last=True)

    def close(self) -> None:
        """Before the rows are written: what follows from each history as a whole."""
        for draft in self._drafts:
            draft.plan_reminders()
        self._drafts.clear()


@contextmanager
def writer(*, dry: bool = False, check_keys: bool = False) -> Iterator[Writer]:
    """One transaction; keep a batch to some thousand receipts, all of it is in memory.

    ``dry``: everything is worked out and nothing written. ``check_keys``: see
    :func:`history.bulk.batch`.
    """
    with batch(dry=dry, check_keys=check_keys) as rows:
        bulk = Writer(rows)
        yield bulk
        bulk.finish()
