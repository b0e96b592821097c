"""Signatures of the Standard Webhooks specification: HMAC-SHA256 over id.timestamp.exact bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """What a receiver verifies: a signature for each secret that counts at ``at``.

    The id stays the same however often the message is sent, the timestamp is that of the attempt.
    """
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signed(message_id, timestamp, body, key) for key in keys),
    }


def _signed(message_id: str, timestamp: str, body: bytes, key: str) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    text = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode()
