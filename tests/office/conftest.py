"""Office users of the tests: Anna's account, the owner's, and clients signed in as them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from staff import roles
from tests.cast import Cast, make_cast


def make_user(name: str, *groups: str) -> User:
    user = User.objects.create_user(name, password="secret-enough-1", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def manager(db: None) -> Client:
    """An office manager without a linked employee."""
    return signed_in(make_user("anna", roles.GROUPS[roles.MANAGER]))


@pytest.fixture
def owner(db: None) -> Client:
    return signed_in(make_user("boris", roles.GROUPS[roles.OWNER]))


@pytest.fixture
def administrator(db: None) -> Client:
    return signed_in(make_user("root", roles.ADMINISTRATORS))
