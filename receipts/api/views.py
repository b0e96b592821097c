"""Reads of receipts and what hangs on them."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import structlog
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import FileResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from receipts import selectors
from receipts.api import filters, serializers
from receipts.models import (
    Assignment,
    Customer,
    Operation,
    OperationType,
    Photo,
    QualityCheck,
    Receipt,
    Reminder,
    ReturnCase,
    ReturnReason,
    Watch,
)
from receipts.services.catalogue import CATALOGUES
from receipts.states import URGENT_LIST
from workshop.lib import clock
from workshop.lib.api.formats import BinaryRenderer
from workshop.lib.api.views import ApiView, ListView, RowView, private

logger = structlog.get_logger(__name__)
READ: Final = {"GET": "receipts:read"}
CUSTOMERS: Final = {"GET": "customers:read"}
FAR: Final = clock.from_iso("9999-12-01T00:00:00+00:00")


def receipts() -> QuerySet[Receipt]:
    """With the columns that are reckoned: late or not, and a deadline to order by."""
    late = Q(status__in=URGENT_LIST, deadline__lt=clock.now())
    return Receipt.objects.annotate(
        overdue=Case(When(late, then=Value(True)), default=False, output_field=BooleanField()),
        due=Coalesce("deadline", Value(FAR)),
    )


class Receipts(ListView):
    """Receipts, newest first; voided ones only when asked for."""

    resource = "receipts"
    form = serializers.ReceiptForm
    scopes = READ
    filters = filters.ReceiptFilter
    orders: ClassVar = {
        "-id": "id",
        "received_at": "received_at",
        "deadline": "due",
        "status_since": "status_since",
    }

    def rows(self) -> QuerySet[Any]:
        return receipts()


class OneReceipt(RowView, Receipts):
    """A receipt by its id."""

    def etag(self, row: Any) -> str:
        # Sparse and expanded answers differ in their bytes: only the plain one is the version's.
        plain = not {"fields", "expand"} & set(self.request.query_params)
        return f"v{row['version']}" if plain and not row["overdue"] else super().etag(row)


class ReceiptByNumber(OneReceipt):
    """A receipt by its number, also by one that was corrected since."""

    def one(self, rows: QuerySet[Any], **kwargs: Any) -> QuerySet[Any]:
        found = selectors.by_number(kwargs["number"])
        if found is None:
            raise NotFound
        return rows.filter(pk=found.pk)


class Operations(ListView):
    """Works, the newest first."""

    resource = "operations"
    form = serializers.OperationForm
    scopes = READ
    filters = filters.OperationFilter
    orders: ClassVar = {"-id": "id", "performed_at": "performed_at"}

    def rows(self) -> QuerySet[Any]:
        return Operation.objects.all()


class OneOperation(RowView, Operations):
    """A work."""


class Assignments(ListView):
    """Who had or has which watch."""

    resource = "assignments"
    form = serializers.AssignmentForm
    scopes = READ
    filters = filters.AssignmentFilter
    orders: ClassVar = {"-id": "id", "assigned_at": "assigned_at"}

    def rows(self) -> QuerySet[Any]:
        return Assignment.objects.all()


class OneAssignment(RowView, Assignments):
    """A hand-over to a master."""


class Checks(ListView):
    """Inspections of quality control."""

    resource = "checks"
    form = serializers.CheckForm
    scopes = READ
    filters = filters.CheckFilter

    def rows(self) -> QuerySet[Any]:
        return QualityCheck.objects.all()


class OneCheck(RowView, Checks):
    """An inspection."""


class Returns(ListView):
    """Returns from quality control."""

    resource = "returns"
    form = serializers.ReturnForm
    scopes = READ
    filters = filters.ReturnFilter
    orders: ClassVar = {"-id": "id", "returned_at": "returned_at"}

    def rows(self) -> QuerySet[Any]:
        return ReturnCase.objects.all()


class OneReturn(RowView, Returns):
    """A return."""


class Photos(ListView):
    """Photos: what is known of them."""

    resource = "photos"
    form = serializers.PhotoForm
    scopes = READ
    filters = filters.PhotoFilter

    def rows(self) -> QuerySet[Any]:
        return Photo.objects.all()


class OnePhoto(RowView, Photos):
    """What is known of a photo."""


class PhotoFile(ApiView):
    """The picture itself, re-encoded when it came in."""

    scopes = READ
    renderer_classes = (BinaryRenderer,)

    def get(self, request: Request, pk: int) -> Any:
        photo = Photo.objects.valid().filter(pk=pk, state=Photo.State.READY).first()
        if photo is None or not photo.file:
            raise NotFound
        try:
            picture = photo.file.open("rb")
        except OSError as error:  # a disk that was restored without its files
            logger.warning("a photo has no file", id=pk, kind=type(error).__name__)
            raise NotFound from error
        return private(FileResponse(picture, content_type="image/jpeg"))


class Reminders(ListView):
    """Planned notices about deadlines and what became of them."""

    resource = "reminders"
    form = serializers.ReminderForm
    scopes = READ
    filters = filters.ReminderFilter

    def rows(self) -> QuerySet[Any]:
        return Reminder.objects.all()


class Customers(ListView):
    """Customers with their names and phones."""

    resource = "customers"
    form = serializers.CustomerForm
    scopes = CUSTOMERS
    filters = filters.CustomerFilter

    def rows(self) -> QuerySet[Any]:
        return Customer.objects.all()


class OneCustomer(RowView, Customers):
    """A customer."""


class Watches(ListView):
    """Watches over all their visits."""

    resource = "watches"
    form = serializers.WatchForm
    scopes = READ
    filters = filters.WatchFilter

    def rows(self) -> QuerySet[Any]:
        return Watch.objects.all()


class OneWatch(RowView, Watches):
    """A watch."""


class OperationTypes(ListView):
    """Kinds of work, in the office's order."""

    resource = "operation-types"
    form = serializers.OperationTypeForm
    scopes = READ
    filters = filters.CatalogueFilter
    orders: ClassVar = {"order": "order", "id": "id"}

    def rows(self) -> QuerySet[Any]:
        return OperationType.objects.all()


class OneOperationType(RowView, OperationTypes):
    """A kind of work."""


class ReturnReasons(ListView):
    """Reasons for a return, in the office's order."""

    resource = "return-reasons"
    form = serializers.ReturnReasonForm
    scopes = READ
    filters = filters.CatalogueFilter
    orders: ClassVar = {"order": "order", "id": "id"}

    def rows(self) -> QuerySet[Any]:
        return ReturnReason.objects.all()


class OneReturnReason(RowView, ReturnReasons):
    """A reason for a return."""


class Catalogue(ListView):
    """A short list that the office edits, in its order."""

    resource = "catalogue"
    form = serializers.CatalogueForm
    scopes = READ
    filters = filters.CatalogueFilter
    orders: ClassVar = {"order": "order", "id": "id"}

    def rows(self) -> QuerySet[Any]:
        return CATALOGUES[self.kwargs["label"]].objects.all()
