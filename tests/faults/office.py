"""A person at the office site: opens the form of a verb as a browser would and sends what it holds.

Hidden fields (the key of the press, what was shown) come from the page itself, never from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from staff import roles
from staff.models import Employee
from staff.services.accounts import link_user
from workshop.lib.actor import system_actor

HOST = "localhost"
FORM_CLASS = "office-form"


@dataclass
class Form:
    """A form as it came from the server; ``values`` may be changed before it is sent."""

    address: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """The successful controls of the office's form, as HTML defines them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._inside = False
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._inside = FORM_CLASS in (found.get("class") or "")
        if not self._inside:
            return
        name = found.get("name") or ""
        if tag == "input" and name:
            self._input(name, found)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in found:
            self.values[self._select] = found.get("value") or ""
        elif tag == "textarea":
            self._area = name
            self.values[name] = ""

    def _input(self, name: str, found: Mapping[str, str | None]) -> None:
        kind = found.get("type") or "text"
        if kind in {"checkbox", "radio"} and "checked" not in found:
            return
        if kind not in {"submit", "button", "file"}:
            self.values[name] = found.get("value") or ("on" if kind == "checkbox" else "")

    def handle_data(self, data: str) -> None:
        if self._inside and self._area:
            self.values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


class OfficePerson:
    """Signed in at the office; ``text`` is what the last page said."""

    def __init__(self, user: User) -> None:
        self.client = Client(HTTP_HOST=HOST)
        self.client.force_login(user)
        self.user = user
        self.text = ""
        self.refused = False  # the form came back instead of the page after it

    def open(self, verb: str, receipt_id: int, *, row: int | None = None) -> Form:
        """The form of a verb of a receipt; ``row`` is what the button stands beside."""
        address = reverse("admin:receipts_receipt_verb", args=[receipt_id, verb])
        return self._form(f"{address}?row={row}" if row else address)

    def new_receipt(self) -> Form:
        return self._form(reverse("admin:receipts_receipt_add"))

    def _form(self, address: str) -> Form:
        response = self.client.get(address, follow=True)
        if response.status_code != 200:
            raise AssertionError(f"{address}: {response.status_code}")
        html = response.content.decode()
        reader = _Reader()
        reader.feed(html)
        if "csrfmiddlewaretoken" not in reader.values:
            raise AssertionError(f"no form at {address}: {plain(html)[-500:]}")
        return Form(address, reader.values)

    def send(self, form: Form, **values: str) -> str:
        """Send it; the text of the page that comes."""
        response = self.client.post(form.address, {**form.values, **values}, follow=True)
        if response.status_code != 200:
            raise AssertionError(f"{form.address}: {response.status_code}")
        self.refused = not response.redirect_chain
        self.text = plain(response.content.decode())
        return self.text

    def do(self, verb: str, receipt_id: int, *, row: int | None = None, **values: str) -> str:
        """Open the form and send it; AssertionError when it comes back."""
        text = self.send(self.open(verb, receipt_id, row=row), **values)
        if self.refused:
            raise AssertionError(f"{verb}: {text}")
        return text


class _Words(HTMLParser):
    """What can be read on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "head", "nav"} and not self._silent:
            self._silent = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(" ".join(data.split()))


def plain(html: str) -> str:
    """The words of a page."""
    reader = _Words()
    reader.feed(html)
    return " ".join(reader.words)


def office_person(employee: Employee, name: str) -> OfficePerson:
    """The employee at the office, with an account of the manager's group."""
    user = User.objects.filter(username=name).first()
    if user is None:
        user = User.objects.create_user(name, is_staff=True)
        user.groups.set(Group.objects.filter(name__in=[roles.GROUPS[roles.MANAGER]]))
        link_user(employee_id=employee.pk, user_id=user.pk, actor=system_actor("tests"))
    return OfficePerson(User.objects.get(pk=user.pk))
