"""Keys: what lets a program in, and what the database keeps of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from history.models import Event
from history.render import line
from integrations import keys, scopes
from integrations.models import ApiKey
from integrations.services.clients import (
    add_client,
    change_client,
    issue_key,
    revoke_key,
    rotate_key,
)
from staff.services.people import set_active
from tests.api.callers import BASE, SYSTEM, Caller, make_caller
from tests.cast import Cast
from workshop.lib import clock
from workshop.lib.actor import API, Channel
from workshop.lib.errors import Duplicate, NotAllowed, RuleViolation
from workshop.lib.masking import mask_text

pytestmark = pytest.mark.django_db
LIST = "/operation-types/"


def everything_stored() -> set[str]:
    """Every value of every row of every table, as text, and each word of it."""
    values: set[str] = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            values.update(str(value) for row in cursor.fetchall() for value in row)
    return values | {word for value in values for word in re.findall(r"[\w.+/=-]{8,}", value)}


def usable(stored: set[str]) -> set[str]:
    """Whatever a thief might build out of it; he knows the form and the checksum of a key."""
    length = keys.SECRET_LENGTH
    plain = {text for text in stored if keys.parse(text)}
    names = set(ApiKey.objects.values_list("prefix", flat=True))
    digests = set(ApiKey.objects.values_list("digest", flat=True))
    parts = {digest[at : at + length] for digest in digests for at in (0, length)}
    parts |= {text for text in stored if len(text) == length and text.isalnum()}
    return plain | {str(keys.Key(name, part)) for name in names for part in parts}


class TestForm:
    def test_it_reads_back(self) -> None:
        key = keys.new_key()
        assert keys.parse(str(key)) == key

    def test_a_scanner_knows_it_and_older_ones_count_without_the_mark(self) -> None:
        text = str(keys.new_key())
        assert re.fullmatch(r"rpsg_[A-Za-z0-9]{8}\.[A-Za-z0-9]{38}", text)
        assert keys.parse(text.removeprefix(keys.MARK)) == keys.parse(text)
        assert mask_text(f"curl failed with {text}, again") == "curl failed with ***, again"

    @pytest.mark.parametrize("position", [0, 5, 9, 20, 40, 51])
    def test_a_mistyped_character_is_seen(self, position: int) -> None:
        text = str(keys.new_key())
        other = "a" if text[position] != "a" else "b"
        assert keys.parse(text[:position] + other + text[position + 1 :]) is None

    @pytest.mark.parametrize("text", ["", "x", "." * 47, "\x00" * 47, "я" * 47, "a" * 100_000])
    def test_anything_else_is_no_key(self, text: str) -> None:
        assert keys.parse(text) is None

    def test_the_secret_is_not_told_by_accident(self) -> None:
        key = keys.new_key()
        assert key.secret not in repr(key)


class TestStored:
    def test_a_dump_of_the_database_holds_nothing_that_lets_in(
        self, shop: Caller, settings: Any
    ) -> None:
        for _more in range(3):
            issue_key(client_id=shop.client.pk, actor=SYSTEM)
        parsed = keys.parse(shop.key)
        assert parsed is not None
        found = everything_stored()
        whole = "\n".join(found)
        assert ApiKey.objects.get(prefix=parsed.prefix).digest in found  # it is a real dump
        for secret in (parsed.secret, settings.SECRET_KEY, settings.API_KEY_PEPPER or "no pepper"):
            assert secret not in whole
        for text in usable(found):
            answer = Client().get(BASE + LIST, headers={"X-API-Key": text})
            assert answer.status_code == 401, text

    def test_a_new_pepper_keeps_old_keys_and_renews_their_digest(
        self, shop: Caller, settings: Any
    ) -> None:
        before = ApiKey.objects.get().digest
        settings.API_KEY_PEPPER_FALLBACKS = [settings.API_KEY_PEPPER or settings.SECRET_KEY]
        settings.API_KEY_PEPPER = "another pepper that is long enough"
        assert shop.get(LIST).status_code == 200
        assert ApiKey.objects.get().digest != before
        settings.API_KEY_PEPPER_FALLBACKS = []
        assert shop.get(LIST).status_code == 200

    def test_several_peppers_count_together(self, shop: Caller, settings: Any) -> None:
        """Two changes of the pepper one after the other: keys of all three times go on."""
        callers, former = [shop], [settings.API_KEY_PEPPER or settings.SECRET_KEY]
        for number in range(2):
            settings.API_KEY_PEPPER_FALLBACKS = former
            settings.API_KEY_PEPPER = f"pepper number {number} that is long enough"
            former = [settings.API_KEY_PEPPER, *former]
            made = issue_key(client_id=shop.client.pk, actor=SYSTEM)
            callers.append(Caller(shop.client, made.shown_once["key"]))
        assert [one.get(LIST).status_code for one in callers] == [200] * 3
        # Each that was used stands under the present pepper: the former ones can go.
        settings.API_KEY_PEPPER_FALLBACKS = []
        assert [one.get(LIST).status_code for one in callers] == [200] * 3

    def test_without_the_old_pepper_a_key_is_worth_nothing(
        self, shop: Caller, settings: Any
    ) -> None:
        settings.API_KEY_PEPPER = "another pepper that is long enough"
        assert shop.get(LIST).status_code == 401


class TestEntering:
    def test_both_headers(self, shop: Caller) -> None:
        assert shop.get(LIST).status_code == 200
        assert Client().get(BASE + LIST, headers={"X-API-Key": shop.key}).status_code == 200

    def test_without_a_key(self) -> None:
        answer = Client().get(BASE + LIST)
        assert answer.status_code == 401
        assert answer.json()["code"] == "access.key_missing"
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_unknown_wrong_and_mistyped_are_answered_alike(self, shop: Caller) -> None:
        parsed = keys.parse(shop.key)
        assert parsed is not None
        wrong = keys.Key(parsed.prefix, keys.new_key().secret)
        bodies = set()
        for text in (str(keys.new_key()), str(wrong), shop.key[:-1] + "?", "x", "", "\x01"):
            answer = Client().get(BASE + LIST, headers={"X-API-Key": text})
            assert answer.status_code == 401, text
            body = answer.json()
            body.pop("request_id")
            bodies.add(str(body))
        assert len(bodies) == 1

    def test_a_mistyped_key_does_not_reach_the_database(self, shop: Caller) -> None:
        def asked(text: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                Client().get(BASE + LIST, headers={"X-API-Key": text})
            return sum("integrations_apikey" in one["sql"] for one in queries)

        parsed = keys.parse(shop.key)
        assert parsed is not None
        wrong = keys.Key(parsed.prefix, keys.new_key().secret)
        assert asked(shop.key[:-1] + ("a" if shop.key[-1] != "a" else "b")) == 0
        assert asked(str(wrong)) == asked(str(keys.new_key())) == 1

    def test_the_end_of_a_key(self, shop: Caller) -> None:
        until = clock.now() + timedelta(hours=1)
        made = issue_key(client_id=shop.client.pk, expires_at=until, actor=SYSTEM)
        short = Caller(shop.client, made.shown_once["key"])
        assert short.get(LIST).status_code == 200
        with time_machine.travel(until, tick=False):
            assert short.get(LIST).status_code == 401
            assert shop.get(LIST).status_code == 200

    def test_a_revoked_key_is_cut_off_at_once(self, shop: Caller, cast: Cast) -> None:
        key = ApiKey.objects.get()
        revoke_key(key_id=key.pk, reason="lost", actor=cast.actor("anna"))
        assert shop.get(LIST).status_code == 401
        told = revoke_key(key_id=key.pk, actor=cast.actor("anna"))
        assert told.already is not None
        assert told.already.who == cast.anna.short_name

    def test_a_client_that_is_switched_off(self, shop: Caller) -> None:
        change_client(client_id=shop.client.pk, values={"active": False}, actor=SYSTEM)
        assert shop.get(LIST).status_code == 401

    def test_the_employee_behind_it_has_left(self, shop: Caller, cast: Cast) -> None:
        set_active(employee_id=cast.igor.pk, active=False, actor=SYSTEM)
        assert shop.get(LIST).status_code == 401

    def test_only_from_its_networks(self, caller: Any) -> None:
        inside = caller("inside", networks=["127.0.0.0/8"])
        outside = caller("outside", networks=["10.0.0.0/8"])
        assert inside.get(LIST).status_code == 200
        assert outside.get(LIST).status_code == 401

    def test_an_invented_forwarded_address_is_not_believed(
        self, caller: Any, settings: Any
    ) -> None:
        outside = caller("outside", networks=["10.0.0.0/8"])
        forged = {"X-Forwarded-For": "10.0.0.1"}
        assert outside.get(LIST, headers=forged).status_code == 401
        settings.TRUSTED_PROXY_COUNT = 1
        assert outside.get(LIST, headers=forged).status_code == 200
        twice = {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}
        assert outside.get(LIST, headers=twice).status_code == 401

    def test_when_it_was_last_used(self, shop: Caller) -> None:
        assert ApiKey.objects.get().last_used_at is None
        shop.get(LIST)
        assert ApiKey.objects.get().last_used_at is not None


class TestRotation:
    def test_both_keys_count_for_a_while(self, shop: Caller, cast: Cast) -> None:
        old = ApiKey.objects.get()
        made = rotate_key(key_id=old.pk, overlap_hours=2, actor=cast.actor("anna"))
        new = Caller(shop.client, made.shown_once["key"])
        assert {shop.get(LIST).status_code, new.get(LIST).status_code} == {200}
        with time_machine.travel(clock.now() + timedelta(hours=2, seconds=1), tick=False):
            assert shop.get(LIST).status_code == 401
            assert new.get(LIST).status_code == 200

    def test_an_ended_key_is_not_replaced(self, shop: Caller) -> None:
        key = ApiKey.objects.get()
        revoke_key(key_id=key.pk, actor=SYSTEM)
        with pytest.raises(RuleViolation) as refused:
            rotate_key(key_id=key.pk, actor=SYSTEM)
        assert refused.value.code == "integrations.key_ended"


class TestRights:
    def test_a_scope_that_is_missing(self, caller: Any, cast: Cast) -> None:
        reader = caller("reader", held=(scopes.STAFF_READ,))
        answer = reader.get(LIST)
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope_missing")
        assert scopes.RECEIPTS_READ in answer.json()["detail"]

    def test_who_may_open_doors(self, cast: Cast) -> None:
        for who in ("igor", "maxim", "boris"):
            with pytest.raises(NotAllowed):
                add_client(name="x", scopes=[], actor=cast.actor(who))
        assert add_client(name="x", scopes=[], actor=cast.actor("anna")).object.pk

    def test_a_program_cannot_open_doors(self, shop: Caller) -> None:
        from integrations.actors import client_actor

        with pytest.raises(NotAllowed):
            add_client(name="y", scopes=[], actor=client_actor(shop.client, Channel(API)))

    def test_names_are_taken_once(self, shop: Caller) -> None:
        with pytest.raises(Duplicate) as refused:
            add_client(name="shop", scopes=[], actor=SYSTEM)
        assert refused.value.existing_id == shop.client.pk

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"scopes": ["receipts:everything"]}, "integrations.unknown_scope"),
            ({"networks": ["10.0.0.0/99"]}, "integrations.not_a_network"),
            ({"rate": 0}, "integrations.rate_out_of_range"),
            ({"name": " "}, "text.required"),
        ],
    )
    def test_bad_values_change_nothing(self, more: dict[str, Any], code: str) -> None:
        values = {"name": "x", "scopes": [], **more}
        with pytest.raises(RuleViolation) as refused:
            add_client(actor=SYSTEM, **values)
        assert refused.value.code == code
        assert not Event.objects.filter(kind="client.added").exists()

    def test_changes_stand_in_the_history(self, cast: Cast, shop: Caller) -> None:
        change_client(
            client_id=shop.client.pk,
            values={"scopes": [scopes.RECEIPTS_READ], "rate": 5},
            actor=cast.actor("anna"),
        )
        event = Event.objects.get(kind="client.changed")
        assert event.payload["changes"]["rate"] == ["", "5"]
        assert event.payload["changes"]["scopes"][1] == "receipts:read"
        assert shop.get("/employees/").status_code in {403, 404}

    def test_the_history_says_it_in_words(self, cast: Cast, shop: Caller) -> None:
        change_client(
            client_id=shop.client.pk,
            values={"scopes": [scopes.HISTORY_READ], "employee_id": cast.maxim.pk, "active": False},
            actor=cast.actor("anna"),
        )
        told = Event.objects.get(kind="client.changed")
        assert told.payload["changes"]["employee"][1] == cast.maxim.short_name
        with translation.override("ru"):
            words = line(told).words
        assert "читать историю" in words
        assert f"→ {cast.maxim.short_name}" in words
        assert not re.search("[a-z]", words.replace("API", "").replace(shop.client.name, ""))


def test_the_command_line_issues_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "till", "--scope", "receipts:read", "--days", "30")
    key = capsys.readouterr().out.strip().splitlines()[-1]
    assert Client().get(BASE + LIST, headers={"X-API-Key": key}).status_code == 200
    row = ApiKey.objects.get()
    assert row.client.scopes == ["receipts:read"]
    assert row.expires_at is not None
    # A second key for the same client, not a second client.
    call_command("create_api_key", "till")
    assert ApiKey.objects.filter(client=row.client).count() == 2
    assert make_caller("other").get(LIST).status_code == 200
