"""People, history, polishing, signing up: the rest of the addresses."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from PIL import Image

from history.models import Event
from integrations import scopes
from integrations.services.registrations import GROUP, open_registration
from polishing.models import PolishingBatch, PolishingOrder
from receipts.models import Photo
from receipts.services.photos import add_photo, complete_photo
from tests.api.callers import BASE, SYSTEM, Caller
from tests.cast import Cast, make_in_work, make_order, make_polished, make_receipt

pytestmark = pytest.mark.django_db


class TestPhotos:
    def test_one_whose_file_is_gone_is_not_found(
        self, shop: Caller, cast: Cast, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        receipt = make_receipt(cast)
        row = add_photo(receipt_id=receipt.pk, source="id", actor=cast.actor("igor")).object
        complete_photo(photo_id=row.pk, content=picture())
        path = f"/photos/{row.pk}/file/"
        assert shop.get(path).status_code == 200
        for file in tmp_path.rglob("*.jpg"):
            file.unlink()
        answer = shop.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")

    def test_sent_as_a_form_and_encoded_anew(
        self, shop: Caller, cast: Cast, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        receipt = make_receipt(cast)
        path = f"/receipts/{receipt.pk}/photos/"
        sent = {"photo": upload(picture(exif=b"Exif\0\0secret")), "stage": "work"}
        headers = {"Idempotency-Key": "p1", "If-Match": '"v1"'}
        made = shop.http.post(BASE + path, sent, headers=headers)
        assert (made.status_code, made["ETag"]) == (201, '"v2"'), made.content
        row = made.json()["result"]
        assert (row["stage"], row["state"], row["receipt_id"]) == ("work", "ready", receipt.pk)
        sent["photo"].seek(0)
        again = shop.http.post(BASE + path, sent, headers=headers)
        assert (again["Idempotent-Replayed"], again.json()["result"]) == ("true", row)
        assert shop.get("/photos/", receipt=receipt.pk).json()["results"] == [row]
        file = b"".join(shop.get(f"/photos/{row['id']}/file/").streaming_content)  # type: ignore[attr-defined]
        assert file[:2] == b"\xff\xd8"
        assert b"secret" not in file
        other = shop.http.post(BASE + path, {"photo": upload(picture(50))}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "command.key_reused")
        void = shop.post(f"/photos/{row['id']}/void/", {"reason": "wrong watch"})
        assert void.json()["result"]["voided_at"]
        assert len(list(tmp_path.rglob("*.jpg"))) == 1  # the test keeps its transaction open
        assert Photo.objects.count() == 1

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"", 422, "photos.not_a_picture"),
            (b"%PDF-1.4", 422, "photos.not_a_picture"),
            (b"\xff\xd8\xff" + b"\0" * 500, 422, "photos.not_a_picture"),
            (b"\0" * (10 * 2**20 + 1), 422, "photos.too_large"),
            (b"\0" * (11 * 2**20), 400, "request.unreadable"),
        ],
    )
    def test_what_is_no_picture(
        self, shop: Caller, cast: Cast, content: bytes, status: int, code: str
    ) -> None:
        path = f"/receipts/{make_receipt(cast).pk}/photos/"
        answer = shop.http.post(BASE + path, {"photo": upload(content)})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert shop.post(path, {"photo": "x"}).status_code == 415
        nothing = shop.http.post(BASE + path, {"stage": "a\0b"})
        assert nothing.status_code == 400
        assert not Photo.objects.exists()


def picture(width: int = 40, **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, 30)).save(made, "JPEG", **more)
    return made.getvalue()


def upload(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "watch.jpg"
    return file


class TestPeople:
    def test_by_role(self, shop: Caller, cast: Cast) -> None:
        rows = shop.get("/employees/", role="master").json()["results"]
        assert [row["id"] for row in rows] == [cast.maxim.pk, cast.mark.pk]
        assert shop.get(f"/employees/{cast.igor.pk}/").json()["is_inspector"] is True

    def test_no_telegram_accounts(self, shop: Caller, cast: Cast) -> None:
        assert "telegram" not in shop.get("/employees/").content.decode()


class TestHistory:
    def test_of_a_receipt_in_words(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast)
        rows = shop.get(f"/receipts/{receipt.pk}/events/", expand="words").json()["results"]
        assert [row["kind"] for row in rows] == ["receipt.assigned", "receipt.registered"]
        assert cast.maxim.short_name in rows[0]["words"]
        assert rows[0]["actor"] == cast.igor.short_name

    def test_the_language_is_the_readers(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast)
        path = f"/receipts/{receipt.pk}/events/"
        assert shop.get("/receipts/999999/events/").status_code == 404
        told = {
            language: shop.get(path, headers={"Accept-Language": language}, expand="words").json()
            for language in ("ru", "en")
        }
        words = {language: body["results"][0]["words"] for language, body in told.items()}
        assert words["ru"].startswith("Передано мастеру")
        assert words["en"].startswith("Handed to")

    def test_all_of_it_from_the_beginning(self, shop: Caller, cast: Cast) -> None:
        make_in_work(cast)
        rows = shop.get("/events/", ordering="id", limit=100).json()["results"]
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        stream = shop.get("/events/", kind="receipt.assigned", channel="bot").json()["results"]
        assert len(stream) == 1

    def test_nobody_writes_it(self, shop: Caller) -> None:
        count = Event.objects.count()
        assert shop.post("/events/", {"kind": "receipt.passed"}).status_code == 405
        assert Event.objects.count() == count

    def test_needs_its_scope(self, caller: Any) -> None:
        assert caller("r", held=(scopes.RECEIPTS_READ,)).get("/events/").status_code == 403


class TestPolishing:
    def test_out_and_back(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast)
        batch = shop.post("/polishing-batches/", {"polisher_id": cast.pavel.pk})
        assert batch.status_code == 201
        body = {"polisher_id": cast.pavel.pk, "batch_id": batch.json()["result"]["id"]}
        sent = shop.once("k", f"/receipts/{receipt.pk}/polishing/", body)
        assert sent.status_code == 201
        order = sent.json()["result"]
        assert (order["polisher"]["id"], order["case"], order["returned_at"]) == (
            cast.pavel.pk,
            True,
            None,
        )
        assert shop.once("k", f"/receipts/{receipt.pk}/polishing/", body).json() == sent.json()
        back = shop.post(f"/polishing-orders/{order['id']}/take-back/", {})
        assert back.json()["result"]["result"] == "done"
        assert back.json()["result"]["operation_id"]
        again = shop.post(f"/polishing-orders/{order['id']}/take-back/", {})
        assert again.json()["already"]["who"] == "shop"
        assert PolishingBatch.objects.get().closed_at is not None

    def test_a_part_that_is_away(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast)
        make_order(cast, receipt)
        answer = shop.post(f"/receipts/{receipt.pk}/polishing/", {"polisher_id": cast.pavel.pk})
        assert (answer.status_code, answer.json()["code"]) == (409, "receipts.part_away")

    def test_an_order_of_another_version(self, shop: Caller, cast: Cast) -> None:
        order = make_order(cast, make_in_work(cast))
        path = f"/polishing-orders/{order.pk}/void/"
        stale = shop.post(path, {"reason": "x"}, headers={"If-Match": '"v1"'})
        assert stale.status_code == 409
        assert not PolishingOrder.objects.get().is_void
        assert shop.post(path, {"reason": "x"}).status_code == 200

    def test_lists(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_polished(cast, receipt)
        assert shop.get("/polishing-orders/", open="false").json()["results"][0]["id"] == order.pk
        assert shop.get("/polishing-orders/", open="true").json()["results"] == []
        row = shop.get(f"/receipts/{receipt.pk}/", expand="polishing").json()
        assert row["polishing"][0]["polished_by"]["id"] == cast.pavel.pk


class TestOffice:
    """An office user asks with his session."""

    def test_reading_with_a_session_writing_with_the_token(self, cast: Cast) -> None:
        user = User.objects.create_user("anna", password="secret-enough-1", is_staff=True)
        cast.anna.user = user
        cast.anna.save(update_fields=["user"])
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        assert client.get(f"{BASE}/receipts/").status_code == 200
        url = f"{BASE}/receipts/"
        body = {"number": "S-1"}
        assert client.post(url, body, content_type="application/json").status_code == 403
        easy = Client()
        easy.force_login(user)
        made = easy.post(url, body, content_type="application/json")
        assert made.status_code == 201
        event = Event.objects.get(kind="receipt.registered")
        assert (event.channel, event.actor_kind, event.actor_label) == (
            "api",
            "user",
            cast.anna.short_name,
        )

    def test_somebody_without_roles_may_nothing(self, db: None) -> None:
        user = User.objects.create_user("nobody", password="secret-enough-1")
        client = Client()
        client.force_login(user)
        assert client.get(f"{BASE}/receipts/").status_code == 403


class TestSigningUp:
    URL = f"{BASE}/auth/register/"

    def post(self, **body: Any) -> Any:
        return Client().post(self.URL, body, content_type="application/json")

    def test_once_per_token(self, db: None) -> None:
        token = open_registration(actor=SYSTEM).shown_once["token"]
        values = {"token": token, "username": "reader", "password": "Long-enough-77"}
        made = self.post(**values)
        assert (made.status_code, made.json()["result"]) == (201, {"username": "reader"})
        user = User.objects.get(username="reader")
        assert not user.is_staff
        assert user.groups.get().name == GROUP
        again = self.post(**{**values, "username": "second"})
        assert (again.status_code, again.json()["code"]) == (
            403,
            "integrations.registration_closed",
        )

    @pytest.mark.parametrize("taken", ["reader", "ReaDer"])
    def test_a_taken_name_leaves_the_token_open(self, db: None, taken: str) -> None:
        User.objects.create_user(taken)
        token = open_registration(actor=SYSTEM).shown_once["token"]
        values = {"token": token, "username": "reader", "password": "Long-enough-77"}
        assert self.post(**values).status_code == 409
        assert self.post(**{**values, "username": "other"}).status_code == 201

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"token": "wrong"}, 403),
            ({"username": "ab"}, 422),
            ({"username": "a" * 51}, 422),
            ({"password": "short"}, 422),
            ({"password": "x" * 73}, 422),
            ({"password": "password1234"}, 422),
            ({"username": "a b c"}, 422),
            ({"is_staff": True}, 400),
            ({"password": None}, 400),
        ],
    )
    def test_refusals_make_nobody(self, db: None, values: dict[str, Any], status: int) -> None:
        token = open_registration(actor=SYSTEM).shown_once["token"]
        sent = {"token": token, "username": "reader", "password": "Long-enough-77", **values}
        assert self.post(**sent).status_code == status
        assert not User.objects.exists()

    def test_who_signed_up_asks_with_his_password(self, db: None) -> None:
        token = open_registration(actor=SYSTEM).shown_once["token"]
        self.post(token=token, username="reader", password="Long-enough-77")
        User.objects.create_user("anna", password="Long-enough-77")

        def ask(name: str, password: str, path: str = "/me/") -> Any:
            text = base64.b64encode(f"{name}:{password}".encode()).decode()
            return Client().get(BASE + path, headers={"Authorization": f"Basic {text}"})

        found = ask("reader", "Long-enough-77")
        assert (found.status_code, found.json()["scopes"]) == (200, ["analytics:read"])
        # Always the same words: another answer would prove a password of the office.
        wrong = ask("reader", "wrong").json()["detail"]
        for name, password in (
            ("nobody", "Long-enough-77"),
            ("anna", "Long-enough-77"),  # an account of the office is no account of the API
            ("anna", "wrong"),
            ("reader\0", "x"),
        ):
            refused = ask(name, password)
            assert (refused.status_code, refused.json()["detail"]) == (401, wrong), name
        assert ask("reader", "Long-enough-77", "/receipts/").status_code == 401

    def test_the_password_stands_nowhere(self, db: None) -> None:
        token = open_registration(actor=SYSTEM).shown_once["token"]
        self.post(token=token, username="reader", password="Long-enough-77")
        kept = [str(event.payload) for event in Event.objects.all()]
        assert not any(token in text or "Long-enough" in text for text in kept)


def test_who_am_i(shop: Caller, cast: Cast) -> None:
    body = shop.get("/me/").json()
    assert (body["name"], body["kind"], body["employee_id"]) == ("shop", "client", cast.igor.pk)
    assert body["scopes"] == sorted(scopes.ALL)
    assert make_receipt(cast).pk


@pytest.mark.parametrize("verb", ["get", "post"])
def test_without_its_database_the_api_asks_to_come_again(shop: Caller, verb: str) -> None:
    """503 and not 500: a program repeats it under the same key."""

    def away(*_args: Any) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        answer = getattr(shop, verb)("/receipts/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "server.unavailable"
    assert shop.get("/receipts/").status_code == 200
