"""The tables that hang on receipts, and the catalogues: what is shown of each, and how to ask."""

from __future__ import annotations

from typing import Final

from receipts import models
from receipts.api import filters, serializers
from workshop.lib.api.resources import Resource
from workshop.lib.api.rows import SerializerClass
from workshop.lib.models import CatalogueRow

READ: Final = "receipts:read"


def _by(moment: str) -> dict[str, str]:
    """The newest first, or in the order of this moment."""
    return {"-id": "id", moment: moment}


OPERATIONS: Final = Resource(
    "operations",
    serializers.OperationForm,
    models.Operation.objects.all,
    READ,
    many="Works, the newest first.",
    one="A work.",
    filters=filters.OperationFilter,
    orders=_by("performed_at"),
)
ASSIGNMENTS: Final = Resource(
    "assignments",
    serializers.AssignmentForm,
    models.Assignment.objects.all,
    READ,
    many="Who had or has which watch.",
    one="A hand-over to a master.",
    filters=filters.AssignmentFilter,
    orders=_by("assigned_at"),
)
CHECKS: Final = Resource(
    "checks",
    serializers.CheckForm,
    models.QualityCheck.objects.all,
    READ,
    many="Inspections of quality control.",
    one="An inspection.",
    filters=filters.CheckFilter,
)
RETURNS: Final = Resource(
    "returns",
    serializers.ReturnForm,
    models.ReturnCase.objects.all,
    READ,
    many="Returns from quality control.",
    one="A return.",
    filters=filters.ReturnFilter,
    orders=_by("returned_at"),
)
PHOTOS: Final = Resource(
    "photos",
    serializers.PhotoForm,
    models.Photo.objects.all,
    READ,
    many="Photos: what is known of them.",
    one="What is known of a photo.",
    filters=filters.PhotoFilter,
)
REMINDERS: Final = Resource(
    "reminders",
    serializers.ReminderForm,
    models.Reminder.objects.all,
    READ,
    many="Planned notices about deadlines and what became of them.",
    filters=filters.ReminderFilter,
)
CUSTOMERS: Final = Resource(
    "customers",
    serializers.CustomerForm,
    models.Customer.objects.all,
    "customers:read",
    many="Customers with their names and phones.",
    one="A customer.",
    filters=filters.CustomerFilter,
)
WATCHES: Final = Resource(
    "watches",
    serializers.WatchForm,
    models.Watch.objects.all,
    READ,
    many="Watches over all their visits.",
    one="A watch.",
    filters=filters.WatchFilter,
)


# address, table, form, the list in words, a row in words
_CATALOGUES: Final[tuple[tuple[str, type[CatalogueRow], SerializerClass, str, str], ...]] = (
    ("operation-types", models.OperationType, serializers.OperationTypeForm,
     "Kinds of work, in the office's order.", "A kind of work."),
    ("return-reasons", models.ReturnReason, serializers.ReturnReasonForm,
     "Reasons for a return, in the office's order.", "A reason for a return."),
    ("hold-reasons", models.HoldReason, serializers.HoldReasonForm,
     "Why a watch waits, in the office's order.", "A reason for a hold."),
    ("refusal-reasons", models.RefusalReason, serializers.CatalogueForm,
     "Why a repair is refused, in the office's order.", "A reason for a refusal."),
    ("waiver-reasons", models.WaiverReason, serializers.CatalogueForm,
     "Why a required work is not needed, in the office's order.", "A reason for a waiver."),
    ("deadline-causes", models.DeadlineCause, serializers.DeadlineCauseForm,
     "Why a deadline changes, in the office's order.", "A cause of a deadline change."),
    ("metals", models.Metal, serializers.CatalogueForm,
     "Metals of cases, in the office's order.", "A metal."),
    ("checklist-items", models.ChecklistItem, serializers.CatalogueForm,
     "The checklist of quality control, in the office's order.", "A line of the checklist."),
    ("service-limits", models.ServiceLimit, serializers.ServiceLimitForm,
     "How long a watch may stay where it is, in the office's order.", "A limit."),
)  # fmt: skip


def _catalogue(
    name: str, model: type[CatalogueRow], form: SerializerClass, many: str, one: str
) -> Resource:
    return Resource(
        name,
        form,
        model._default_manager.all,
        READ,
        many=many,
        one=one,
        filters=filters.CatalogueFilter,
        orders={"order": "order", "id": "id"},
    )


CATALOGUES: Final = {row[1]._meta.label: _catalogue(*row) for row in _CATALOGUES}
"""By the label that `save_catalogue_row` knows them by."""
