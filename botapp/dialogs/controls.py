"""Small parts that many screens share: grids, pages, check marks, confirm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from botapp.dialogs.context import Context
from botapp.dialogs.view import Button, Link, Row

T = TypeVar("T")

PAGE = "_page"
PAGE_SIZE = 8


def grid(buttons: Sequence[Button | Link], columns: int = 2) -> list[Row]:
    """Buttons in rows of ``columns``."""
    return [buttons[start : start + columns] for start in range(0, len(buttons), columns)]


def paged(
    ctx: Context,
    buttons: Sequence[Button | Link],
    *,
    size: int = PAGE_SIZE,
    columns: int = 1,
) -> list[Row]:
    """One page of a long list with ◀ 2/5 ▶ below it; the engine keeps the page."""
    shown, turning = page_of(ctx, buttons, size=size)
    return [*grid(shown, columns), *turning]


def page_of(
    ctx: Context, items: Sequence[T], *, size: int = PAGE_SIZE
) -> tuple[Sequence[T], list[Row]]:
    """The items of the page, and the row that turns it: so that only these need be read."""
    pages = max(1, -(-len(items) // size))
    page = min(max(ctx.frame.page, 0), pages - 1)
    turning = [pager(page, pages)] if pages > 1 else []
    return items[page * size : (page + 1) * size], turning


def pager(page: int, pages: int) -> Row:
    """The ◀ 2/5 ▶ row for lists that a query pages itself (``ctx.frame.page`` is the page)."""
    return [
        Button("◀", PAGE, (page - 1) % pages),
        Button(f"{page + 1}/{pages}", PAGE, page),
        Button("▶", PAGE, (page + 1) % pages),
    ]


def tick(label: Any, action: str, item: int | str, *, on: bool) -> Button:
    """A check mark. Its value is the target state ``<item>=0|1``: a double tap changes nothing."""
    return Button(f"{'✅' if on else '▫️'} {label}", action, f"{item}={0 if on else 1}")


def toggle(ctx: Context, name: str, value: str) -> None:
    """Bring the press of a :func:`tick` into the list ``ctx.data[name]`` (of texts)."""
    item, _sign, on = value.rpartition("=")
    kept = [known for known in ticked(ctx, name) if known != item]
    ctx.data[name] = [*kept, item] if on == "1" else kept


def ticked(ctx: Context, name: str) -> list[str]:
    """The items that are ticked, in the order of the presses."""
    return list(ctx.data.get(name, []))


def confirm_button(label: Any = None) -> Button:
    """Calls ``do_confirm``."""
    return Button(label or _("✅ Confirm"), "confirm")


def cancel_button() -> Button:
    """Leaves the dialogue, like /cancel."""
    return Button(_("✖ Cancel"), "_cancel")
