"""Addresses of receipts and what hangs on them, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from receipts.api import expansions as expansions  # registers itself
from receipts.api import views
from receipts.api.verbs import flow, quality, registration

SHORT_LISTS = {
    "hold-reasons": "receipts.HoldReason",
    "refusal-reasons": "receipts.RefusalReason",
    "waiver-reasons": "receipts.WaiverReason",
    "deadline-causes": "receipts.DeadlineCause",
    "metals": "receipts.Metal",
    "checklist-items": "receipts.ChecklistItem",
}
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
}

urlpatterns = [
    path("receipts/", registration.ReceiptsAndRegister.as_view(), name="receipts"),
    path("receipts/<int:pk>/", views.OneReceipt.as_view(), name="receipt"),
    path("receipts/by-number/<str:number>/", views.ReceiptByNumber.as_view(), name="by-number"),
    *[
        path(f"receipts/<int:pk>/{name}/", verb.as_view(), name=f"receipt-{name}")
        for name, verb in VERBS.items()
    ],
    path(
        "receipts/<int:pk>/operations/<int:operation_id>/void/",
        quality.VoidWork.as_view(),
        name="operation-void",
    ),
    path(
        "receipts/<int:pk>/return-items/<int:item_id>/responsible/",
        quality.ChangeResponsible.as_view(),
        name="responsible",
    ),
    path("operations/", views.Operations.as_view(), name="operations"),
    path("operations/<int:pk>/", views.OneOperation.as_view(), name="operation"),
    path("assignments/", views.Assignments.as_view(), name="assignments"),
    path("assignments/<int:pk>/", views.OneAssignment.as_view(), name="assignment"),
    path("checks/", views.Checks.as_view(), name="checks"),
    path("checks/<int:pk>/", views.OneCheck.as_view(), name="check"),
    path("returns/", views.Returns.as_view(), name="returns"),
    path("returns/<int:pk>/", views.OneReturn.as_view(), name="return"),
    path("photos/", views.Photos.as_view(), name="photos"),
    path("photos/<int:pk>/", views.OnePhoto.as_view(), name="photo"),
    path("photos/<int:pk>/file/", views.PhotoFile.as_view(), name="photo-file"),
    path("reminders/", views.Reminders.as_view(), name="reminders"),
    path("customers/", views.Customers.as_view(), name="customers"),
    path("customers/<int:pk>/", views.OneCustomer.as_view(), name="customer"),
    path("watches/", views.Watches.as_view(), name="watches"),
    path("watches/<int:pk>/", views.OneWatch.as_view(), name="watch"),
    path("operation-types/", views.OperationTypes.as_view(), name="operation-types"),
    path("operation-types/<int:pk>/", views.OneOperationType.as_view(), name="operation-type"),
    path("return-reasons/", views.ReturnReasons.as_view(), name="return-reasons"),
    path("return-reasons/<int:pk>/", views.OneReturnReason.as_view(), name="return-reason"),
    *[
        path(f"{name}/", views.Catalogue.as_view(), {"label": label}, name=name)
        for name, label in SHORT_LISTS.items()
    ],
]
