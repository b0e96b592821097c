"""What a question about numbers may be narrowed to (spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Filters:
    """Nothing chosen means all. ``brand`` is compared as it is written on the watch's card."""

    employees: tuple[int, ...] = ()
    types: tuple[int, ...] = ()
    brand: str = ""
    metal: int | None = None

    @property
    def needs_watches(self) -> bool:
        """Roll-ups know no watches: brand and metal are counted from the facts."""
        return bool(self.brand) or self.metal is not None


EVERYTHING = Filters()
