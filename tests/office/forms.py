"""Filling a form as a browser does: hidden and initial values come from the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from receipts.models import Receipt


def verb_url(receipt: Receipt, slug: str) -> str:
    return reverse("admin:receipts_receipt_verb", args=[receipt.pk, slug])


def initial(form: Any) -> dict[str, Any]:
    """What the browser would send without a touch."""
    data = {}
    for field in form:
        value = field.value()
        if value is None or value is False or value == "":
            continue
        if value is True:
            value = "on"
        if hasattr(value, "__iter__") and not isinstance(value, str):
            value = [getattr(item, "pk", item) for item in value]
        data[field.html_name] = getattr(value, "pk", value)
    return data


def shown(client: Client, url: str, **query: Any) -> dict[str, Any]:
    """The values of the form on a page."""
    page = client.get(url, query)
    assert page.status_code == 200, page.status_code
    return initial(page.context["form"])


def press(client: Client, url: str, query: dict[str, Any] | None = None, **typed: Any) -> Any:
    """Open the form, type, press; returns the answer (a redirect when it was done)."""
    data = shown(client, url, **(query or {})) | typed
    return client.post(url, {name: value for name, value in data.items() if value is not None})


def errors(answer: HttpResponse) -> dict[str, list[str]]:
    """The errors of the form that came back."""
    assert answer.status_code == 200, answer.status_code
    return dict(answer.context["form"].errors)  # type: ignore[attr-defined]
