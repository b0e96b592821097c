"""A workshop in which every writing address of the API has something to write about.

For each address: the rows that it needs, and the request of the description with their ids.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from analytics.models import Alert, AlertRule
from botapp.models import OutgoingMessage
from history.models import Event, Job
from integrations.services.registrations import open_registration
from polishing.models import PolishingOrder
from receipts.models import (
    DeadlineCause,
    HoldReason,
    Metal,
    OperationType,
    Receipt,
    RefusalReason,
    WaiverReason,
)
from receipts.models.catalogue import ReturnReason
from receipts.services.assignment import assign
from receipts.services.catalogue import save_catalogue_row
from receipts.services.customers import create_customer
from receipts.services.flow import hold, refuse
from receipts.services.images import re_encode
from receipts.services.photos import add_photo
from receipts.services.quality import ReadingInput, add_reading
from receipts.services.watches import create_watch
from receipts.services.works import waive_work
from staff.services import add_employee, switch_job
from tests.api.callers import SYSTEM, make_returned
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from workshop.lib import clock

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"
BASE = "/api/v1"
# Built and tested by themselves: they need files and receivers.
ELSEWHERE = ("webhook", "imports", "exports", "tasks", "data-jobs", "reports")


@dataclass
class Ready:
    """What a request needs: ids of the address, ids in the body by name."""

    address: dict[str, int] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)  # instead of the example's


@dataclass
class Request:
    """A writing request that will be granted."""

    path: str
    body: dict[str, Any]
    status: int
    files: bool = False


@cache
def described() -> dict[str, Any]:
    """Read by libyaml where the package has it: every worker reads it to find its tests."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(DESCRIPTION.read_text(), loader)
    return found


def writing() -> dict[str, dict[str, Any]]:
    """Every writing operation by its address, without those that stand elsewhere."""
    return {
        path.removeprefix(BASE): methods["post"]
        for path, methods in described()["paths"].items()
        if "post" in methods and not path.removeprefix(f"{BASE}/").startswith(ELSEWHERE)
    }


def request_for(path: str, cast: Cast) -> Request:
    """Make what it needs; the example of the description about it."""
    operation = writing()[path]
    ready = _ready(path, cast)
    content = operation.get("requestBody", {}).get("content", {})
    form = content.get("application/json", {})
    example = form.get("examples", {}).get("Request", {}).get("value", {})
    body = {**_with_ids(example, {**_usual(cast), **ready.ids}), **ready.values}
    (status,) = [int(code) for code in operation["responses"] if code < "300"]
    named = path
    for name, value in ready.address.items():
        named = named.replace(f"{{{name}}}", str(value))
    return Request(named, body, status, files="multipart/form-data" in content)


def _with_ids(value: Any, ids: dict[str, Any], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with_ids(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list) and name not in ids:
        return [_with_ids(inner, ids) for inner in value]
    return ids.get(name, value)


def _usual(cast: Cast) -> dict[str, Any]:
    assembly = type_id("assembly")
    return {
        **dict.fromkeys(
            ("master_id", "employee_id", "responsible_id", "assembler_id", "hand_to_id"),
            cast.maxim.pk,
        ),
        "polisher_id": cast.pavel.pk,
        "polished_by_id": cast.pavel.pk,
        "type_id": assembly,
        "type_ids": [assembly],
        "purpose_id": assembly,
        "affects_id": assembly,
        "cause_id": _some(DeadlineCause),
        "reason_id": _some(WaiverReason),
    }


def _some(model: Any) -> int:
    return int(model.objects.active().order_by("pk")[0].pk)


def _ready(path: str, cast: Cast) -> Ready:
    parts = path.strip("/").split("/")
    if path in _SPECIAL:
        return _SPECIAL[path](cast)
    if parts[0] == "receipts" and parts[-1] in _RECEIPTS:
        return Ready({"id": _RECEIPTS[parts[-1]](cast).pk})
    if parts[0] == "employees":
        person = add_employee(full_name="Новый Мастер", roles=["master"], actor=SYSTEM).object
        return Ready({"id": person.pk})
    if parts[0] in _ROWS:
        return Ready({"id": _ROWS[parts[0]](cast)})
    raise LookupError(f"tests/api/bed.py does not know what {path} needs")


def _catalogue(label: str) -> Callable[[Cast], int]:
    """A row of its own, so that the example changes something."""

    def make(cast: Cast) -> int:
        values: dict[str, Any] = {"code": f"new-{Event.objects.count()}", "name": "Новая"}
        if label == "receipts.ReturnReason":
            values["affects"] = type_id("assembly")
        if label == "receipts.ServiceLimit":
            values["amount"] = Decimal(3)
        row = save_catalogue_row(catalogue=label, values=values, actor=SYSTEM).object
        return int(row.pk)

    return make


def _switched_on(cast: Cast) -> Ready:
    job = Job.objects.order_by("pk")[0]
    switch_job(job_id=job.pk, enabled=True, actor=SYSTEM)
    return Ready({"id": job.pk})


def _customer(cast: Cast) -> int:
    return int(create_customer(name="Иванов", actor=SYSTEM).object.pk)


def _watch(cast: Cast) -> int:
    return int(create_watch(values={"brand": "Tissot"}, actor=SYSTEM).object.pk)


def _notice(cast: Cast) -> int:
    event = Event.objects.filter(stream=make_in_work(cast).stream).latest("pk")
    row = OutgoingMessage.objects.create(
        event=event, employee=cast.maxim, recipient="employee:1", template="x", state="dead"
    )
    return int(row.pk)


def _photo(cast: Cast) -> int:
    picture = re_encode(picture_bytes())
    receipt = make_receipt(cast)
    return int(add_photo(receipt_id=receipt.pk, picture=picture, actor=SYSTEM).object.pk)


def picture_bytes(width: int = 40) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, 30), "silver").save(made, "JPEG")
    return made.getvalue()


