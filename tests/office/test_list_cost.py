"""No list of the office asks more often because it shows more rows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.cast import Cast
from tests.office.test_loads import fill

HTML = {"Accept": "text/html"}


def questions(client: Client) -> dict[str, tuple[int, int]]:
    """Address of each list that opens → (queries, rows)."""
    found = {}
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url, headers=HTML)
        if answer.status_code == 200:
            found[url] = (len(queries), len(answer.context["cl"].result_list))
    return found


@pytest.mark.django_db
def test_lists_ask_as_often_for_many_rows(manager: Client, cast: Cast) -> None:
    fill(cast, 2)
    questions(manager)  # what is asked once in a process
    few = questions(manager)
    fill(cast, 4)
    many = questions(manager)
    grown = {url for url, (_queries, rows) in many.items() if rows > few[url][1]}
    assert len(grown) > 8, "the lists have no more rows than before"
    assert {url: many[url][0] for url in many} == {url: few[url][0] for url in few}
