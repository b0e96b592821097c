"""Ordinary and odd traffic through every door, with a canary in each place that takes a value."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from botapp.testing import BotDriver, MemoryPerson
from integrations import data_jobs
from integrations.services.clients import add_client
from receipts.models import Receipt
from tests.api.callers import BASE, Caller
from tests.canaries.planted import Cage
from tests.cast import Cast, make_receipt
from workshop.lib.actor import system_actor

Round = Callable[["Doors"], None]
OFFICE: Final = system_actor("tests")


class Doors:
    """All ways in, and the people behind them."""

    def __init__(self, cage: Cage, cast: Cast, caller: Caller, office: Client) -> None:
        self.cage, self.cast, self.caller, self.office = cage, cast, caller, office
        self.stranger = Client(raise_request_exception=False)
        self.bot = BotDriver(raising=False)
        self.igor: MemoryPerson = self.bot.person(cast.igor)
        self.receipt: Receipt = make_receipt(cast, "C-1")

    def rounds(self) -> Iterator[Round]:
        yield from (
            addresses, headers, api_writes, api_nonsense, sign_ins, office_search, office_forms,
            bot_texts, bot_presses, files, webhooks,
        )  # fmt: skip


def addresses(doors: Doors) -> None:
    """Queries and paths, known and unknown."""
    take, ask = doors.cage.take, doors.caller.http.get
    for path in ("receipts/", "customers/", "events/", "employees/"):
        ask(f"{BASE}/{path}", {"search": take("search"), "q": take("phone"), "x": take("e-mail")})
    ask(f"{BASE}/receipts/by-number/{quote(take('name'))}/")
    ask(f"{BASE}/nothing/{quote(take('latin'))}")
    ask(f"{BASE}/receipts/{take('phone')}/".replace("+", "").replace(" ", "").replace("-", ""))
    for path in (f"/{take('latin')}", f"/t/{take('tracking token')}/", f"/admin/{take('name')}/"):
        doors.stranger.get(path, {take("latin"): take("e-mail")})


def headers(doors: Doors) -> None:
    take = doors.cage.take
    basic = base64.b64encode(f"{take('latin')}:{take('password')}".encode()).decode()
    sent = [
        {"X-API-Key": take("API key")},
        {"Authorization": f"Bearer {take('API key')}"},
        {"Authorization": f"Basic {basic}"},
        {"X-Request-ID": take("latin"), "User-Agent": take("name").encode().decode("latin-1")},
        {"Referer": f"https://x/?q={take('e-mail')}", "Cookie": f"sessionid={take('password')}"},
        {"Idempotency-Key": take("latin"), "X-Forwarded-For": take("latin")},
        {"Host": take("latin")},
        {"Accept-Language": take("latin"), "Accept": take("latin"), "If-None-Match": take("latin")},
    ]
    for one in sent:
        doors.stranger.get(f"{BASE}/receipts/", headers=one)
        doors.stranger.get("/admin/login/", headers=one)
    doors.stranger.generic(take("latin").upper(), "/health/live")


def api_writes(doors: Doors) -> None:
    take, post = doors.cage.take, doors.caller.post
    customer = {"name": take("name"), "phone": take("phone"), "note": take("comment")}
    made: Any = post("/customers/", customer)
    post("/customers/", {"name": take("latin"), "phone": take("phone") + "x"})
    if made.status_code == 201:
        pk = made.json()["result"]["id"]
        post(f"/customers/{pk}/change/", {"name": take("name"), "phone": take("phone")})
    place = f"/receipts/{doors.receipt.pk}"
    post(f"{place}/comments/", {"text": take("comment")})
    post(f"{place}/facts/", {"place": take("latin"), "claim": take("comment"), "x": take("name")})
    post(f"{place}/renumber/", {"number": take("latin")[:30], "reason": take("comment")})
    post(f"{place}/void/", {"reason": take("comment"), "unknown": take("password")})
    number = {"number": take("latin")[:20], "claim": take("comment"), "customer": take("name")}
    post("/receipts/", number)
    post("/auth/register/", {"username": take("latin"), "password": take("password")})
    post("/clients/", {"name": take("latin")})


def api_nonsense(doors: Doors) -> None:
    take, http = doors.cage.take, doors.caller.http
    place = f"{BASE}/receipts/{doors.receipt.pk}/comments/"
    for body in (
        f'{{"text": "{take("comment")}"', f'["{take("name")}"]', f'"{take("phone")}"',
        json.dumps({"text": {"x": take("name")}}), json.dumps({take("latin"): take("e-mail")}),
        json.dumps({"text": take("name") + "\x00"}), take("latin") * 3,
    ):  # fmt: skip
        http.post(place, body, content_type="application/json")
    http.post(place, {"text": take("name")})
    http.post(place, take("comment").encode("cp1251"), content_type="application/json")
    http.post(place, take("comment"), content_type=f"text/{take('latin')}")


def sign_ins(doors: Doors) -> None:
    take = doors.cage.take
    for _try in range(3):
        form = {"username": take("latin"), "password": take("password")}
        doors.stranger.post("/admin/login/", form)
    doors.stranger.post("/admin/login/", {"username": "anna", "password": take("password")})


def office_search(doors: Doors) -> None:
    take = doors.cage.take
    for model in ("receipts/receipt", "receipts/customer", "staff/employee", "auth/user"):
        doors.office.get(f"/admin/{model}/", {"q": take("search"), "o": take("latin")})
        doors.office.get(f"/admin/{model}/", {f"{take('latin')}__x": take("e-mail")})
        doors.office.get(f"/admin/{model}/{quote(take('latin'))}/change/")
    doors.office.get("/admin/jsi18n/", {"x": take("phone")})


def office_forms(doors: Doors) -> None:
    take = doors.cage.take
    customer = {"name": take("name"), "phone": take("phone"), "note": take("comment")}
    doors.office.post("/admin/receipts/customer/add/", customer)
    person = {"full_name": take("name"), "telegram_id": take("phone"), "note": take("comment")}
    doors.office.post("/admin/staff/employee/add/", person)
    account = {"username": take("latin"), "password1": take("password"), "email": take("e-mail")}
    doors.office.post("/admin/auth/user/add/", account)
    pk = doors.receipt.pk
    for verb in ("comment", "facts", "void", "deadline"):
        sent = {"text": take("comment"), "reason": take("comment"), "deadline": take("latin")}
        doors.office.post(f"/admin/receipts/receipt/{pk}/{verb}/", sent)


def bot_texts(doors: Doors) -> None:
    """Numbers that are none, texts nobody asked for, and a comment that is kept."""
    take = doors.cage.take
    stranger = doors.bot.person(9_123_456_789)
    stranger.username = take("latin")
    stranger.text(f"/start {take('tracking token')}")
    stranger.text(take("phone"))
    for kind in ("name", "phone", "latin", "e-mail", "bot token", "password", "API key"):
        doors.igor.text(take(kind))
        doors.igor.forward(take(kind))
    doors.igor.text("/menu")
    doors.igor.photo(caption=take("comment"))
    doors.igor.text("C-1")
    doors.igor.press("💬")
    doors.igor.text(take("comment"))
    doors.bot.notify()


def bot_presses(doors: Doors) -> None:
    take = doors.cage.take
    screen = doors.igor.text("/menu")
    for _press in range(6):
        doors.igor.press_payload(take("latin"), screen.message_id)
        doors.igor.press_payload(f"m:{take('phone')}", screen.message_id)


def files(doors: Doors) -> None:
    """Tables and pictures that are none, and rows with mistakes."""
    take = doors.cage.take
    table = f"Номер;Срок;Телефон\n{take('latin')};{take('name')};{take('phone')}\n"
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("xl/workbook.xml", take("name"))
    for content in (table.encode(), book.getvalue(), take("comment").encode("cp1251")):
        name = f"{take('latin')}.csv"
        file = SimpleUploadedFile(name, content, content_type=f"text/{take('latin')}")
        doors.caller.http.post(f"{BASE}/imports/", {"subject": "receipts", "file": file})
        picture = SimpleUploadedFile(f"{take('name')}.jpg", content)
        place = f"{BASE}/receipts/{doors.receipt.pk}/photos/"
        doors.caller.http.post(place, {"file": picture, "caption": take("comment")})
    data_jobs.run_waiting()


def webhooks(doors: Doors) -> None:
    take = doors.cage.take
    url = f"https://{take('latin')}.example.com/{take('tracking token')}?key={take('password')}"
    sent = {"url": url, "kinds": ["receipt.*"], "description": take("comment")}
    doors.caller.post("/webhooks/", sent)
    doors.caller.post("/webhooks/", {"url": take("latin"), "kinds": [take("latin")]})
    doors.caller.post("/webhooks/", {"url": f"https://u:{take('password')}@127.0.0.1/"})
    add_client(name=take("name"), scopes=["receipts:read"], actor=OFFICE)