def _held(cast: Cast) -> Receipt:
    receipt = make_in_work(cast)
    reason = _some(HoldReason)
    return hold(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor")).object


def _refused(cast: Cast) -> Receipt:
    receipt = make_receipt(cast)
    reason = _some(RefusalReason)
    return refuse(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor")).object


def _order(make: Callable[[Cast, Receipt], PolishingOrder]) -> Callable[[Cast], Ready]:
    return lambda cast: Ready({"id": make(cast, make_in_work(cast)).pk})


def _voided_reading(cast: Cast) -> Ready:
    receipt = make_submitted(cast)
    reading = ReadingInput(amplitude=280)
    told = add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"))
    return Ready({"id": receipt.pk, "reading_id": told.extra["reading_id"]})


def _voided_waiver(cast: Cast) -> Ready:
    receipt = make_in_work(cast)
    told = waive_work(
        receipt_id=receipt.pk,
        type_id=type_id("assembly"),
        reason_id=_some(WaiverReason),
        actor=cast.actor("igor"),
    )
    return Ready({"id": receipt.pk, "waiver_id": told.extra["waiver_id"]})


def _worked(cast: Cast) -> Ready:
    receipt = make_worked(cast)
    work = receipt.operations.get()
    return Ready({"id": receipt.pk, "operation_id": work.pk})


def _returned(cast: Cast) -> Ready:
    receipt = make_returned(cast)
    case = receipt.returns.get()
    item = case.items.get()
    return Ready(
        {"id": receipt.pk, "return_id": case.pk, "item_id": item.pk},
        {"assembler_id": cast.mark.pk},
    )


def _moved(cast: Cast) -> Ready:
    target = make_receipt(cast)
    ready = _worked(cast)
    return Ready(
        ready.address, {"record_id": ready.address["operation_id"], "to_receipt_id": target.pk}
    )


def _hold_with(model: Any, make: Callable[[Cast], Receipt]) -> Callable[[Cast], Ready]:
    return lambda cast: Ready({"id": make(cast).pk}, {"reason_id": _some(model)})


def _accepting(cast: Cast) -> Receipt:
    receipt = make_receipt(cast)
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
    return receipt


def _of_customers(cast: Cast) -> Ready:
    return Ready({"id": _customer(cast)}, {"merged_id": _customer(cast)})


def _registration(cast: Cast) -> Ready:
    token = open_registration(actor=SYSTEM).shown_once["token"]
    return Ready(values={"token": token})


def _numbered(cast: Cast) -> Ready:
    """A number that nobody has."""
    count = Receipt.objects.count()
    return Ready({"id": make_receipt(cast).pk}, values={"number": f"Д-{5000 + count}"})


def _coded(cast: Cast) -> Ready:
    count = Event.objects.count()
    return Ready(values={"code": f"own-{count}", "name": f"Своя {count}"})


def _alert(cast: Cast) -> Ready:
    """One that nobody has touched."""
    rule = AlertRule.objects.get(key="overdue")
    row = Alert.objects.create(
        rule=rule,
        key=f"{rule.metric} {Alert.objects.count()}",
        severity=rule.severity,
        comparison=rule.comparison,
        threshold=rule.threshold,
        value=5,
        last_value=5,
        fired_at=clock.now(),
    )
    return Ready({"id": row.pk})


def _alert_rule(cast: Cast) -> Ready:
    return Ready({"id": AlertRule.objects.get(key="overdue").pk}, {"employees": [cast.maxim.pk]})


def _another_threshold(cast: Cast) -> Ready:
    """What the rule has not: the same once more is no change."""
    rule = AlertRule.objects.get(key="overdue")
    return replace(_alert_rule(cast), values={"threshold": str(rule.threshold + 1)})


def _switched(cast: Cast) -> Ready:
    rule = AlertRule.objects.get(key="overdue")
    return replace(_alert_rule(cast), values={"active": not rule.active})


_RECEIPTS: dict[str, Callable[[Cast], Receipt]] = {
    **dict.fromkeys(("facts", "urgent", "comments", "void", "deadline", "assign"), make_receipt),
    **dict.fromkeys(("public-link", "photos"), make_receipt),
    **dict.fromkeys(("submit", "operations", "waivers", "polishing", "pass"), make_in_work),
    **dict.fromkeys(("test-run", "readings", "measurements"), make_submitted),
    "void-decision": make_in_work,
    "accept": _accepting,
    "decline": _accepting,
    "resume": _held,
    "reopen": _refused,
    "issue": make_ready,
    "rework": make_ready,
}
_ROWS: dict[str, Callable[[Cast], int]] = {
    "customers": _customer,
    "watches": _watch,
    "photos": _photo,
    "notifications": _notice,
    "jobs": lambda cast: int(Job.objects.order_by("pk")[0].pk),
    "operation-types": _catalogue(OperationType._meta.label),
    "return-reasons": _catalogue(ReturnReason._meta.label),
    "hold-reasons": _catalogue(HoldReason._meta.label),
    "refusal-reasons": _catalogue(RefusalReason._meta.label),
    "waiver-reasons": _catalogue(WaiverReason._meta.label),
    "deadline-causes": _catalogue(DeadlineCause._meta.label),
    "metals": _catalogue(Metal._meta.label),
    "checklist-items": _catalogue("receipts.ChecklistItem"),
    "service-limits": _catalogue("receipts.ServiceLimit"),
}
_SPECIAL: dict[str, Callable[[Cast], Ready]] = {
    "/auth/register/": _registration,
    **{
        f"/monitoring/alerts/{{id}}/{verb}/": _alert
        for verb in ("acknowledge", "snooze", "resolve")
    },
    "/monitoring/alert-rules/{id}/change/": _another_threshold,
    "/monitoring/alert-rules/{id}/switch/": _switched,
    "/monitoring/alert-rules/{id}/test/": _alert_rule,
    **{
        f"/monitoring/{path}/": lambda cast: Ready()
        for path in ("snapshot/capture", "alert-rules", "alert-rules/seed")
    },
    "/receipts/": lambda cast: Ready(values=_numbered(cast).values),
    "/receipts/{id}/renumber/": _numbered,
    "/receipts/{id}/attach/": lambda cast: Ready(
        {"id": make_receipt(cast).pk}, {"watch_id": _watch(cast)}
    ),
    "/receipts/{id}/hold/": _hold_with(HoldReason, make_in_work),
    "/receipts/{id}/refuse/": _hold_with(RefusalReason, make_receipt),
    "/receipts/{id}/return/": lambda cast: Ready(
        {"id": make_submitted(cast).pk}, {"reason_id": reason_id("dirt_inside")}
    ),
    "/receipts/{id}/operations/{operation_id}/void/": _worked,
    "/receipts/{id}/waivers/{waiver_id}/void/": _voided_waiver,
    "/receipts/{id}/readings/{reading_id}/void/": _voided_reading,
    "/receipts/{id}/returns/{return_id}/assembler/": _returned,
    "/receipts/{id}/return-items/{item_id}/responsible/": _returned,
    "/receipts/{id}/move/": _moved,
    "/polishing-orders/{id}/take-back/": _order(make_order),
    "/polishing-orders/{id}/void/": _order(make_order),
    "/polishing-orders/{id}/correct/": _order(make_order),
    "/polishing-orders/{id}/reopen/": _order(make_polished),
    "/jobs/{id}/switch/": _switched_on,
    "/polishing-batches/": lambda cast: Ready(),
    "/customers/": lambda cast: Ready(),
    "/customers/{id}/merge/": _of_customers,
    "/watches/": lambda cast: Ready(),
    "/employees/": lambda cast: Ready(),
    **{f"/{name}/": _coded for name in _ROWS if name.endswith(("types", "reasons", "causes"))},
    **{f"/{name}/": _coded for name in ("metals", "checklist-items", "service-limits")},
}
