"""Addresses of receipts and what hangs on them, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from receipts.api import examples as examples  # registers itself
from receipts.api import expansions as expansions  # registers itself
from receipts.api import resources, views
from receipts.api.verbs import catalogue, flow, people, photos, quality, registration
from receipts.report_files import TYPES

TABLES = (
    resources.OPERATIONS,
    resources.ASSIGNMENTS,
    resources.CHECKS,
    resources.RETURNS,
    resources.PHOTOS,
    resources.REMINDERS,
)

VERBS = {
    "facts": registration.EditFacts,
    "urgent": registration.Urgent,
    "comments": registration.Comment,
    "renumber": registration.Renumber,
    "void": registration.VoidReceipt,
    "deadline": registration.Deadline,
    "assign": flow.Assign,
    "accept": flow.Accept,
    "decline": flow.Decline,
    "hold": flow.Hold,
    "resume": flow.Resume,
    "submit": flow.Submit,
    "rework": flow.ReworkOrder,
    "refuse": flow.Refuse,
    "reopen": flow.Reopen,
    "issue": flow.Issue,
    "void-decision": flow.VoidDecision,
    "operations": quality.RecordWork,
    "waivers": quality.Waive,
    "test-run": quality.TestRun,
    "readings": quality.AddReading,
    "measurements": quality.Measure,
    "pass": quality.Pass,
    "return": quality.ReturnWatch,
    "photos": photos.AddPhoto,
    "attach": registration.Attach,
    "public-link": registration.PublicLink,
    "operations/<int:operation_id>/void": quality.VoidWork,
    "waivers/<int:waiver_id>/void": quality.VoidWaiver,
    "readings/<int:reading_id>/void": quality.VoidReading,
    "returns/<int:return_id>/assembler": quality.ChangeAssembler,
    "return-items/<int:item_id>/responsible": quality.ChangeResponsible,
}

urlpatterns = [
    path("receipts/", registration.ReceiptsAndRegister.as_view(), name="receipts"),
    path("receipts/<int:pk>/", views.OneReceipt.as_view(), name="receipt"),
    path("receipts/<int:pk>/report.pdf", views.ReceiptReport.as_view(), name="receipt-report"),
    path(
        "receipts/<int:pk>/report.xlsx",
        views.ReceiptReport.as_view(form_of="xlsx", media_type=TYPES["xlsx"]),
        name="receipt-workbook",
    ),
    path("receipts/by-number/<str:number>/", views.ReceiptByNumber.as_view(), name="by-number"),
    *[
        path(f"receipts/<int:pk>/{tail}/", verb.as_view(), name=f"receipt-{verb.__name__}")
        for tail, verb in VERBS.items()
    ],
    *[path for resource in TABLES for path in resource.paths()],
    path("photos/<int:pk>/file/", views.PhotoFile.as_view(), name="photo-file"),
    path("photos/<int:pk>/void/", photos.VoidPhoto.as_view(), name="photo-void"),
    *resources.CUSTOMERS.paths(add=people.AddCustomer),
    path("customers/<int:pk>/change/", people.ChangeCustomer.as_view(), name="customer-change"),
    path("customers/<int:pk>/merge/", people.MergeCustomers.as_view(), name="customer-merge"),
    path("customers/<int:pk>/erase/", people.EraseCustomer.as_view(), name="customer-erase"),
    *resources.WATCHES.paths(add=people.AddWatch),
    path("watches/<int:pk>/change/", people.ChangeWatch.as_view(), name="watch-change"),
    path("employees/<int:pk>/skills/", people.ChangeSkills.as_view(), name="employee-skills"),
    *[path for label in resources.CATALOGUES for path in catalogue.paths(label)],
]
