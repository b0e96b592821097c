"""The doors of `make fuzz-inputs`: each sends bad inputs and says what was wrong of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


def _api(bed: Any) -> Any:
    from django.apps import apps

    from tests.fuzz.doors.api import ApiDoor

    words = {
        "receipts": "receipts.Receipt", "customers": "receipts.Customer",
        "watches": "receipts.Watch",
        "employees": "staff.Employee", "photos": "receipts.Photo", "jobs": "history.Job",
        "polishing-orders": "polishing.PolishingOrder", "metals": "receipts.Metal",
        "operation-types": "receipts.OperationType", "return-reasons": "receipts.ReturnReason",
        "hold-reasons": "receipts.HoldReason", "refusal-reasons": "receipts.RefusalReason",
        "waiver-reasons": "receipts.WaiverReason", "deadline-causes": "receipts.DeadlineCause",
        "checklist-items": "receipts.ChecklistItem", "service-limits": "receipts.ServiceLimit",
        "webhooks": "integrations.WebhookEndpoint",
        "monitoring/alert-rules": "analytics.AlertRule",
    }  # fmt: skip
    key = bed.key  # before the webhook, which is this client's
    _add_webhook()
    numbers = {
        word: list(apps.get_model(model)._base_manager.values_list("pk", flat=True)[:50])
        for word, model in words.items()
    }
    return ApiDoor(key, numbers)


def _add_webhook() -> None:
    from integrations.models import ApiClient
    from integrations.services.webhooks import add_webhook
    from workshop.lib.actor import system_actor

    client = ApiClient.objects.get(name="fuzz")
    url = "https://receiver.example.org/"
    add_webhook(url=url, kinds=["*"], client_id=client.pk, actor=system_actor("fuzz"))


def _texts(bed: Any) -> Any:
    from tests.fuzz.doors.bot import TextDoor

    return TextDoor(bed.cast, bed.bot, bed.people)


def _callbacks(bed: Any) -> Any:
    from tests.fuzz.doors.bot import CallbackDoor

    return CallbackDoor(bed.cast, bed.bot, bed.people)


def _forms(bed: Any) -> Any:
    from tests.fuzz.doors.forms import FormDoor

    return FormDoor(bed.cast)


def _files(bed: Any) -> Any:
    from receipts.models import Receipt
    from tests.fuzz.doors.files import FileDoor

    receipts = Receipt.objects.order_by("pk").values_list("pk", flat=True)
    return FileDoor(bed.key, list(receipts[:50]))


def _updates(bed: Any) -> Any:
    from tests.fuzz.doors.updates import UpdateDoor

    people = [bed.cast.maxim.telegram_id, bed.cast.mark.telegram_id, bed.cast.pavel.telegram_id]
    return UpdateDoor(people, bed.stack)


DOORS: Final[dict[str, Callable[[Any], Any]]] = {
    "api": _api,
    "forms": _forms,
    "texts": _texts,
    "callbacks": _callbacks,
    "files": _files,
    "updates": _updates,
}
