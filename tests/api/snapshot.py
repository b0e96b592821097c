"""What a request has changed in the database."""

from __future__ import annotations

from tests.domain.snapshot import Rows, changed, everything


def touched(before: Rows) -> set[str]:
    """Tables that changed, but for the counting of requests and the last use of the key."""
    return set(changed(before, everything())) - {"integrations_apikey", "integrations_ratewindow"}
