"""Addresses of polishing, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from polishing.api import verbs
from polishing.api.resources import BATCHES, ORDERS

urlpatterns = [
    *ORDERS.paths(),
    *[
        path(f"polishing-orders/<int:pk>/{name}/", verb.as_view(), name=f"order-{name}")
        for name, verb in verbs.ORDER_VERBS.items()
    ],
    *BATCHES.paths(add=verbs.OpenBatch),
    path("receipts/<int:pk>/polishing/", verbs.Send.as_view(), name="receipt-polishing"),
    path("receipts/<int:pk>/move/", verbs.Move.as_view(), name="receipt-move"),
]
