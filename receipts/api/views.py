"""Reads of receipts, and the pictures themselves. The other tables: `resources`."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Final

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import FileResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from receipts import selectors
from receipts.api import filters, serializers
from receipts.models import Photo, Receipt
from receipts.report_files import TYPES, report_answer
from receipts.states import URGENT_LIST
from workshop.lib import clock
from workshop.lib.api.access import access_of
from workshop.lib.api.formats import BinaryRenderer
from workshop.lib.api.views import ApiView, ListView, RowView, private

logger = logging.getLogger(__name__)
READ: Final = {"GET": "receipts:read"}
FAR: Final = clock.from_iso("9999-12-01T00:00:00+00:00")


def receipts(now: Any) -> QuerySet[Receipt]:
    """With the columns that are reckoned: late or not, and a deadline to order by.

    ``now``: a moment, or the place for one in a prepared statement.
    """
    late = Q(status__in=URGENT_LIST, deadline__lt=now)
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
    steady = True
    orders: ClassVar = {
        "-id": "id",
        "received_at": "received_at",
        "deadline": "due",
        "status_since": "status_since",
    }

    def rows(self) -> QuerySet[Any]:
        return receipts(self.now)


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


class ReceiptReport(ApiView):
    """Everything about one receipt as a document; the customer with `customers:read`."""

    scopes = READ
    renderer_classes = (BinaryRenderer,)
    media_type = TYPES["pdf"]
    form_of: ClassVar = "pdf"

    def get(self, request: Request, pk: int) -> Any:
        receipt = Receipt.objects.filter(pk=pk).first()
        if receipt is None:
            raise NotFound
        shows = "customers:read" in access_of(request).scopes
        return private(report_answer(receipt, self.form_of, with_customer=shows))


class PhotoFile(ApiView):
    """The picture itself, re-encoded when it came in."""

    scopes = READ
    renderer_classes = (BinaryRenderer,)
    media_type = "image/jpeg"

    def get(self, request: Request, pk: int) -> Any:
        photo = Photo.objects.valid().filter(pk=pk, state=Photo.State.READY).first()
        if photo is None or not photo.file:
            raise NotFound
        try:
            picture = photo.file.open("rb")
        except OSError as error:  # a disk that was restored without its files
            told = {"photo_id": pk, "error": type(error).__name__}
            logger.warning("a photo has no file", extra=told)
            raise NotFound from error
        return private(FileResponse(picture, content_type=self.media_type))
