"""The workshop in a hundred lines: what a receipt is after any presses. Knows nothing of the code.

Only plain values; every verb answers True when it must succeed with an effect, None when it is
already done, False when it must be refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

OPEN = {"received", "in_work", "on_hold", "returned", "quality_control"}
Answer = bool | None


@dataclass(frozen=True)
class State:
    """What a voided decision brings back."""

    status: str = "received"
    master: str | None = None
    hold: str | None = None  # the status before the hold
    check_open: bool = False


@dataclass
class Model:
    """One receipt."""

    now: State = State()
    decided: list[tuple[str, State]] = field(default_factory=list)  # with the state before
    works: list[str] = field(default_factory=list)
    case_away: bool = False
    rounds: int = 0
    deadline: int | None = None
    promise: int | None = None
    changes: int = 0
    urgent: bool = False

    def _decide(self, verb: str, **changes: object) -> bool:
        self.decided.append((verb, self.now))
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]
        return True

    def assign(self, master: str) -> Answer:
        if self.now.status == "in_work" and self.now.master == master:
            return None
        if self.now.status not in OPEN:
            return False
        return self._decide("assign", status="in_work", master=master, hold=None)

    def hold(self) -> Answer:
        if self.now.status not in OPEN - {"on_hold"}:
            return False
        return self._decide("hold", status="on_hold", hold=self.now.status)

    def resume(self) -> Answer:
        if self.now.hold is None or self.now.status != "on_hold":
            return None if self.decided and self.decided[-1][0] == "resume" else False
        return self._decide("resume", status=self.now.hold, hold=None)

    def submit(self) -> Answer:
        if self.now.status == "quality_control":
            return None
        if self.now.status not in {"received", "in_work", "returned"}:
            return False
        return self._decide("submit", status="quality_control")

    def passed(self) -> Answer:
        if self.now.status == "ready":
            return None
        if self.now.status not in OPEN - {"on_hold"}:
            return False
        if self.case_away or "assembly" not in self.works:
            return False
        return self._decide("passed", status="ready", master=None, check_open=False)

    def returned(self) -> Answer:
        if self.now.status not in {"received", "in_work", "quality_control", "ready"}:
            return False
        return self._decide("returned", status="returned", check_open=False)

    def rework(self, master: str) -> Answer:
        if self.now.status != "ready":
            return False
        return self._decide("rework", status="in_work", master=master)

    def refuse(self) -> Answer:
        if self.now.status == "refused":
            return None
        if self.now.status not in OPEN | {"ready"}:
            return False
        return self._decide("refuse", status="refused", hold=None)

    def reopen(self) -> Answer:
        if self.now.status != "refused":
            return False
        return self._decide("reopen", status="in_work" if self.now.master else "received")

    def issue(self) -> Answer:
        if self.now.status == "issued":
            return None
        if self.now.status not in {"ready", "refused"} or self.case_away:
            return False
        return self._decide("issue", status="issued", master=None)

    def void(self) -> Answer:
        if not self.decided:
            return False
        # What was begun after the decision stays: a check opened since is still open.
        is_open = self.now.check_open
        self.now = self.decided.pop()[1]
        self.now = replace(self.now, check_open=self.now.check_open or is_open)
        return True

    # records: any status but issued, none changes it ---------------------------------------
    @property
    def _may_record(self) -> bool:
        return self.now.status != "issued"

    def work(self, kind: str) -> Answer:
        if self._may_record:
            self.works.append(kind)
        return self._may_record

    def void_work(self, kind: str) -> Answer:
        if not self._may_record or kind not in self.works:
            return False
        self.works.remove(kind)
        return True

    def test_run(self) -> Answer:
        if self._may_record:
            self.now = replace(self.now, check_open=True)
        return self._may_record

    def send(self) -> Answer:
        if not self._may_record or self.case_away:
            return False
        self.case_away = True
        self.rounds += 1
        return True

    def take_back(self) -> Answer:
        if not self.case_away:
            return None
        self.case_away = False
        self.works.append("polishing")
        return True

    def set_deadline(self, day: int | None, *, wish: bool) -> Answer:
        if not self._may_record:
            return False
        if day == self.deadline:
            return None
        if self.deadline is not None:
            self.changes += 1
        if day is not None and (self.promise is None or wish):
            self.promise = day
        self.deadline = day
        return True

    def set_urgent(self, urgent: bool) -> Answer:
        if not self._may_record:
            return False
        if self.urgent == urgent:
            return None
        self.urgent = urgent
        return True

    @property
    def reminds(self) -> bool:
        return self.deadline is not None and self.now.status in OPEN
