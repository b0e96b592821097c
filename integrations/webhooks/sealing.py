"""Secrets at rest: encrypted with a key of the settings, so that a stolen table holds none."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretLost(Exception):
    """No key of the settings opens it: the receiver needs a new secret."""


def seal(secret: str) -> str:
    """What is stored of a secret, encrypted with the present key."""
    return _keys()[0].encrypt(secret.encode()).decode()


def unseal(stored: str) -> str:
    """The secret, under the present key or a former one; raises SecretLost."""
    try:
        return MultiFernet(_keys()).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise SecretLost from None


def is_current(stored: str) -> bool:
    """Was it encrypted with the present key?"""
    try:
        _keys()[0].decrypt(stored.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> list[Fernet]:
    """The present key, then the former ones that still count."""
    texts = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if settings.WEBHOOK_SECRET_KEY:
        texts = [settings.WEBHOOK_SECRET_KEY, *settings.WEBHOOK_SECRET_KEY_FALLBACKS]
    return [Fernet(_derived(text)) for text in texts]


def _derived(text: str) -> bytes:
    """32 bytes of any text, used for nothing else even where the text is ``SECRET_KEY``."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"webhook-secrets:" + text.encode()).digest())
