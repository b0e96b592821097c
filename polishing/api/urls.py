"""Addresses of polishing, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from polishing.api import views

urlpatterns = [
    path("polishing-orders/", views.Orders.as_view(), name="polishing-orders"),
    path("polishing-orders/<int:pk>/", views.OneOrder.as_view(), name="polishing-order"),
    path("polishing-orders/<int:pk>/take-back/", views.TakeBack.as_view(), name="take-back"),
    path("polishing-orders/<int:pk>/void/", views.VoidOrder.as_view(), name="order-void"),
    path("polishing-batches/", views.BatchesAndOpen.as_view(), name="polishing-batches"),
    path("polishing-batches/<int:pk>/", views.OneBatch.as_view(), name="polishing-batch"),
    path("receipts/<int:pk>/polishing/", views.Send.as_view(), name="receipt-polishing"),
]
